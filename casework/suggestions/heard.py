"""Room casework/suggestions: which words were said in a call, also where they were misheard.

A word counts in full where it stands as a word (jieba's cut agrees), by half where it cuts
through others, and a little less where only its sound was written down: 停店 for 停电.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from types import ModuleType

# Whose words weigh how much; others in the call speak of their own office, not of the matter.
ROLES = {"citizen": 1.0, "operator": 0.5}
CUT_THROUGH = 0.5
BY_SOUND = 0.6
# `A+B` is said together where no more than this many characters lie between.
TOGETHER = 40
# How Putian's speakers, and the speech engine, mix initials and finals up.
_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))


@dataclass(frozen=True)
class Spot:
    """Where a word begins, and how much that place is worth."""

    start: int
    worth: float
    how: str


@dataclass(frozen=True)
class Hit:
    """The best place a word was said. `how`: said | cut | sound."""

    role: str
    worth: float
    how: str


class Heard:
    """What the people of one call said."""

    def __init__(self, said: Iterable[tuple[str, str]], *, by_sound: float = BY_SOUND) -> None:
        texts: dict[str, str] = {}
        for role, text in said:
            if role in ROLES:
                texts[role] = f"{texts.get(role, '')}{''.join(text.split()).upper()}。"
        self._voices = {role: _Voice(text, by_sound) for role, text in texts.items()}

    def hit(self, word: str, *, cut: float = CUT_THROUGH) -> Hit | None:
        """The most this word is worth, or None where nobody said it."""
        hits = (
            Hit(role, found.worth * ROLES[role], found.how)
            for role, voice in self._voices.items()
            if (found := voice.best(word.upper(), cut)) is not None
        )
        return max(hits, key=lambda hit: hit.worth, default=None)


class _Voice:
    """One person's words in a row."""

    def __init__(self, text: str, by_sound: float) -> None:
        self._text = text
        self._by_sound = by_sound
        self._edges = _edges(text)
        self._sounds = _sounds(text) if by_sound else ""

    def best(self, word: str, cut: float) -> Spot | None:
        """One word's best place, or that of two words said together."""
        parts = [list(self._spots(part, cut)) for part in word.split("+")]
        if len(parts) == 1:
            return max(parts[0], key=lambda spot: spot.worth, default=None)
        together = (
            Spot(first.start, min(spot.worth for spot in spots), _worst(spots))
            for spots in product(*(part[:20] for part in parts))
            if max(s.start for s in spots) - (first := min(spots, key=_start)).start <= TOGETHER
        )
        return max(together, key=lambda spot: spot.worth, default=None)

    def _spots(self, word: str, cut: float) -> Iterator[Spot]:
        for start in _places(self._text, word):
            whole = start in self._edges and start + len(word) in self._edges
            yield Spot(start, 1.0 if whole else cut, "said" if whole else "cut")
        if not self._by_sound or len(word) < 2 or not _is_chinese(word):
            return
        for start in _places(self._sounds, _sounds(word)):
            heard = self._text[start : start + len(word)]
            # What is a word in its own right was meant as it stands: 公司 is no 公示.
            if heard != word and not (heard_as_word(heard) or _differs_much(heard, word)):
                yield Spot(start, self._by_sound, "sound")


def _start(spot: Spot) -> int:
    return spot.start


def _worst(spots: tuple[Spot, ...]) -> str:
    return min(spots, key=lambda spot: spot.worth).how


def _differs_much(heard: str, word: str) -> bool:
    """Two short words that share no character have only their sound in common by chance."""
    return len(word) == 2 and not set(heard) & set(word)


def heard_as_word(text: str) -> bool:
    return len(text) > 1 and bool(_jieba().has_word(text))


def _jieba() -> ModuleType:
    """Loaded when a word is looked for: few processes do, and its dictionary takes its time."""
    import rjieba

    return rjieba


def _places(text: str, part: str) -> Iterator[int]:
    start = text.find(part)
    while start >= 0:
        yield start
        start = text.find(part, start + 1)


def _edges(text: str) -> set[int]:
    """Where jieba sees a word begin or end."""
    edges, at = {0}, 0
    for word in _jieba().cut(text):
        at += len(word)
        edges.add(at)
    return edges


def _is_chinese(text: str) -> bool:
    return all("\u4e00" <= character <= "\u9fff" for character in text)


@lru_cache(maxsize=8192)
def _sounds(text: str) -> str:
    """A character a syllable, so that sounds can be looked for as text is."""
    return "".join(_sound(character) for character in text)


_SYLLABLES: dict[str, str] = {}


@lru_cache(maxsize=8192)
def _sound(character: str) -> str:
    """The same private character for all that sound alike; others stay as they are."""
    # Its dictionaries take longest of all to load, and few processes look for words.
    from pypinyin import lazy_pinyin

    if not _is_chinese(character):
        return character
    syllable = lazy_pinyin(character)[0]
    for one, other in _ALIKE:
        syllable = syllable.replace(one, other)
    # Some 400 syllables: they fit into Unicode's private area.
    return _SYLLABLES.setdefault(syllable, chr(0xE000 + len(_SYLLABLES)))
