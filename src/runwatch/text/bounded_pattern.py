"""Regular expressions whose search takes bounded time, whatever they and the text are.

Python's own engine tries every way in which a text can match, and ``(a+)+$`` has exponentially many. Here all
places that a match may have reached are followed at once, as bits of a number (Thompson, Regular expression
search algorithm, CACM 1968): time grows with the pattern times the square of the text at worst. What can't be
followed so, back-references and look-arounds, is refused."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

LONGEST_PATTERN, LONGEST_TEXT, MOST_REPEATS = 200, 300, 100
_Part = tuple[Any, Any]
_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    kinds.CATEGORY_DIGIT: str.isdecimal,
    kinds.CATEGORY_SPACE: str.isspace,
    kinds.CATEGORY_WORD: lambda one: one.isalnum() or one == "_",
}
_OPPOSITES = {
    kinds.CATEGORY_NOT_DIGIT: kinds.CATEGORY_DIGIT,
    kinds.CATEGORY_NOT_SPACE: kinds.CATEGORY_SPACE,
    kinds.CATEGORY_NOT_WORD: kinds.CATEGORY_WORD,
}


class BoundedPattern:
    """A pattern in Python's syntax, upper and lower case alike. Raises ValueError, in words, for one that is
    not valid, too long, or needs back-references or look-arounds."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST_PATTERN:
            raise ValueError(f"a pattern has at most {LONGEST_PATTERN} characters")
        try:
            with warnings.catch_warnings():  # of what later Pythons may read otherwise: nobody's to see here
                warnings.simplefilter("ignore", FutureWarning)
                self._parts: Sequence[_Part] = list(parser.parse(text))
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"/{text}/ is not a valid pattern: {error}") from None
        _check(self._parts)

    def found(self, text: str) -> bool:
        """Whether it matches somewhere in the first ``LONGEST_TEXT`` characters of ``text``."""
        return _Search(text[:LONGEST_TEXT].lower()).matches(self._parts)


def _check(parts: Iterable[_Part]) -> None:
    for kind, value in parts:
        if kind in _REPEATS:
            least, most, inner = value
            if least > MOST_REPEATS or (most is not kinds.MAXREPEAT and most > MOST_REPEATS):
                raise ValueError(f"a pattern repeats a part at most {MOST_REPEATS} times, or without end")
            _check(inner)
        elif kind is kinds.SUBPATTERN:
            _check(value[-1])
        elif kind is kinds.BRANCH:
            for branch in value[1]:
                _check(branch)
        elif kind is kinds.AT:
            if value not in (*_EDGES, kinds.AT_BOUNDARY):
                raise ValueError("a pattern has no other anchors than ^, $ and \\b")
        elif kind not in _CHARACTERS:
            raise ValueError("back-references and look-arounds are not allowed in a pattern")


class _Search:
    """One text. A set of places in it is a number: bit ``i`` is set when place ``i`` is in the set."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._all = (1 << len(text) + 1) - 1
        self._masks: dict[int, int] = {}

    def matches(self, parts: Sequence[_Part]) -> bool:
        return self._after(parts, self._all) != 0

    def _after(self, parts: Sequence[_Part], places: int) -> int:
        """Where a match of ``parts`` may end that began at one of ``places``."""
        for part in parts:
            places = self._after_one(part, places)
            if not places:
                break
        return places

    def _after_one(self, part: _Part, places: int) -> int:
        kind, value = part
        if kind in _CHARACTERS:
            return (places & self._mask(part)) << 1
        if kind is kinds.SUBPATTERN:
            return self._after(list(value[-1]), places)
        if kind is kinds.BRANCH:
            ends = 0
            for branch in value[1]:
                ends |= self._after(list(branch), places)
            return ends
        if kind is kinds.AT:
            return places & self._edge(value)
        least, most, inner = value
        return self._repeated(least, most, inner, places)

    def _repeated(self, least: int, most: int, inner: Iterable[_Part], places: int) -> int:
        parts = list(inner)
        for _ in range(least):
            places = self._after(parts, places)
        reached = new = places
        for _ in range(min(int(most) - least, len(self._text))):
            new = self._after(parts, new) & ~reached
            if not new:
                break
            reached |= new
        return reached

    def _edge(self, kind: Any) -> int:
        if kind in (kinds.AT_BEGINNING, kinds.AT_BEGINNING_STRING):
            return 1
        if kind in (kinds.AT_END, kinds.AT_END_STRING):
            return 1 << len(self._text)
        word = [one.isalnum() or one == "_" for one in self._text]
        sides = zip([False, *word], [*word, False], strict=True)
        return sum(1 << i for i, (before, after) in enumerate(sides) if before != after)

    def _mask(self, part: _Part) -> int:
        """The places whose next character the part takes."""
        mask = self._masks.get(id(part))
        if mask is None:
            mask = sum(1 << i for i, one in enumerate(self._text) if _takes(part, one))
            self._masks[id(part)] = mask
        return mask


_REPEATS = (kinds.MAX_REPEAT, kinds.MIN_REPEAT)
_CHARACTERS = (kinds.LITERAL, kinds.NOT_LITERAL, kinds.ANY, kinds.IN)
_EDGES = (kinds.AT_BEGINNING, kinds.AT_BEGINNING_STRING, kinds.AT_END, kinds.AT_END_STRING)


def _takes(part: _Part, one: str) -> bool:
    kind, value = part
    if kind is kinds.ANY:
        return True
    if kind is kinds.LITERAL:
        return chr(value).lower() == one
    if kind is kinds.NOT_LITERAL:
        return chr(value).lower() != one
    negated = bool(value) and value[0][0] is kinds.NEGATE
    return any(_in_class(item, one) for item in value) != negated


def _in_class(item: _Part, one: str) -> bool:
    kind, value = item
    if kind is kinds.LITERAL:
        return chr(value).lower() == one
    if kind is kinds.RANGE:
        return any(value[0] <= ord(each) <= value[1] for each in (one, one.upper()[:1]))
    if kind is kinds.CATEGORY:
        opposite = _OPPOSITES.get(value)
        return _CATEGORIES[value](one) if opposite is None else not _CATEGORIES[opposite](one)
    return False
