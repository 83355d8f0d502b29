"""Room hotline: `hotline suggest "…"`: what a sentence speaks for, and which words said so."""

from pathlib import Path
from typing import Annotated

import typer

from casework.suggestions.reading import WordsWrong, read_words_file
from casework.suggestions.suggest import Candidate, Suggestion, suggest
from casework.suggestions.words import LEVELS, NORMAL, WordList
from hotline.commands.common import fail, settings
from hotline.work.suggesting import words_of

FIELDS = {
    "category": "类别 / category", "district": "区域 / district", "unit": "承办单位 / unit",
    "topics": "专题 / topics", "urgency": "紧急程度 / urgency",
}  # fmt: skip
HOW = {
    "said": "", "cut": " (不成词 / within other words)", "sound": " (同音 / by its sound)",
    "history": " (此前工单 / earlier tickets)",
}  # fmt: skip


def suggest_command(
    said: Annotated[str, typer.Argument(help="市民说的话 / what a citizen said")],
    operator: Annotated[str, typer.Option(help="话务员说的话 / what the operator said")] = "",
    words: Annotated[Path | None, typer.Option(help="试用另一份词表 / try another list")] = None,
) -> None:
    """由一段话给出建议及理由 / suggestions for a sentence, each with its reasons."""
    try:
        known = read_words_file(words) if words else words_of(settings())
    except WordsWrong as wrong:
        fail(str(wrong))
    typer.echo(f"词表 / words: {known.stamp}")
    for suggestion in suggest(known, [("citizen", said), ("operator", operator)]):
        _show(suggestion, known)


def _show(suggestion: Suggestion, words: WordList) -> None:
    names = words.choices()[suggestion.field]
    told = "、".join(names.get(value, value) for value in suggestion.values) or "—"
    typer.secho(f"{FIELDS[suggestion.field]}: {told}", bold=True)
    for candidate in suggestion.candidates:
        if candidate.value != NORMAL or candidate.name != LEVELS[NORMAL]:
            typer.echo(f"  {candidate.name} {candidate.score:g}: {_reasons(candidate)}")
        if candidate.hand_over:
            typer.secho(
                f"  建议转接 / hand over to {candidate.hand_over}", fg=typer.colors.RED, bold=True
            )


def _reasons(candidate: Candidate) -> str:
    return ", ".join(
        f"{reason.word} {reason.points:+g}{HOW[reason.how]}" for reason in candidate.reasons
    )
