"""One reading of durations for the configuration, rules, contracts and the command line."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwatch.text.durations import UNITS, seconds


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("90", 90.0), ("1.5", 1.5), (" 90 s ", 90.0), ("10m", 600.0), ("10min", 600.0), ("250ms", 0.25),
        ("1h30m", 5400.0), ("1h 30min", 5400.0), ("2 d", 172_800.0), ("1w", 604_800.0), (0, 0.0), (2.5, 2.5),
    ],
)  # fmt: skip
def test_what_people_write(written: object, meant: float) -> None:
    assert seconds(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "soon",
        "-5m",
        "1h30",
        "m",
        "5 parsecs",
        "1e3",
        "10mins",
        True,
        None,
        -1,
        math.inf,
        math.nan,
        [1],
    ],
)
def test_what_is_no_duration(written: object) -> None:
    assert seconds(written) is None


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(sorted(UNITS))), min_size=1, max_size=4))
def test_parts_add_up(parts: list[tuple[int, str]]) -> None:
    text = " ".join(f"{number}{unit}" for number, unit in parts)
    assert seconds(text) == pytest.approx(sum(number * UNITS[unit] for number, unit in parts))
