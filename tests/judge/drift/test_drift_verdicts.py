"""The verdict rule: calm on still data, awake on moved data, and never wrong in silence."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from drift_tables import profiled, with_missing
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from runwatch.domain.drift import ColumnDrift, DriftReport
from runwatch.domain.profile import DriftOptions, NamedProfile
from runwatch.judge.drift.column_pair import ColumnPair
from runwatch.judge.drift.days import MIN_DAYS
from runwatch.judge.drift.distribution import distribution
from runwatch.judge.drift.evidence import level_test
from runwatch.judge.drift.measures import ks, measures
from runwatch.judge.drift.p_values import chi2_p_value, ks_p_value
from runwatch.judge.drift.report import report, segment_reports
from runwatch.judge.drift.trend import forecast, trends


def judged(before, now, kinds=None, **options) -> DriftReport:
    reference = profiled(before, kinds=kinds)
    return report(reference, [NamedProfile("b", profiled(now, reference.grid))], DriftOptions(**options))


def column(found: DriftReport, name: str) -> ColumnDrift:
    return next(one for one in found.columns if one.name == name)


def test_a_moved_mean_is_found_and_said(rng) -> None:
    found = column(judged({"x": rng.normal(size=5000)}, {"x": rng.normal(0.5, 1, size=5000)}), "x")
    assert found.verdict == "drifted" and found.effect > 0.1
    assert "the median rose by" in found.sentence and "IQR" in found.sentence
    assert (
        found.p_adjusted < 1e-10
        and found.measures["ks"] > 0.1
        and found.measures["wasserstein"] == pytest.approx(0.5, abs=0.1)
    )


def test_a_small_sure_shift_is_a_warning(rng) -> None:
    found = column(judged({"x": rng.normal(size=50_000)}, {"x": rng.normal(0.1, 1, size=50_000)}), "x")
    assert found.verdict == "warning"


def test_missing_values_are_a_verdict_of_their_own(rng) -> None:
    x = rng.normal(size=(2, 5000))
    found = column(judged({"x": with_missing(x[0], 0.05, rng)}, {"x": with_missing(x[1], 0.25, rng)}), "x")
    assert found.verdict == "drifted" and found.method == "missing share"
    assert "missing went from" in found.sentence
    assert found.missing_current == pytest.approx(0.25, abs=0.03)


def test_new_categories_are_found_and_named(rng) -> None:
    before = rng.choice(["a", "b", "c"], 4000)
    now = np.where(rng.random(4000) < 0.03, "zebra", rng.choice(["a", "b", "c"], 4000))
    found = column(judged({"c": before}, {"c": now}), "c")
    assert found.verdict == "warning" and found.new_categories == ("zebra",)
    assert "new categories" in found.sentence


def test_a_long_tail_always_holds_unseen_categories(rng) -> None:
    shares = 1 / np.arange(1, 20_001) ** 1.05
    draw = lambda: rng.choice(20_000, 3000, p=shares / shares.sum()).astype(str)  # noqa: E731
    found = column(judged({"c": draw()}, {"c": draw()}, {"c": "categorical"}), "c")
    assert found.verdict == "stable" and found.current_n == 3000


def test_a_vanished_rare_level_is_drift_though_few_rows_moved(rng) -> None:
    before = rng.choice(["a", "b", "rare"], 30_000, p=[0.5, 0.42, 0.08])
    now = rng.choice(["a", "b"], 30_000, p=[0.54, 0.46])
    found = column(judged({"c": before}, {"c": now}), "c")
    assert found.verdict == "drifted" and found.effect < 0.1 and "Jensen-Shannon" in found.reason


def test_a_change_of_unit_is_drift(rng) -> None:
    x = rng.lognormal(3, 1.0, size=(2, 2000))
    found = column(judged({"x": x[0]}, {"x": x[1] * 1000}), "x")
    times = float(found.sentence.split("about ")[1].split(" ")[0].replace(",", ""))
    assert 900 < times < 1100
    assert found.verdict == "drifted" and "change of unit" in found.sentence


def test_a_small_shift_of_a_centred_column_is_no_change_of_unit(rng) -> None:
    found = column(judged({"z": rng.normal(0.001, 1, 10_000)}, {"z": rng.normal(0.1, 1, 10_000)}), "z")
    assert found.verdict == "warning" and found.effect < 0.1
    assert "factor of 10" not in found.reason and "change of unit" not in found.sentence


def test_too_few_rows_say_cannot_tell(rng) -> None:
    found = column(judged({"x": rng.normal(size=5000)}, {"x": rng.normal(size=40)}), "x")
    assert found.verdict == "unknown" and found.smallest_visible > 0.1 and "cannot tell" in found.reason


@pytest.mark.parametrize("rows", [0, 1])
def test_almost_no_rows(rng, rows: int) -> None:
    found = judged({"x": rng.normal(size=500)}, {"x": rng.normal(size=rows)})
    assert found.verdict == "unknown" and found.share_drifted is None
    assert column(found, "x").reason


def test_bad_columns_do_not_poison_the_rest(rng) -> None:
    before = {name: rng.normal(size=2000) for name in ("good", "gone", "empty")}
    now = {"good": rng.normal(1, 1, size=2000), "empty": np.full(2000, np.nan), "fresh": np.ones(2000)}
    found = judged(before, now)
    assert column(found, "good").verdict == "drifted"
    assert column(found, "gone").verdict == "drifted" and column(found, "gone").reason == "not in the batch"
    assert column(found, "empty").verdict == "drifted" and column(found, "empty").missing_current == 1.0
    assert column(found, "fresh").reason == "not in the reference"
    assert found.share_drifted == 1.0


def test_all_missing_on_both_sides_is_unknown() -> None:
    empty = pa.nulls(500, pa.float64())
    assert column(judged({"x": empty}, {"x": empty}), "x").verdict == "unknown"


def test_constants(rng) -> None:
    ones, twos = np.ones(2000), np.full(2000, 2.0)
    assert column(judged({"x": ones}, {"x": ones}), "x").verdict == "stable"
    moved = column(judged({"x": ones}, {"x": twos}), "x")
    assert moved.verdict == "drifted" and moved.kind == "constant"


def test_identifiers_and_clocks_are_not_compared() -> None:
    n = 3000
    before = {"id": np.arange(n), "at": pa.array(np.arange(n), pa.timestamp("s"))}
    now = {"id": np.arange(n) + 10 * n, "at": pa.array(np.arange(n) + 10 * n, pa.timestamp("s"))}
    found = judged(before, now)
    assert found.verdict == "stable"
    assert "identifier" in column(found, "id").reason and "time moved on" in column(found, "at").reason
    assert column(found, "id").role == "key" and column(found, "id").measures["ks"] is None


def test_times_that_do_not_move_on_are_compared(rng) -> None:
    birth = lambda mean: pa.array(rng.normal(mean, 1e8, 4000).astype(np.int64), pa.timestamp("s"))  # noqa: E731
    assert column(judged({"born": birth(0)}, {"born": birth(8e7)}), "born").verdict == "drifted"


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_wasserstein_of_times_is_in_seconds_whatever_their_unit(rng, unit: str) -> None:
    before, now = rng.integers(0, 86_400, (2, 4000))
    stamps = [pa.array(v).cast(pa.timestamp("s")).cast(pa.timestamp(unit)) for v in (before, now)]
    lasted = [pa.array(v).cast(pa.duration("s")).cast(pa.duration(unit)) for v in (before, now)]
    found = judged({"at": stamps[0], "took": lasted[0]}, {"at": stamps[1], "took": lasted[1]})
    true = stats.wasserstein_distance(before, now)
    for name in ("at", "took"):
        assert column(found, name).measures["wasserstein"] == pytest.approx(true, rel=0.05)


def test_text_is_compared_by_length_and_shape(rng) -> None:
    def texts(words: int, n: int = 2000, extra: str = "") -> list[str]:
        return [" ".join(f"{w}" for w in rng.integers(0, 10**6, words)) + f" {i}{extra}" for i in range(n)]

    same = column(judged({"t": texts(9)}, {"t": texts(9)}), "t")
    assert same.kind == "text" and same.verdict == "stable"
    assert column(judged({"t": texts(9)}, {"t": texts(14)}), "t").verdict == "drifted"
    assert column(judged({"t": texts(9)}, {"t": texts(9, extra=" ÄÖ")}), "t").verdict == "drifted"


def test_infinite_values_do_not_break_figures(rng) -> None:
    now = rng.normal(size=3000)
    now[:10] = np.inf
    found = column(judged({"x": rng.normal(size=3000)}, {"x": now}), "x")
    assert found.verdict == "stable" and math.isfinite(found.measures["wasserstein"])


def test_worst_and_most_important_first(rng) -> None:
    before = {name: rng.normal(size=5000) for name in "abc"}
    now = {"a": rng.normal(1.0, 1, 5000), "b": rng.normal(0.6, 1, 5000), "c": rng.normal(size=5000)}
    assert [c.name for c in judged(before, now).columns] == ["a", "b", "c"]
    ranked = judged(before, now, importance={"a": 0.01, "b": 5.0, "c": 9.0})
    assert [c.name for c in ranked.columns] == ["b", "a", "c"] and ranked.columns[0].importance == 5.0


def test_several_files_are_pooled(rng) -> None:
    reference = profiled({"x": rng.normal(size=2000)})
    parts = [NamedProfile(str(i), profiled({"x": rng.normal(size=300)}, reference.grid)) for i in range(3)]
    found = report(reference, parts)
    assert (found.current_files, found.current_rows) == (3, 900)


def still(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        **{f"x{i}": rng.standard_t(3, size=1000) for i in range(10)},
        **{f"c{i}": rng.choice(list("abcdefgh"), 1000) for i in range(5)},
    }


def test_still_tables_stay_still() -> None:
    flagged = 0
    for trial in range(40):
        rng = np.random.default_rng(trial)
        flagged += judged(still(rng), still(rng)).verdict in ("warning", "drifted")
    assert flagged <= 2


def days_of(rng, n: int, wobble: float, count: int = 14):
    tables = [{f"x{i}": rng.normal(rng.normal(0, wobble), 1, n) for i in range(10)} for _ in range(count)]
    whole = {name: np.concatenate([t[name] for t in tables]) for name in tables[0]}
    reference = profiled(whole)
    return reference, [NamedProfile(f"d{i}", profiled(t, reference.grid)) for i, t in enumerate(tables)]


def test_days_that_differ_among_themselves_are_no_drift(rng) -> None:
    reference, days = days_of(rng, 2000, 0.1)
    new = {f"x{i}": rng.normal(rng.normal(0, 0.1), 1, 2000) for i in range(10)}
    batch = [NamedProfile("new", profiled(new, reference.grid))]
    assert report(reference, batch).verdict != "stable"
    with_days = report(reference, batch, days=days)
    assert with_days.verdict == "stable"
    assert any("reference files differ among themselves" in c.reason for c in with_days.columns)
    assert f"{len(days)} reference files" in with_days.note


def test_a_shift_past_the_days_is_found(rng) -> None:
    reference, days = days_of(rng, 2000, 0.05)
    new = {f"x{i}": rng.normal(1.0 if i == 3 else 0, 1, 2000) for i in range(10)}
    found = report(reference, [NamedProfile("new", profiled(new, reference.grid))], days=days)
    assert [c.name for c in found.columns if c.verdict == "drifted"] == ["x3"]


def test_a_slow_shift_is_found_over_several_days(rng) -> None:
    reference, days = days_of(rng, 2000, 0.1)
    assert len(days) >= MIN_DAYS
    recent = [
        NamedProfile(
            f"n{k}",
            profiled({f"x{i}": rng.normal(0.4 if i == 0 else 0, 1, 2000) for i in range(10)}, reference.grid),
        )
        for k in range(7)
    ]
    found = report(reference, recent[-1:], days=days, earlier=recent[:-1])
    assert column(found, "x0").verdict in ("warning", "drifted")


def test_a_weekday_is_compared_with_its_own_kind(rng) -> None:
    def day(number: int, level: float) -> dict[str, np.ndarray]:
        return {"x": rng.normal(level, 1, 1500), "y": rng.normal(size=1500)}

    levels = [2.0 if number % 7 in (5, 6) else 0.0 for number in range(35)]
    tables = [day(i, level) for i, level in enumerate(levels)]
    reference = profiled({n: np.concatenate([t[n] for t in tables]) for n in ("x", "y")})
    days = [NamedProfile(f"d{i}", profiled(t, reference.grid), day=i) for i, t in enumerate(tables)]
    sunday = NamedProfile("s", profiled(day(41, 2.0), reference.grid), day=41)
    odd_monday = NamedProfile("m", profiled(day(42, 2.0), reference.grid), day=42)
    assert column(report(reference, [sunday], days=days), "x").verdict == "stable"
    assert column(report(reference, [odd_monday], days=days), "x").verdict == "drifted"


def test_trends_persistence_and_the_first_batch_that_moved() -> None:
    rng = np.random.default_rng(1)
    reference = profiled({"x": rng.normal(size=20_000), "y": rng.normal(size=20_000)})
    batches = [
        NamedProfile(
            f"b{i}",
            profiled(
                {"x": rng.normal(0.5 if i >= 3 else 0, 1, 2000), "y": rng.normal(size=2000)}, reference.grid
            ),
        )
        for i in range(5)
    ]
    x, y = trends(reference, batches)
    assert x.verdicts == ("stable",) * 3 + ("drifted",) * 2 and x.first_moved == 3 and x.confirmed
    assert y.first_moved is None and not y.confirmed and len(y.effects) == 5


@pytest.mark.parametrize("batches", [8, 20])
def test_the_range_of_a_forecast_holds_the_true_batch(rng, batches: int) -> None:
    held, made = 0, 0
    for _ in range(600):
        effects = 0.004 * np.arange(batches) + 0.005 + rng.normal(0, 0.003, batches)
        ahead = forecast(effects.tolist(), 0.1)
        if ahead is not None:
            made += 1
            held += ahead.low <= 0.095 / 0.004 - (batches - 1) <= ahead.high
    assert made > 500 and held / made > 0.9


def test_segments_tell_where(rng) -> None:
    reference = profiled({"x": rng.normal(size=3000)})
    north = profiled({"x": rng.normal(1, 1, 1000)}, reference.grid)
    south = profiled({"x": rng.normal(size=1000)}, reference.grid)
    tiny = profiled({"x": rng.normal(size=5)}, reference.grid)
    before = {"north": reference, "south": reference, "tiny": reference}
    found = segment_reports("region", before, {"north": north, "south": south, "tiny": tiny})
    assert found[0][0] == "region = north"
    verdicts = {name: one.verdict for name, one in found}
    assert verdicts == {"region = north": "drifted", "region = south": "stable", "region = tiny": "unknown"}


def test_distributions_for_drawing(rng) -> None:
    before = {"x": rng.normal(size=3000), "c": rng.choice(["a", "b"], 3000), "k": rng.integers(0, 6, 3000)}
    now = {"x": rng.normal(1, 1, 2000), "c": rng.choice(["a", "new"], 2000), "k": rng.integers(0, 6, 2000)}
    reference = profiled(before)
    current = profiled(now, reference.grid)
    x = distribution(reference, current, "x")
    assert len(x.edges) == len(x.reference) + 1 == len(x.current) + 1
    assert sum(x.reference) == pytest.approx(1) and sum(x.current) == pytest.approx(1)
    assert len(x.quantiles) == 50 and ("rows", "3,000", "2,000") in x.summary
    c = distribution(reference, current, "c")
    assert "new" in c.labels and sum(c.current) == pytest.approx(1)
    k = distribution(reference, current, "k")
    assert len(k.reference) == 6
    many = [rng.choice([f"v{i}" for i in range(40)], 3000) for _ in range(2)]
    reference = profiled({"m": many[0]})
    m = distribution(reference, profiled({"m": many[1]}, reference.grid), "m")
    assert len(m.labels) < 40 and min(m.reference[-1], m.current[-1]) > 0.1  # the last bar: all the others
    assert sum(m.reference) == pytest.approx(1) and sum(m.current) == pytest.approx(1)
    assert distribution(reference, current, "nothing") is None


def test_measures_are_found_by_listing() -> None:
    assert {"ks", "psi", "js", "hellinger", "wasserstein", "chi2", "total_variation"} <= set(measures())


@given(st.integers(0, 10**6), st.integers(20, 400), st.integers(20, 400))
@settings(max_examples=60, deadline=None)
def test_the_true_ks_lies_between_the_certified_ends(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    a = np.where(rng.random(n) < 0.3, 0.0, rng.normal(size=n))
    b = np.where(rng.random(m) < 0.5, 0.0, rng.normal(0.2, 2, size=m))
    reference = profiled({"x": a})
    pair = ColumnPair(
        reference.grid.columns[0], reference.column(0), profiled({"x": b}, reference.grid).column(0)
    )
    true = stats.ks_2samp(a, b, method="asymp").statistic
    assert ks.measure(pair) - 1e-12 <= true <= ks.upper(pair) + 1e-12


@example(180, 280, 0.14172561083920984)
@given(st.integers(1, 10**5), st.integers(1, 10**5), st.floats(0.001, 0.999))
@settings(max_examples=80, deadline=None)
def test_ks_p_is_scipys(n: int, m: int, d: float) -> None:
    size = round(n * m / (n + m))
    if size >= 1:
        expected = stats.kstwo.sf(d, size)
        assert ks_p_value(d, n, m) == pytest.approx(expected, rel=1e-6, abs=1e-250)


@given(st.floats(1e-3, 2000), st.integers(1, 500))
@settings(max_examples=80, deadline=None)
def test_chi2_p_is_scipys(statistic: float, dof: int) -> None:
    assert chi2_p_value(statistic, dof) == pytest.approx(special.chdtrc(dof, statistic), rel=1e-8, abs=1e-290)


def test_dependent_rows_take_more_noise_off_the_effect_of_categories() -> None:
    a, b = np.array([500, 300, 200]), np.array([450, 320, 230])
    alone, together = (level_test(a, b, DriftOptions(), "distribution", design) for design in (1.0, 4.0))
    distance = 0.05
    noise = 0.4**2 * 2 * 2000 / 1e6
    assert alone.effect == pytest.approx(math.sqrt(distance**2 - noise))
    assert together.effect == 0.0 and together.p_value > alone.p_value
