"""Room casework/tickets: a short title from what the citizen said first."""

import re

LONGEST = 40
# Words that open a call and say nothing about it.
_EMPTY = re.compile(r"^(喂(?!养)|[你您]好(?!像)|嗯|那个|就是|请问|哦|啊|呃)[，,。！!？?\s]*")


def title_of(sentences: list[str]) -> str:
    """The citizen's first sentences without their openings, cut to 40 characters; may be empty."""
    said = ""
    for sentence in sentences:
        said += _without_opening(sentence)
        if len(said) >= 12:
            break
    return said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"


def _without_opening(sentence: str) -> str:
    previous = ""
    while sentence != previous:
        previous, sentence = sentence, _EMPTY.sub("", sentence.strip())
    return sentence
