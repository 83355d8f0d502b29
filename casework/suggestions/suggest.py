"""Room casework/suggestions: from what was said to suggestions, each with its reasons.

Only ever suggestions: nothing is dispatched because of them. Plain functions, no I/O.
"""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from casework.suggestions.heard import BY_SOUND, CUT_THROUGH, Heard
from casework.suggestions.words import LEVELS, NORMAL, WordList

FIELDS = ("category", "district", "unit", "topics", "urgency")
# Below this many points nothing is suggested.
LEAST = {"category": 2.0, "district": 2.0, "unit": 2.0, "topics": 3.0, "urgency": 4.0}
CANDIDATES = 3
REASONS = 8
# A district's own name says more than a town's, a town's without its ending the least.
_DISTRICT, _STEM, _TOWN, _BARE = 6, 5, 5, 3


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class Reason(_View):
    """A word that spoke. `by`: whose it was; `how`: said | cut | sound | history."""

    word: str
    points: float
    by: str
    how: str


class Candidate(_View):
    value: str
    name: str
    score: float
    reasons: list[Reason]
    hand_over: str = ""


class Suggestion(_View):
    """One field. `values` is empty where nothing spoke loud enough; only topics have several."""

    field: str
    values: list[str]
    candidates: list[Candidate]


def suggest(
    words: WordList, said: Iterable[tuple[str, str]], *, by_sound: float = BY_SOUND
) -> list[Suggestion]:
    """Every field, in the order of `FIELDS`. `said`: (role, text) in the order of the call."""
    heard = Heard(said, by_sound=by_sound)
    spoke = {value: _reasons(heard, kind.weighted()) for value, _, kind in words.kinds()}
    found = {
        "category": [_candidate(value, name, spoke[value]) for value, name, _ in words.kinds()],
        "district": _districts(words, heard),
        "unit": _units(words, heard, spoke),
        "topics": [
            _candidate(value, topic.name, _reasons(heard, topic.weighted()))
            for value, topic in words.topics.items()
        ],
    }
    return [
        *(_suggestion(field, found[field]) for field in FIELDS[:-1]),
        _urgency(words, heard),
    ]


def repeated(suggestions: list[Suggestion], times: int, name: str) -> list[Suggestion]:
    """The topic of repeated calls added because of earlier tickets of the same number."""
    reason = Reason(word=f"×{times}", points=4.0, by="tickets", how="history")
    one = Candidate(value="repeat_call", name=name, score=4.0, reasons=[reason])
    return [
        s if s.field != "topics" or "repeat_call" in s.values
        else s.model_copy(
            update={"values": [*s.values, one.value], "candidates": [*s.candidates, one]}
        )
        for s in suggestions
    ]  # fmt: skip


def _suggestion(field: str, candidates: list[Candidate]) -> Suggestion:
    loud = sorted((c for c in candidates if c.score >= LEAST[field]), key=_loudness)
    several = field == "topics"
    return Suggestion(
        field=field,
        values=[c.value for c in loud[: None if several else 1]],
        candidates=loud[: len(loud) if several else CANDIDATES],
    )


def _loudness(candidate: Candidate) -> float:
    return -candidate.score


def _candidate(value: str, name: str, reasons: list[Reason], hand_over: str = "") -> Candidate:
    ordered = sorted(reasons, key=lambda reason: -abs(reason.points))
    score = round(sum(reason.points for reason in reasons), 2)
    return Candidate(
        value=value, name=name, score=score, reasons=ordered[:REASONS], hand_over=hand_over
    )


def _reasons(
    heard: Heard, weighted: Iterable[tuple[str, int]], *, cut: float = CUT_THROUGH
) -> list[Reason]:
    return [
        Reason(word=word, points=round(weight * hit.worth, 2), by=hit.role, how=hit.how)
        for word, weight in weighted
        if (hit := heard.hit(word, cut=cut)) is not None
    ]


def _units(words: WordList, heard: Heard, spoke: dict[str, list[Reason]]) -> list[Candidate]:
    """A unit's own words and those of the kinds of matter that are its business."""
    units_of: dict[str, list[Reason]] = {unit_id: [] for unit_id in words.units}
    for value, _, kind in words.kinds():
        if kind.unit is not None and sum(reason.points for reason in spoke[value]) > 0:
            units_of[kind.unit] += spoke[value]
    found = []
    for unit_id, unit in words.units.items():
        reasons = _reasons(heard, unit.weighted()) + units_of[unit_id]
        found.append(_candidate(unit_id, unit.name, _each_once(reasons)))
    return found


def _each_once(reasons: list[Reason]) -> list[Reason]:
    best: dict[str, Reason] = {}
    for reason in reasons:
        known = best.get(reason.word)
        if known is None or abs(known.points) < abs(reason.points):
            best[reason.word] = reason
    return list(best.values())


def _districts(words: WordList, heard: Heard) -> list[Candidate]:
    found = []
    for name, district in words.districts.items():
        weighted = [_best(heard, _forms(name, _DISTRICT, _STEM))]
        weighted += [_best(heard, _forms(town, _TOWN, _BARE)) for town in district.towns]
        weighted += [_best(heard, [(place, _BARE)]) for place in district.also]
        found.append(_candidate(name, name, [reason for reason in weighted if reason]))
    return found


def _forms(name: str, whole: int, bare: int) -> list[tuple[str, int]]:
    """笏石镇 in full, and 笏石 as people say it."""
    for ending in ("街道", "区", "县", "镇", "乡"):
        stem = name.removesuffix(ending)
        if stem != name and len(stem) > 1:
            return [(name, whole), (stem, bare)]
    return [(name, whole)]


def _best(heard: Heard, weighted: list[tuple[str, int]]) -> Reason | None:
    return max(_reasons(heard, weighted), key=lambda reason: reason.points, default=None)


def _urgency(words: WordList, heard: Heard) -> Suggestion:
    """The first rule that fires: the list has the dangerous ones first."""
    for rule in words.urgency:
        # Where a life may depend on it, a word counts in full however jieba cuts the sentence.
        reasons = _reasons(heard, rule.weighted(), cut=1.0)
        fired = _candidate(
            rule.level, f"{LEVELS[rule.level]}：{rule.name}", reasons, rule.hand_over
        )
        if fired.score >= LEAST["urgency"]:
            return Suggestion(field="urgency", values=[rule.level], candidates=[fired])
    calm = Candidate(value=NORMAL, name=LEVELS[NORMAL], score=0.0, reasons=[])
    return Suggestion(field="urgency", values=[NORMAL], candidates=[calm])
