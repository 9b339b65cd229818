"""From text to tokens, each with its column."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from runwatch.text.durations import UNITS, seconds

Kind = Literal["number", "name", "quoted", "operator", "end"]

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<span>(?:\d+(?:\.\d+)?(?:ms|min|s|m|h|d|w)){2,}(?![\w/.]))
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?P<unit>%|(?:ms|min|s|m|h|d|w)(?![\w/.]))?(?![\w.]))
    |(?P<name>[^\W\d][\w/.:@'\[\]-]*)
    |(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<operator><=|>=|==|!=|[<>()+*/,-])""",
    re.VERBOSE,
)


class ExpressionError(ValueError):
    """The text is for people: what is wrong, at which column, with a caret below it."""

    def __init__(self, message: str, source: str, column: int) -> None:
        self.message, self.source, self.column = message, source, column
        caret = " " * (column - 1) + "^"
        super().__init__(f"column {column}: {message}\n  {source}\n  {caret}")


class Token(NamedTuple):
    """One word of an expression."""

    kind: Kind
    text: str
    """As written; a quoted one without its quotes."""
    column: int
    """From 1."""
    value: float = 0.0
    """A number, percent and units of time worked in (seconds)."""
    timed: bool = False
    """It bore a unit of time."""


def tokenize(source: str) -> list[Token]:
    """The tokens of ``source``, the last of kind "end". Raises ExpressionError at what is none."""
    tokens: list[Token] = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise ExpressionError(_what_is_wrong(source[at:]), source, at + 1)
        at = match.end()
        if match["space"] is None:
            tokens.append(_token(match))
    return [*tokens, Token("end", "", len(source) + 1)]


def _token(match: re.Match[str]) -> Token:
    column = match.start() + 1
    if match["span"] is not None:
        return Token(
            "number", text=match["span"], column=column, value=seconds(match["span"]) or 0.0, timed=True
        )
    if match["number"] is not None:
        unit = match["unit"]
        digits = match["number"][: len(match["number"]) - len(unit or "")]
        factor = 0.01 if unit == "%" else UNITS.get(unit or "", 1.0)
        return Token(
            "number", text=match["number"], column=column, value=float(digits) * factor, timed=unit in UNITS
        )
    if match["quoted"] is not None:
        return Token("quoted", re.sub(r"\\(.)", r"\1", match["quoted"][1:-1]), column)
    if match["name"] is not None:
        return Token("name", match["name"], column)
    return Token("operator", match["operator"], column)


def _what_is_wrong(rest: str) -> str:
    if rest[0] in "\"'":
        return f"this quote is never closed; add a {rest[0]} at the end"
    if rest[0] == "=":
        return 'a single "=" is not allowed; write "==" to compare'
    if rest[0] in "&|":
        return 'write "and" and "or" in words'
    if rest[0].isdigit():
        return "this is neither a number nor a name; put a name that begins with a digit in quotes"
    return f"{rest[0]!r} is not allowed here; put a name that contains it in quotes"
