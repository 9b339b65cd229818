"""What the quality checks promise at their edges, and repeats and rhythms worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pytest import approx
from scipy import stats
from test_quality_checks import N, case, changed, faults, good, history, profile

from runwatch.data.sample import to_numpy
from runwatch.domain.drift import QualityCheck
from runwatch.domain.profile import RowFacts
from runwatch.judge.quality.arrivals import expected_every, late_by, next_arrival
from runwatch.judge.quality.case import QualityCase
from runwatch.judge.quality.checks.duplicates import expected_repeats
from runwatch.judge.quality.checks.leakage import association
from runwatch.judge.quality.run import examine, verdict


def against(before: dict[str, Any], now: dict[str, Any], **more: Any) -> dict[tuple[str, str], QualityCheck]:
    reference = profile(before)
    sample = {name: to_numpy(pa.array(values, from_pandas=True)) for name, values in now.items()}
    found = examine(QualityCase(profile(now, reference.grid), reference, sample, **more))
    return {(one.check, one.column): one for one in found}


def gone(rows: int, of: int = N) -> np.ndarray:
    return np.where(np.arange(of) < rows, np.nan, good(1, of)["age"])


def renamed(rows: int, word: str = "Paris", of: int = N) -> np.ndarray:
    return np.where(np.arange(of) < rows, word, good(1, of)["city"])


def words_of(new: int) -> dict[str, Any]:
    """Sixty rows, of which so many are words that the reference has not."""
    return {"c": np.r_[AB["c"][: 60 - new], [f"new {i}" for i in range(new)]]}


def kept(rows: int, word: str = "Lima") -> dict[str, Any]:
    """A reference in which so many rows are ``word``."""
    return {"c": np.where(np.arange(N) < rows, word, np.where(np.arange(N) % 2, "a", "b"))}


AB = {"c": np.where(np.arange(N) % 2, "a", "b")}
TAIL_OF_WORDS = {"c": np.r_[AB["c"][30:], [f"rare {i}" for i in range(30)]]}
LINE, SIGNED = np.linspace(0, 1, N), np.linspace(-1, 1, N)
TAIL = np.append(LINE[1:], 1000.0)
PAST = history([N, N + 50, N - 20, N, N])


@pytest.mark.parametrize(
    ("fault", "severity", "within", "past"),
    [
        (("missing-values", "age"), "warning", changed(age=gone(59)), changed(age=gone(60))),
        (("missing-values", "age"), "critical", changed(age=gone(299)), changed(age=gone(300))),
        (("categories", "city"), "info", changed(), changed(city=renamed(1))),
        (("categories", "city"), "warning", changed(city=renamed(29)), changed(city=renamed(30))),
        (("categories", "city"), "critical", changed(city=renamed(149)), changed(city=renamed(150))),
        (("constant", "age"), "warning", {**good(1, 19), "age": [1] * 19}, {**good(1, 20), "age": [1] * 20}),
        (("encoding", "name"), "warning", changed(), changed(name=["a\u200bb", *good(1)["name"][1:]])),
        (("encoding", "name"), "info", changed(), changed(name=["a ", *good(1)["name"][1:]])),
        (("volume", ""), "critical", good(1, 1), good(1, 0)),
    ],
)  # fmt: skip
def test_each_check_speaks_past_its_threshold_and_not_before(
    fault: tuple[str, str], severity: str, within: dict[str, Any], past: dict[str, Any] | None
) -> None:
    assert fault not in faults(within) or faults(within)[fault].severity != severity
    assert past is None or faults(past)[fault].severity == severity


@pytest.mark.parametrize(
    ("fault", "before", "within", "past"),
    [
        ("out-of-range", {"x": LINE}, {"x": LINE * 1.99}, {"x": LINE * 2.01}),
        ("out-of-range", {"x": SIGNED}, {"x": SIGNED * 2.99}, {"x": SIGNED * 3.01}),
        ("out-of-range", {"x": LINE}, {"x": LINE}, {"x": LINE - 0.01}),
        ("out-of-range", {"x": TAIL}, {"x": np.append(LINE[1:], 1009.0)}, {"x": np.append(LINE[1:], 1011.0)}),
        ("out-of-range", {"x": np.append(LINE, np.inf)}, {"x": np.append(LINE, np.inf)}, None),
        ("out-of-range", {"x": np.ones(N)}, {"x": np.full(N, 9.0)}, None),
        ("categories", kept(29), AB, None),
        ("categories", TAIL_OF_WORDS, words_of(2), words_of(15)),
        ("mixed-types", AB, {"c": [str(i % 9) for i in range(N)]}, {"c": [f"{i % 9},5" for i in range(N)]}),
        ("encoding", AB, {"c": ["a ", " b"] * 9}, {"c": ["a ", "b"] * 9}),
        ("categories", kept(40), {"c": AB["c"][:250]}, {"c": AB["c"][:900]}),
        ("constant", {"x": np.ones(N)}, {"x": np.ones(N)}, None),
        ("constant", {"x": pa.nulls(N, pa.float64())}, {"x": np.ones(N)}, None),
        ("constant", {"x": LINE}, {"x": np.where(LINE > 0, np.inf, 1.0)}, {"x": np.ones(N)}),
        ("missing-values", {"x": LINE}, {"x": gone(1, 40)}, {"x": gone(9, 40)}),
        ("missing-values", {"y": LINE}, {"y": LINE}, {"y": gone(900)}),
        ("unit-change", {"x": LINE + 1}, {"x": 9.5 * (LINE + 1)}, {"x": 10.5 * (LINE + 1)}),
        ("unit-change", {"x": LINE + 1}, {"x": [75.0]}, {"x": [75.0, 76.0]}),
    ],
)
def test_each_check_holds_a_column_against_its_reference(
    fault: str, before: dict[str, Any], within: dict[str, Any], past: dict[str, Any] | None
) -> None:
    (name,) = before
    assert (fault, name) not in against(before, within)
    assert past is None or (fault, name) in against(before, past)


def test_what_is_said_of_a_rise_and_of_a_unit() -> None:
    fault = against({"x": gone(150)}, {"x": gone(330)})["missing-values", "x"]
    assert fault.severity == "warning" and fault.summary == "missing went from 5.0% to 11.0%"
    for factor, way in ((20, "larger"), (0.05, "smaller")):
        fault = against({"x": LINE + 1}, {"x": (LINE + 1) * factor})["unit-change", "x"]
        assert fault.summary.endswith(f"times {way} than the reference's")


@pytest.mark.parametrize(("share", "severity"), [(299, "warning"), (300, "critical")])
def test_a_tenth_that_is_gone_is_critical(share: int, severity: str) -> None:
    fault = against(kept(share), AB)["categories", "c"]
    assert (fault.severity, fault.samples, fault.evidence["share"]) == (severity, ("Lima",), share / N)


@pytest.mark.parametrize(
    ("share", "severity"), [(1, "info"), (29, "info"), (30, "warning"), (149, "warning"), (150, "critical")]
)
def test_a_new_code_is_as_bad_as_it_is_frequent(share: int, severity: str) -> None:
    level = np.arange(N) % 4
    found = against({"k": level}, {"k": np.where(np.arange(N) < share, 9, level)})
    assert (
        found["categories", "k"].severity == severity
        and found["categories", "k"].evidence["share"] == share / N
    )
    few = against({"k": level[:196]}, {"k": np.where(np.arange(N) < share, 9, level)})
    assert ("categories", "k") not in few


def test_labels_come_late_but_a_y_may_be_a_coordinate() -> None:
    assert ("missing-values", "label") not in faults(changed(label=[None] * N))
    alone = QualityCase(profile({"a": gone(1501), "b": gone(1500)}))
    assert [one.column for one in examine(alone) if one.check == "missing-values"] == ["a"]


@pytest.mark.parametrize(
    ("rows", "severity"),
    [(299, "critical"), (300, "warning"), (1499, "warning"), (1500, None), (5700, None), (5701, "warning")],
)
def test_a_batch_is_half_empty_or_double(rows: int, severity: str | None) -> None:
    found = faults(good(1, rows), history=PAST).get(("volume", ""))
    assert (found.severity if found else None) == severity
    assert ("volume", "") not in faults(good(1, rows), history=PAST[:3])
    assert ("volume", "") not in faults(good(1, rows), history=[*PAST, *history([rows])])


def test_arrivals_by_hand() -> None:
    assert expected_every([0, 60, 120, 180, 240]) == 60 and expected_every([0, 60, 120, 180]) is None
    assert expected_every([0, 59, 118, 177, 236]) is None and next_arrival([]) is None
    steady, unsteady = [i * 100.0 for i in range(6)], [0.0, 60, 200, 260, 400, 460]
    assert next_arrival(steady) == (600, 650) and next_arrival(steady, 200.0) == (700, 800)
    assert late_by(steady, 650) is None and late_by(steady, 651) == 51 and late_by([5.0], 21.0, 10.0) == 6
    assert next_arrival(unsteady) == (520, approx(520 + 30)), "gaps of 60 and 140 with a median of 60"
    spread = [0.0, 80, 200, 280, 400, 500]
    assert next_arrival(spread) == (600, approx(600 + 3 * 1.4826 * 20))
    paused = [*(i * 100.0 for i in range(10)), 1300.0, 1400.0]
    assert next_arrival(paused) == (1500, 1800), "ten gaps, of which one was 400"
    assert next_arrival(paused[1:]) == (1500, 1800) and next_arrival(paused[2:]) == (1500, 1550)


def test_repeats_beyond_the_reference_are_those_of_chao() -> None:
    """Ten rows, four values once and three twice: 4 * 3 / (2 * 4) = 1.5 values were not met."""
    facts = RowFacts(10, 3, occurring=((1, 4), (2, 3)))
    seen = 7 + 1.5 * (1 - (15 / 19) ** 5)
    assert expected_repeats(facts, 15) == approx(15 - seen) and expected_repeats(facts, 10) == 3
    assert expected_repeats(RowFacts(6, 3, occurring=((2, 3),)), 10) == 7
    assert expected_repeats(RowFacts(6, 2, occurring=((1, 1), (2, 1), (3, 1))), 9) == 6


@pytest.mark.parametrize(
    ("repeats", "severity"), [(29, None), (30, "warning"), (290, "warning"), (300, "critical")]
)
def test_rows_that_repeat_are_told_from_one_percent_on(repeats: int, severity: str | None) -> None:
    unique = RowFacts(N, 0, occurring=((1, N),))
    found = faults(good(1), facts=RowFacts(N, repeats), reference_facts=unique).get(("duplicates", ""))
    assert (found.severity if found else None) == severity
    alone = faults(good(1), facts=RowFacts(N, repeats + 9 if severity else repeats)).get(("duplicates", ""))
    assert (alone.severity if alone else None) == severity
    narrow = {"a": LINE, "b": LINE, "c": LINE}
    assert ("duplicates", "") not in against(narrow, narrow, facts=RowFacts(N, repeats))
    coarse = {f"b{i}": np.arange(N) // 2**i % 2 for i in range(10)}
    assert ("duplicates", "") not in against(coarse, coarse, facts=RowFacts(N, N - 1024))


@pytest.mark.parametrize(
    ("old", "new", "severity"),
    [
        (pa.int64(), pa.int32(), None), (pa.int64(), pa.float64(), "info"), (pa.int64(), pa.bool_(), "info"),
        (pa.timestamp("us"), pa.timestamp("ns"), None), (pa.timestamp("us"), pa.date32(), "info"),
        (pa.timestamp("us"), pa.timestamp("us", "UTC"), "info"), (pa.float64(), pa.string(), "warning"),
    ],
)  # fmt: skip
def test_types_that_hold_the_same_values(old: pa.DataType, new: pa.DataType, severity: str | None) -> None:
    values = pa.array(np.arange(N) % 2).cast(pa.int32())
    before, now = (
        {"x": values.cast(pa.int64()).cast(one) if not pa.types.is_date(one) else values.cast(one)}
        for one in (old, new)
    )
    found = against(before, now).get(("type-change", "x"))
    assert (found.severity if found else None) == severity
    assert severity is None or ("nothing to do" in found.advice) == (severity == "info")


def test_whole_numbers_with_gaps_are_written_as_fractions() -> None:
    whole, gaps = np.arange(N) % 50, np.where(np.arange(N) < 10, np.nan, np.arange(N) % 50)
    assert ("type-change", "x") not in against({"x": whole}, {"x": gaps})
    assert against({"x": whole}, {"x": whole * 1.0})["type-change", "x"].severity == "info"
    apart = against({"x": pa.array([[1]] * N)}, {"x": np.arange(N)})
    assert apart["type-change", "x"].severity == "critical" and apart["type-change", "x"].advice.startswith(
        "write"
    )


def test_a_column_that_went_is_not_taken_for_another_that_came() -> None:
    columns = {**good(1), "wage": good(1)["age"]}
    del columns["age"]
    found = faults(columns)
    assert found["schema-change", "age"].evidence == {"renamed_to": None}
    assert found["schema-change", "age"].advice.startswith("restore")
    assert found["schema-change", "wage"].severity == "info" and verdict(list(found.values())) == "critical"
    assert verdict([found["schema-change", "wage"]]) == "ok"


def test_a_column_of_text_with_many_classes_or_few_rows_is_no_leak() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 21, 2100).astype(float)
    words = np.array([f"w{int(v)}" for v in y], dtype=object)
    assert association(words, y) is None and association(words, np.minimum(y, 19)) == approx(1.0)
    assert association(y[:99], y[:99]) is None and association(np.ones(200), y[:200]) is None
    rising = y + rng.integers(0, 30, 2100)
    assert association(rising, y) == approx(abs(stats.spearmanr(rising, y).statistic)), "21 classes"
    half = np.where(np.arange(400) < 200, "a", "b").astype(object)
    told = np.where(np.arange(400) < 150, 1.0, 0.0)
    assert association(half, told) == approx((150 + 200 - 250) / (400 - 250))
    mixed = np.array(["n", None] * 100, dtype=object)
    assert association(mixed, np.ones(200)) is None


def test_hard_rules_at_their_edges() -> None:
    def broken(expect: dict[str, Any], **more: Any) -> list[str]:
        found = examine(case(good(1), expect=expect, **more))
        return [one.summary for one in found if one.check == "expectations"]

    assert broken({"rows": {"min": N, "max": N}}) == [] and len(broken({"rows": {"min": N + 1}})) == 1
    assert len(broken({"rows": {"max": N - 1}})) == 1
    assert broken({"fresh_within": "1h"}, arrived=0.0, now=3600.0) == []
    assert len(broken({"fresh_within": "1h"}, arrived=0.0, now=3601.0)) == 1
    age = good(1)["age"]
    assert (
        broken({"columns": {"age": {"min": float(age.min()), "max": float(age.max()), "missing": 0}}}) == []
    )
    assert len(broken({"columns": {"age": {"min": float(age.min()) + 0.01}}})) == 1
    assert len(broken({"columns": {"age": {"max": float(age.max()) - 0.01}}})) == 1
    assert broken({"columns": {"city": {"values": ["Oslo", "Rome", "Lima"], "type": "categorical"}}}) == []
    assert broken({"columns": {"city": 3}}) == ["its expectations are not a table"]
    assert broken({"columns": {"name": {"unique": False}}}, facts=RowFacts(N, 0, {"name": 2})) == []
