"""From tokens to a tree, by recursive descent.

rule       = condition [ "for" DURATION ] [ "on" GLOB { "," GLOB } ]
condition  = every { "or" every }
every      = one { "and" one }
one        = "not" one | "(" condition ")" | "status" "is" [ "not" ] STATUS | test
test       = value ( COMPARISON value | "is" [ "not" ] ( "nan" | "inf" | "finite" ) )
value      = product { ( "+" | "-" ) product }
product    = atom { ( "*" | "/" ) atom }
atom       = NUMBER | "-" atom | "(" value ")" | TAG | FUNCTION "(" TAG ")"
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import msgspec

from runwatch.domain.run import STATUSES, Run
from runwatch.rules.engine.options import alike
from runwatch.rules.expression.tokens import ExpressionError, Token, tokenize
from runwatch.rules.expression.tree import (
    COMPARE,
    OF_A_METRIC,
    OF_A_RUN,
    STATES,
    Arithmetic,
    CompareTerm,
    Condition,
    Every,
    HasStatus,
    Is,
    Not,
    Number,
    OfMetric,
    OfRun,
    Some,
    Value,
)

_LONGEST = 1000
_DEEPEST = 50
_ON = re.compile(r"(?<![^\s)])on(?!\S)")
_LATE_HOLD = re.compile(r"\s(for\s+\d[\w.]*)\s*$")
_NOT_COMPARED = {
    "status": 'write "status is running"',
    **{state: f'write "is {state}" after the metric' for state in STATES},
}
_WORDS = frozenset({"and", "or", "not", "for", "on", "is"})


class Expression(msgspec.Struct, frozen=True):
    """A parsed ``when``."""

    source: str
    condition: Condition
    hold: float
    """Seconds of ``for``."""
    globs: tuple[str, ...]
    """Run ids that it is about (empty: all)."""
    tags: tuple[str, ...]
    """In order of mention."""

    def about(self, run: Run) -> bool:
        return not self.globs or any(fnmatchcase(run.id, glob) for glob in self.globs)

    def holds(self, run: Run, now: float) -> bool:
        """Whether the condition is true for ``run`` now; an unknown one is not."""
        return self.about(run) and self.condition.holds(run, now) is True


def parse(source: str) -> Expression:
    """The expression that ``source`` says. Raises ExpressionError, which points at the column."""
    if len(source) > _LONGEST:
        raise ExpressionError(f"longer than {_LONGEST} characters", source[:60] + "…", 1)
    head, globs = _split_globs(source)
    return _ExpressionParser(head, source).rule(globs)


def _split_globs(source: str) -> tuple[list[Token], tuple[str, ...]]:
    """The tokens before a top-level ``on``, and the globs after it, which follow no rules of tokens."""
    quote = ""
    for at, char in enumerate(source):
        if quote:
            quote = "" if char == quote and source[at - 1] != "\\" else quote
        elif char in "\"'" and (at == 0 or not source[at - 1].isalnum()):
            quote = char
        elif _ON.match(source, at):
            globs = tuple(part.strip().strip("\"'") for part in source[at + 2 :].split(","))
            if not all(globs):
                raise ExpressionError('after "on" comes a run id or a glob, such as exp/*', source, at + 3)
            if late := _LATE_HOLD.search(source, at):
                raise ExpressionError('put "for" and its duration before "on"', source, late.start(1) + 1)
            return [*tokenize(source[:at])[:-1], Token("end", "on", at + 1)], globs
    return tokenize(source), ()


class _ExpressionParser:
    def __init__(self, tokens: list[Token], source: str) -> None:
        self._tokens, self._source, self._at, self._depth = tokens, source, 0, 0

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def rule(self, globs: tuple[str, ...]) -> Expression:
        condition = self._condition()
        hold = self._hold() if self._takes("for") else 0.0
        if self._now.kind != "end":
            hint = 'expected "and", "or", "for" or "on"'
            raise self._error(f"{hint}, not {self._now.text!r}")
        tags = tuple(dict.fromkeys(condition.tags()))
        return Expression(self._source, condition=condition, hold=hold, globs=globs, tags=tags)

    def _hold(self) -> float:
        token = self._now
        if token.kind != "number" or not (token.timed or token.value == 0):
            raise self._error('after "for" comes a duration, such as 10m, 2h or 30s')
        self._at += 1
        return token.value

    def _condition(self) -> Condition:
        parts = [self._every()]
        while self._takes("or"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self) -> Condition:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self) -> Condition:
        self._deeper()
        try:
            if self._takes("not"):
                return Not(self._one())
            if self._now.text == "status" and self._now.kind == "name" and self._next_is("is"):
                return self._status()
            if self._now.kind == "operator" and self._now.text == "(":
                return self._parenthesis()
            return self._test()
        finally:
            self._depth -= 1

    def _parenthesis(self) -> Condition:
        """A condition in parentheses; if it is none, a value in parentheses that is compared."""
        start = self._at
        try:
            self._at += 1
            inner = self._condition()
            self._closes()
        except ExpressionError as error:
            self._at = start
            try:
                return self._test()
            except ExpressionError as other:
                raise max(error, other, key=lambda e: e.column) from None
        return inner

    def _status(self) -> Condition:
        self._at += 2
        negated = self._takes("not")
        word = self._now
        if word.kind != "name" or word.text not in STATUSES:
            raise self._error(f"a status is one of {', '.join(STATUSES)}{alike(word.text, STATUSES)}")
        self._at += 1
        return Not(HasStatus(word.text)) if negated else HasStatus(word.text)

    def _test(self) -> Condition:
        left = self._value()
        token = self._now
        if token.kind == "operator" and token.text in COMPARE:
            self._at += 1
            return CompareTerm(token.text, left, self._value())
        if self._takes("is"):
            negated = self._takes("not")
            if self._now.text not in STATES:
                raise self._error(f'after "is" comes {", ".join(STATES)}')
            state = Is(left, self._now.text)
            self._at += 1
            return Not(state) if negated else state
        raise self._error('expected a comparison: <, <=, >, >=, ==, != or "is nan"')

    def _value(self) -> Value:
        value = self._product()
        while self._now.kind == "operator" and self._now.text in "+-":
            sign = self._advance().text
            value = Arithmetic(sign, value, self._product())
        return value

    def _product(self) -> Value:
        value = self._atom()
        while self._now.kind == "operator" and self._now.text in "*/":
            sign = self._advance().text
            value = Arithmetic(sign, value, self._atom())
        return value

    def _atom(self) -> Value:
        self._deeper()
        try:
            token = self._now
            if token.kind == "number":
                return Number(self._advance().value)
            if token.kind == "operator" and token.text == "-":
                self._at += 1
                return Arithmetic("-", Number(0.0), self._atom())
            if token.kind == "operator" and token.text == "(":
                self._at += 1
                value = self._value()
                self._closes()
                return value
            if token.kind == "quoted":
                return OfMetric("last", self._advance().text)
            if token.kind == "name" and token.text not in _WORDS:
                return self._named()
            raise self._error('expected a metric, a number or "("')
        finally:
            self._depth -= 1

    def _named(self) -> Value:
        token = self._advance()
        if self._now.text == "(" and self._now.kind == "operator":
            return self._call(token)
        if token.text in OF_A_RUN:
            return OfRun(token.text)
        if hint := _NOT_COMPARED.get(token.text):
            raise ExpressionError(f"{hint}; put a metric of that name in quotes", self._source, token.column)
        return OfMetric("last", token.text)

    def _call(self, token: Token) -> Value:
        if token.text not in OF_A_METRIC:
            known = ", ".join(OF_A_METRIC)
            raise ExpressionError(
                f"there is no function {token.text!r}{alike(token.text, OF_A_METRIC)} (known: {known})",
                self._source,
                token.column,
            )
        self._at += 1
        tag = self._now
        if tag.kind not in ("name", "quoted"):
            raise self._error(f"{token.text}() takes the name of a metric")
        self._at += 1
        self._closes()
        return OfMetric(token.text, tag.text)

    def _closes(self) -> None:
        if self._now.text != ")" or self._now.kind != "operator":
            raise self._error('expected ")"')
        self._at += 1

    def _advance(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _takes(self, word: str) -> bool:
        if self._now.kind == "name" and self._now.text == word:
            self._at += 1
            return True
        return False

    def _next_is(self, word: str) -> bool:
        following = self._tokens[self._at + 1]
        return following.kind == "name" and following.text == word

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error("nested too deeply")

    def _error(self, message: str) -> ExpressionError:
        return ExpressionError(message, self._source, self._now.column)
