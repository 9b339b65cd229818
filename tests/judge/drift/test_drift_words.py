"""What the drift report says of a column is so: clocks, sentences, reasons, order, segments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from drift_tables import profiled
from msgspec.structs import replace
from pytest import approx
from test_drift_verdicts import column, judged

from runwatch.domain.drift import ColumnDrift, Multivariate
from runwatch.domain.profile import DriftOptions, NamedProfile
from runwatch.judge.drift import clock
from runwatch.judge.drift.report import SEGMENT_ROWS, report, segment_reports

N, DAY = 4000, 86_400
LINE = np.linspace(0, 1, N)
INFINITE = "12% of the values are infinite"
AB = np.where(np.arange(N) % 2 == 0, "a", "b")


def told(before: Any, now: Any, kind: str | None = None, **options: Any) -> ColumnDrift:
    return column(judged({"x": before}, {"x": now}, kinds={"x": kind} if kind else None, **options), "x")


def on_days(first: float, last: float, n: int = N) -> np.ndarray:
    return (np.linspace(first, last, n) * DAY).astype(np.int64)


def thinned(every: int) -> np.ndarray:
    return np.where(np.arange(N) % every == 0, np.nan, LINE)


def stamps(days: np.ndarray) -> pa.Array:
    return pa.array(days, pa.timestamp("s"))


ON = on_days(18_100, 18_110)
PAST = np.random.default_rng(0).permutation(on_days(18_000, 18_100))


@pytest.mark.parametrize(
    ("now", "verdict", "words"),
    [
        (ON, "stable", ""),
        (on_days(17_950, 18_050), "drifted", "the median fell by"),
        (on_days(17_000, 17_100), "drifted", "lies before the reference's first: 2016-07-18 to 2016-10-26"),
        (on_days(30_000, 30_001), "drifted", "every time lies far beyond the reference's last: 2052-02-20"),
        (np.r_[ON[:3500], on_days(17_000, 17_001, 500)], "drifted", "12.1% of the times lie before"),
        (np.r_[ON[:3800], np.full(200, 40_000 * DAY)], "warning", "5.0% of the times lie far beyond"),
    ],
)  # fmt: skip
def test_times_may_go_on_and_nothing_else(now: np.ndarray, verdict: str, words: str) -> None:
    found = told(stamps(PAST), stamps(now))
    assert found.verdict == verdict and words in found.sentence
    assert ("time moved on" in found.reason) == (verdict == "stable")


def test_a_placeholder_of_the_reference_is_compared_by_its_share() -> None:
    for_ever = np.where(np.arange(N) % 10 == 0, 253_402_214_400, PAST)
    more, same = on_days(18_100, 18_110), on_days(18_100, 18_110)
    same[::10], more[::2] = 253_402_214_400, 253_402_214_400
    assert told(stamps(for_ever), stamps(same)).verdict == "stable"
    found = told(stamps(for_ever), stamps(more))
    assert found.verdict == "drifted" and found.effect == approx(0.4, abs=0.01)


@pytest.mark.parametrize(
    ("type_", "value", "unit", "seconds", "words"),
    [
        (pa.timestamp("s"), 86_400, "s", 86_400, "1970-01-02"),
        (pa.timestamp("ms", "UTC"), 90_000_000, "ms", 90_000, "1970-01-02 01:00"),
        (pa.timestamp("us"), 60_000_000, "us", 60, "1970-01-01 00:01"),
        (pa.timestamp("ns"), 60 * 10**9, "ns", 60, "1970-01-01 00:01"),
        (pa.date32(), 31, "day", 31 * 86_400, "1970-02-01"),
        (pa.date64(), 86_400_000, "ms", 86_400, "1970-01-02"),
    ],
)
def test_a_clock_is_read_in_its_own_unit(
    type_: pa.DataType, value: int, unit: str, seconds: float, words: str
) -> None:
    grid = profiled(
        {"x": pa.array([0, value] * 50).cast(pa.int64() if type_.bit_width == 64 else pa.int32()).cast(type_)}
    ).grid.columns[0]
    assert clock.is_clock(grid) and clock.unit(grid) == unit
    assert clock.seconds(grid, value) == approx(seconds) and clock.moment(grid, value) == words


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        (2026, "2026-01-01"),
        (202603, "2026-03-01"),
        (20260301, "2026-03-01"),
        (20260301143059, "2026-03-01 14:30"),
        (20261399, "202"),
    ],
)
def test_dates_written_as_numbers(digits: int, words: str) -> None:
    grid = replace(profiled({"x": np.arange(50)}).grid.columns[0], notation="epoch date", kind="datetime")
    assert clock.unit(grid) == "date" and clock.moment(grid, digits)[: len(words)] == words[:16]
    assert clock.moment(replace(grid, notation="epoch s"), 1e15).startswith("the year 31,6")


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (LINE, LINE + 0.1, "the median rose by 0.20 IQR"),
        (LINE, LINE - 0.25, "the median fell by 0.50 IQR"),
        (LINE, 0.5 + (LINE - 0.5) * 1.5, "the median stayed; the spread grew 1.5 times"),
        (LINE, 0.5 + (LINE - 0.5) / 2, "the median stayed; the spread shrank 2 times"),
        (AB, np.where(np.arange(N) % 4 == 0, "a", "b"), "'a' went from 50% to 25%"),
        (AB, np.r_[["c"] * 200, AB[200:]], "'a' went from 50% to 48%; 5.0% of the values are new categories"),
        (LINE, np.where(np.arange(N) % 5 == 0, np.nan, LINE), "missing went from 0% to 20%"),
        (thinned(67), thinned(10), "missing went from 1.5% to 10%"),
        (LINE, np.r_[[np.inf] * 500, LINE[500:]], f"the median rose by 0.25 IQR; {INFINITE}"),
        (LINE, LINE, "no change beyond chance"),
    ],
)  # fmt: skip
def test_sentences_by_hand(before: np.ndarray, now: np.ndarray, words: str) -> None:
    found = told(np.random.default_rng(1).permutation(before), np.random.default_rng(2).permutation(now))
    assert found.sentence == words
    if words.startswith("missing"):
        assert found.effect == approx(found.missing_current - found.missing_reference)


@pytest.mark.parametrize(
    ("shift", "n", "verdict", "words"),
    [
        (0.0, 300, "stable", "no shift above chance; 4,000 and 300 rows can show no shift below 0.098"),
        (0.0, 150, "unknown", "cannot tell: 4,000 and 150 rows can show no shift below 0.14"),
        (0.0, 2, "unknown", "cannot tell: 4,000 and 2 rows can show nothing"),
        (0.5, N, "drifted", "Kolmogorov-Smirnov: effect 0.500, at or above 0.10, and significant"),
        (0.06, N, "warning", "Kolmogorov-Smirnov: effect 0.0568, at or above 0.02, and significant"),
    ],
)
def test_reasons_by_hand(shift: float, n: int, verdict: str, words: str) -> None:
    rng = np.random.default_rng(3)
    found = told(rng.permutation(LINE), rng.permutation(np.linspace(0, 1, n) + shift))
    assert found.verdict == verdict and found.reason.startswith(words[:40]), found.reason


def test_what_is_looked_at_first() -> None:
    rng = np.random.default_rng(4)
    before = {name: rng.permutation(LINE) for name in "abcd"}
    now = {
        name: rng.permutation(LINE) + shift for name, shift in zip("abcd", (0.3, 0.2, 0.06, 0.0), strict=True)
    }
    reference = profiled(before)
    batch = [NamedProfile("b", profiled(now, reference.grid))]

    def order(**more: Any) -> str:
        options = DriftOptions(importance=more.pop("importance", {}))
        return "".join(one.name for one in report(reference, batch, options, **more).columns)

    together = Multivariate("m", 0.7, 0.0, N, N, "drifted", (("b", 0.2),))
    assert order() == "abcd" and order(importance={"a": 1.0, "b": 9.0}) == "bacd"
    assert order(multivariate=together) == "bacd", "what gives the batch away comes first"
    assert order(importance={"b": 1.0}) == "abcd", "the median stands in for the rest"
    found = report(reference, batch)
    assert (found.share_drifted, found.reference_rows, found.current_rows) == (0.5, N, N)
    assert (found.reference_files, found.current_files, found.batches, found.problems) == (1, 1, (), ())
    given = {"reference_files": 3, "current_files": 5, "batches": ("b",), "problems": ("p",)}
    passed = report(reference, batch, **given)
    assert {name: getattr(passed, name) for name in given} == given
    still = report(reference, [NamedProfile("b", profiled(before, reference.grid))], multivariate=together)
    assert still.verdict == "drifted" and still.share_drifted == 0


def test_segments_are_judged_with_thirty_rows_a_side_and_together() -> None:
    rng = np.random.default_rng(5)
    reference = profiled({"x": rng.normal(size=2000)})
    moved = {
        name: profiled({"x": rng.normal(9, 1, n)}, reference.grid)
        for name, n in (("a", SEGMENT_ROWS), ("b", SEGMENT_ROWS - 1))
    }
    found = dict(segment_reports("s", dict.fromkeys("abc", reference), {**moved, "d": moved["a"]}))
    assert {name: one.verdict for name, one in found.items()} == {
        "s = a": "drifted", "s = b": "unknown", "s = c": "unknown", "s = d": "unknown",
    }  # fmt: skip
    assert next(iter(found)) == "s = a"
    two = dict(segment_reports("s", dict.fromkeys("ab", reference), dict.fromkeys("ab", moved["a"])))
    alone = segment_reports("s", {"a": reference}, {"a": moved["a"]})[0][1]
    assert two["s = a"].columns[0].p_adjusted == approx(2 * alone.columns[0].p_adjusted)


def test_categories_that_are_new_are_named_by_how_often_they_come() -> None:
    now = np.where(np.arange(N) < 300, "z", np.where(np.arange(N) < 700, "y", AB))
    assert told(AB, now).new_categories == ("y", "z") and told(AB, AB).new_categories == ()
    many = np.where(np.arange(N) < 2300, np.char.add("n", (np.arange(N) % 23).astype(str)), AB)
    assert len(told(AB, many).new_categories) == 20
