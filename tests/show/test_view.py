"""The alphabet of views: words, bars, sparks, differences."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runwatch.show.screen import view
from runwatch.show.screen.view import Span, whole_parts

numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(st.text())
def test_no_text_brings_anything_that_a_terminal_obeys(value: str) -> None:
    shown = view.plain(view.text(value))
    assert not [char for char in shown if unicodedata.category(char).startswith("C")]


@given(st.floats(0, 1), st.integers(1, 40))
def test_a_bar_has_its_width_and_grows(share: float, width: int) -> None:
    assert len(view.plain(view.bar(share, width))) == width
    full = view.bar(share, width)[0].text
    more = view.bar(min(share + 0.3, 1), width)[0].text
    assert len(more) >= len(full)


@pytest.mark.parametrize("share", [None, math.nan, math.inf])
def test_an_unknown_share_is_no_bar(share: float | None) -> None:
    assert view.plain(view.bar(share, 5)) == "┄" * 5


@example([1.7976931348623157e308] * 3, 1)
@given(st.lists(numbers, max_size=80), st.integers(1, 20))
def test_a_spark_fits_and_never_fails(values: list[float], width: int) -> None:
    assert len(view.plain(view.spark(values, width))) == width


def test_a_spark_rises_with_its_values() -> None:
    assert view.plain(view.spark([0, 1, 2, 3, 4, 5, 6], 7)) == "▁▂▃▄▅▆▇"
    assert view.plain(view.spark([5, 5, 5], 3)) == "▃▃▃"
    assert view.plain(view.spark([0, math.nan, 6], 3)) == "▁ ▇"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0124, "+0.0124"),
        (-0.003, "−0.0030"),
        (0.0, "±0.0000"),
        (12.5, "+12"),
        (1e-6, "+1e-06"),
        (None, "–"),
    ],
)
def test_differences_align(value: float | None, said: str) -> None:
    assert view.difference(value) == said


def test_all_words_must_occur_whatever_their_case() -> None:
    assert view.matches("EXP wide", "nightly/exp-21-wide", "running")
    assert not view.matches("exp deep", "nightly/exp-21-wide")
    assert view.matches("", "anything")


def test_of_words_in_parts_whole_ones_are_left_out_where_there_is_no_room() -> None:
    line = (Span("Runs", "strong"), Span("  1 crashed", "bad"), Span(" · "), Span("8 runs · 3 hidden"))
    said = {width: "".join(span.text for span in whole_parts(line, width)) for width in (99, 30, 20, 3)}
    assert said == {
        99: "Runs  1 crashed · 8 runs · 3 hidden",
        30: "Runs  1 crashed · 8 runs",
        20: "Runs  1 crashed",
        3: "Runs  1 crashed",
    }
