"""Patterns of a filter: what Python's own engine finds, in bounded time."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runwatch.text.bounded_pattern import LONGEST_TEXT, BoundedPattern

_PIECES = st.sampled_from(
    ["a", "B", "1", "-", ".", "\\d", "\\w", "\\W", "[ab]", "[^a1]", "[a-c]", "^", "$", "\\b"]
)
_PATTERNS = st.recursive(
    _PIECES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}"])).map(lambda p: f"(?:{p[0]}){p[1]}"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]}|{p[1]})"),
    ),
    max_leaves=6,
)


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(_PATTERNS, st.text("abAB1-/_ ", max_size=12))
def test_it_finds_what_pythons_engine_finds(pattern: str, text: str) -> None:
    assert BoundedPattern(pattern).found(text) == bool(re.search(pattern, text, re.IGNORECASE))


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)*b", "(a*)*(a*)*(a*)*b", "a*a*a*a*a*a*a*b"])
def test_no_pattern_takes_for_ever(pattern: str) -> None:
    assert not BoundedPattern(pattern).found("a" * (LONGEST_TEXT - 1) + "!")


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("(a", "not a valid pattern"),
        ("a" * 201, "at most 200 characters"),
        (r"(a)\1", "back-references"),
        ("a(?=b)", "look-arounds"),
        ("(?:a{99}){101}", "at most 100 times"),
    ],
)
def test_what_cannot_be_followed_is_said(pattern: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        BoundedPattern(pattern)
