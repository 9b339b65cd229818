"""What the checks promise at their edges: curves just within a threshold and just past it, and scipy's
numbers for what they are made of."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pytest import approx
from scipy import stats
from test_health_checks import fed, kinds

from runwatch.domain.points import Points
from runwatch.judge.health.eta import progress
from runwatch.judge.health.forecast import forecast
from runwatch.judge.health.monitor import RunHealth
from runwatch.judge.health.rhythm import Rhythm
from runwatch.judge.health.roles import role_of
from runwatch.judge.health.trace import CAPACITY, Trace
from runwatch.judge.health.windows import BLOCK, Windows, mad_of_rows, median, median_of_rows, rows_at

NOISE = 1 + 0.001 * np.random.default_rng(0).normal(size=4000)


def level(*parts: tuple[float, int]) -> np.ndarray:
    """A curve of flat parts (value, points), with a noise of 0.1%."""
    values = np.concatenate([np.full(n, value) for value, n in parts])
    return values * NOISE[: len(values)]


def jumps(factor: float, points: int = 2) -> np.ndarray:
    return level((1.0, 150), (factor, points), (1.0, 50))


def short(*tail: float) -> np.ndarray:
    return np.array([2.0, 1.6, 1.2, 1.0, 1.0, 1.0, *tail])


def validation(since: int, rise: float, fall: float = 0.5) -> dict[str, np.ndarray]:
    """A validation loss whose best is so many evaluations old, and a training loss that has fallen since."""
    best = np.array([2, 1.5, 1, 1, 1])
    values = np.append(best, np.full(since - 1, 1 + rise))
    return {"val_loss": values, "loss": np.append(np.ones(5), np.full(since - 1, 1 - fall))}


def flattened(fall: float) -> np.ndarray:
    """Its last quarter falls by so much, two thirds of that between the middles of its outer thirds."""
    return np.concatenate((np.linspace(2, 1, 300), np.linspace(1, 1 - fall, 100)))


def ranks(factor: float) -> dict[str, np.ndarray]:
    return {f"rank_{k}/loss": level((factor if k == 2 else 1.0, 120)) for k in range(4)}


def turning(height: float, *parts: tuple[float, int]) -> np.ndarray:
    """Flat parts with a noise that goes up and down by turns: neighbours differ by twice its height, so that
    the noise counts as 2.097 heights."""
    values = np.concatenate([np.full(n, value) for value, n in parts])
    return values + height * (1 - 2 * (np.arange(len(values)) % 2))


def noisy_ranks(off: float) -> dict[str, np.ndarray]:
    """Six standard errors of two medians of 30 points: 6 sqrt(2) 1.2533 0.2097 / sqrt(30) = 0.407."""
    return {f"rank_{k}/loss": turning(0.1, (1 + off * (k == 2), 120)) for k in range(3)}


def noisy_validation(rise: float) -> dict[str, np.ndarray]:
    """Four standard errors of two medians of three: 4 sqrt(2) 0.67 0.0419 = 0.159 above the best, 0.98."""
    values = turning(0.02, (1.0, 10), (0.98 + rise - 0.02, 31))
    return {"val_loss": values, "loss": np.linspace(3, 1, 41)}


def behind(points: int, of: int) -> dict[str, np.ndarray]:
    return {"rank_0/loss": level((1.0, of)), "rank_1/loss": level((1.0, of - points))}


EDGES = {
    "a spike is half above its level": ("spike", {"loss": jumps(1.47)}, {"loss": jumps(1.53)}),
    "a spike is two of three points": ("spike", {"loss": jumps(4, 1)}, {"loss": jumps(4, 2)}),
    "a spike of a loss below zero is half of its size": (
        "spike",
        {"nll": -2 * NOISE[:200] + np.where(np.isin(np.arange(200), (150, 151)), 0.97, 0)},
        {"nll": -2 * NOISE[:200] + np.where(np.isin(np.arange(200), (150, 151)), 1.03, 0)},
    ),
    "a flat loss has diverged when it is half above": (
        "diverged",
        {"loss": level((1.0, 200), (1.47, 100))},
        {"loss": level((1.0, 200), (1.53, 100))},
    ),
    "three looks of ten points are needed": (
        "diverged",
        {"loss": level((1.0, 200), (2.0, 39))},
        {"loss": level((1.0, 200), (2.0, 40))},
    ),
    "a fall taken back by less than 30% is a restart": (
        "diverged",
        {"loss": level((10.0, 100), (1.0, 200), (3.6, 100))},
        {"loss": level((10.0, 100), (1.0, 200), (3.8, 100))},
    ),
    "below zero half of the fall must come back": (
        "diverged",
        {"nll": level((6.0, 100), (-4.0, 200), (0.9, 100))},
        {"nll": level((6.0, 100), (-4.0, 200), (1.1, 100))},
    ),
    "six points can explode, five cannot": (
        "diverged",
        {"loss": short(11, 11, 11)[4:]},
        {"loss": short(11, 11, 11)[3:]},
    ),
    "ten times the best is an explosion": (
        "critical",
        {"loss": short(9.8, 9.8, 9.8)},
        {"loss": short(10.2, 10.2, 10.2)},
    ),
    "overfitting is eight evaluations old": ("overfitting", validation(7, 0.3), validation(8, 0.3)),
    "overfitting is 2% worse": ("overfitting", validation(12, 0.018), validation(12, 0.022)),
    "the training loss has fallen by 1%": (
        "overfitting",
        validation(12, 0.2, 0.009),
        validation(12, 0.2, 0.011),
    ),
    "a rank is off by a fifth": ("ranks-apart", ranks(1.19), ranks(1.21)),
    "a rank is behind by a tenth": ("ranks-apart", behind(29, 310), behind(33, 310)),
    "a rank is behind by twenty points": ("ranks-apart", behind(20, 60), behind(21, 60)),
    "a plateau gains less than 0.2%": ("plateau", {"loss": flattened(0.0032)}, {"loss": flattened(0.0028)}),
    "a plateau is not worse by 1%": ("plateau", {"loss": flattened(-0.0155)}, {"loss": flattened(-0.0142)}),
    "a rank is off by six errors": ("ranks-apart", noisy_ranks(0.39), noisy_ranks(0.42)),
    "overfitting is four errors worse": ("overfitting", noisy_validation(0.15), noisy_validation(0.17)),
    "a plateau excludes a gain of 1% by two errors": (
        "plateau",
        {"loss": turning(0.0040, (1.0, 100))},
        {"loss": turning(0.0036, (1.0, 100))},
    ),
    "a score that was good for five points has lost half": (
        "diverged",
        {"val_acc": np.repeat([0.9, 0.47], [5, 8])},
        {"val_acc": np.repeat([0.9, 0.44], [5, 8])},
    ),
    "good for four points is not good": (
        "diverged",
        {"val_acc": np.repeat([0.9, 0.44], [4, 9])},
        {"val_acc": np.repeat([0.9, 0.44], [5, 9])},
    ),
    "a loss that was good has doubled": (
        "diverged",
        {"val_loss": np.repeat([1.0, 1.95], [6, 8])},
        {"val_loss": np.repeat([1.0, 2.05], [6, 8])},
    ),
    "a plateau needs 48 points": ("plateau", {"loss": np.ones(47)}, {"loss": np.ones(48)}),
    "a gradient may fail twice in a row": (
        "nonfinite",
        {"grad_norm": np.array([1, np.nan, np.nan, 1, np.nan, np.inf, 1])},
        {"grad_norm": np.array([1, np.nan, np.inf, np.nan, 1])},
    ),
}


@pytest.mark.parametrize("promise", EDGES)
def test_each_check_speaks_past_its_threshold_and_not_before(promise: str) -> None:
    kind, within, past = EDGES[promise]
    assert kind not in {word for found in kinds(within) for word in found}
    signs = [sign for sign in fed(past).signs() if kind in (sign.kind, sign.severity)]
    assert signs
    last = max(len(values) for values in past.values()) - 1
    assert all(0 <= sign.first_step <= sign.last_step <= last for sign in signs)


@pytest.mark.parametrize("factor", [1.40, 1.46])
def test_slow_is_a_step_of_143_percent(factor: float) -> None:
    walls = 1e9 + np.cumsum(np.repeat([1.0, factor], [1000, 600]))
    found = {s.kind: s for s in fed({"loss": level((1.0, 1600))}, walls).signs()}
    assert ("slow" in found) == (factor > 1.43)
    if "slow" in found:
        evidence = found["slow"].evidence
        assert (evidence["before"], evidence["seconds_a_step"]) == (approx(1.0), approx(1.46))
        assert evidence["since"] == approx(walls[-1] - 300, abs=20 * factor + 20)


def test_the_longest_training_loss_is_the_clock() -> None:
    health, walls = RunHealth(), 1e9 + np.cumsum(np.repeat([1.0, 3.0], [1000, 300]))
    health.feed("first/loss", Points(np.arange(200), 1e9 + np.arange(200.0), np.ones(200)))
    health.feed("train/loss", Points(np.arange(1300), walls, np.ones(1300)))
    (sign,) = (one for one in health.signs() if one.kind == "slow")
    assert sign.evidence["clock"] == sign.tag == "train/loss" and sign.last_step == 1299


def test_steps_ten_apart_are_ten_times_as_quick_each() -> None:
    health = RunHealth()
    walls = 1e9 + np.cumsum(np.repeat([10.0, 30.0], [500, 100]))
    health.feed("loss", Points(np.arange(600) * 10, walls, np.ones(600)))
    (sign,) = (one for one in health.signs() if one.kind == "slow")
    assert (sign.evidence["before"], sign.evidence["seconds_a_step"]) == (approx(1.0), approx(3.0))


def test_what_a_divergence_and_a_spike_say_is_so() -> None:
    values = np.concatenate((np.full(100, 5.0), np.full(200, 1.0), np.full(100, 8.0)))
    (sign,) = (
        one for one in fed({"loss": values}, 1e9 + 2.0 * np.arange(400)).signs() if one.kind == "diverged"
    )
    evidence = sign.evidence
    assert (evidence["start"], evidence["best"], evidence["now"]) == (5.0, 1.0, 8.0)
    assert (
        sign.severity == "warning"
        and 100 <= evidence["best_step"] <= 120
        and 300 <= evidence["since_step"] <= 320
    )
    assert evidence["since"] == approx(1e9 + 2 * evidence["since_step"], abs=8)
    (worse,) = (one for one in fed({"loss": values[100:]}).signs() if one.kind == "diverged")
    assert worse.severity == "critical" and "can look like this" not in worse.summary
    assert "can look like this" in sign.summary
    values = level((1.0, 150), (6.0, 1), (9.0, 1), (7.0, 1), (1.0, 60))
    (spike,) = (one for one in fed({"loss": values}).signs() if one.kind == "spike")
    assert (spike.first_step, spike.last_step) == (150, 152)
    assert spike.evidence["ratio"] == approx(9, rel=0.01) and spike.evidence["peak"] == approx(9, rel=0.01)
    assert spike.evidence["points_ago"] == 61 and spike.evidence["recent"] == 1
    values[150:153] = 9.0, 7.0, 1.0
    (spike,) = (one for one in fed({"loss": values}).signs() if one.kind == "spike")
    assert (spike.first_step, spike.last_step, spike.evidence["peak"]) == (150, 151, 9.0)


def test_three_spikes_in_500_points_are_often_and_in_more_are_not() -> None:
    for apart, severity in ((240, "warning"), (260, "info")):
        values = level((1.0, 150 + 2 * apart + 5))
        for at in (150, 150 + apart, 150 + 2 * apart):
            values[at : at + 2] *= 4
        assert [s.severity for s in fed({"loss": values}).signs() if s.kind == "spike"][-1] == severity


def test_streaks_of_values_that_are_no_numbers_go_on_from_feed_to_feed() -> None:
    health = RunHealth()
    for at, values in enumerate(([1, np.nan], [np.nan], [np.nan, 1])):
        health.feed("grad_norm", Points.of(np.arange(len(values)) + 2 * at, values))
    (sign,) = health.signs()
    assert (sign.evidence["count"], sign.evidence["still"], sign.first_step) == (3, False, 1)
    for again in (np.array([1, np.nan]), np.array([np.nan])):
        assert not RunHealth().signs() and kinds({"grad_norm": again}) == set()
    (still,) = fed({"loss": np.array([1, np.nan])}, np.array([7.0, 8.0])).signs()
    assert (
        still.evidence["still"]
        and still.evidence["since"] == 8.0
        and "from step 1 on (1 point)" in still.summary
    )


def test_rolling_statistics_are_numpys_and_scipys() -> None:
    rng = np.random.default_rng(1)
    for rows in (rng.normal(size=(7, 20)), rng.exponential(size=(90, 50))):
        assert median_of_rows(rows) == approx(np.median(rows, axis=1))
        expected = stats.median_abs_deviation(rows, axis=1, scale=1 / 1.4826)
        assert mad_of_rows(rows, np.median(rows, axis=1)) == approx(expected)
        assert [median(row[:n]) for row in rows[:3] for n in (1, 2, 7)] == [
            np.median(row[:n]) for row in rows[:3] for n in (1, 2, 7)
        ]
    assert math.isnan(median(np.empty(0))) and math.isnan(median(np.array([1, np.nan])))
    values = rng.normal(size=400)
    for starts in (np.arange(5), np.arange(100)):
        assert np.array_equal(rows_at(values, starts, 9), [values[s : s + 9] for s in starts])


@pytest.mark.parametrize("piece", [1, 7, 10, 33, 400])
def test_the_reference_of_a_block_is_what_came_before_it(piece: int) -> None:
    values, windows, seen = np.random.default_rng(2).normal(size=400), Windows(), 0
    for at in range(0, 400, piece):
        part = values[at : at + piece]
        for window in windows.feed(np.arange(at, at + len(part)) * 3, part):
            assert (window.before, window.after) == (at, at + len(part))
            assert window.step_at(at) == 3 * at
            for block in range(max(window.before // BLOCK, 5), (window.after - 1) // BLOCK + 1):
                (found,) = window.references(np.array([block]), 5)
                assert np.array_equal(found, values[(block - 5) * BLOCK : block * BLOCK])
                seen += 1
    assert seen >= 35 and len(windows.tail) <= 6 * BLOCK


def test_a_trace_knows_when_a_step_was_reached_to_a_block() -> None:
    trace = Trace()
    assert trace.wall_at(3) is None and trace.last_step is None and math.isnan(trace.last_wall)
    for at in range(0, 1000, 50):
        trace.feed(np.arange(at, at + 50), 100.0 + np.arange(at, at + 50), np.ones(50))
    assert trace.size == 8 and CAPACITY // 2 <= trace.filled <= CAPACITY and trace.count == 1000
    assert all(100 + step <= trace.wall_at(step) <= 107 + step for step in (0, 8, 500, 990))
    assert (
        trace.wall_at(999) == trace.wall_at(5000) == trace.last_wall == 1099.0 and trace.wall_at(None) is None
    )
    assert np.array_equal(trace.means, np.ones(trace.filled))


def test_eta_by_hand() -> None:
    """A step took 1 s, and 3 s in the last tenth of 2,000 points, that is of 125 blocks."""
    trace, steps = Trace(), np.arange(2000)
    trace.feed(steps, np.cumsum(np.where(steps < 1700, 1.0, 3.0)), np.ones(2000))
    found = progress(trace, 1999, total_steps=2999)
    assert found.speed == approx(1 / 3) and found.eta == approx((3000, 3000, 3000))
    trace = Trace()
    trace.feed(np.arange(11) * 10, np.cumsum([0.0, *range(10, 110, 10)]), np.ones(11))
    about, low, high = progress(trace, 100, total_steps=200).eta
    slow, fast = np.percentile([10 / s for s in range(10, 110, 10)], (10, 90))
    assert (about, low, high) == (approx(550), approx(100 / fast), approx(100 / slow))
    assert (
        progress(None, 50, total_steps=20).fraction == 1.0
        and progress(None, -5, total_steps=20).fraction == 0.0
    )
    assert (
        progress(None, None, 9.0, None, 3.0).fraction == 1.0
        and progress(None, 5, 1.5, None, 3).fraction == 0.5
    )
    assert progress(trace, 100, total_steps=50).eta == (0.0, 0.0, 0.0)
    two = Trace()
    two.feed(np.array([0, 10]), np.array([0.0, 5.0]), np.ones(2))
    assert progress(two, 10, total_steps=20).eta == (5.0, 5.0, 5.0)


def test_progress_without_a_clock_is_what_is_known() -> None:
    bare = progress(None, 5, None, 20, 3.0)
    assert (bare.total_steps, bare.total_epochs, bare.fraction, bare.speed) == (20, 3.0, 0.25, None)


def test_the_rhythm_at_its_edges() -> None:
    rhythm = Rhythm()
    assert rhythm.usual is None and not rhythm.has_paused and rhythm.silence(9.0).word == "none"
    rhythm.shift(5.0)
    assert rhythm.last is None
    for at in (0, 10, 20, 20, 15, 30, 80):
        rhythm.beat(at)
    assert (rhythm.usual, rhythm.longest, rhythm.has_paused) == (10, 50, False)
    rhythm.beat(131)
    assert (
        rhythm.has_paused and rhythm.silence(731.0).word == "none" and rhythm.silence(731.1).word == "stalled"
    )
    rhythm.shift(100)
    assert rhythm.silence(831.0).seconds == 600
    for at in range(1000, 1400):
        rhythm.beat(at)
    assert rhythm.usual == 1 and rhythm.longest > 700


def law(a: float, b: float, c: float, begin: float = 0.5, n: int = 400) -> np.ndarray:
    return c + a * ((np.arange(n) + 0.5 + begin) ** -b)


def traced(values: np.ndarray, every: int = 1) -> Trace:
    trace = Trace()
    trace.feed(np.arange(len(values)) * every, np.arange(len(values)) * 1.0, values)
    return trace


def test_a_power_law_is_forecast_as_it_goes_on_whatever_its_units() -> None:
    values = law(2, 0.5, 0.4)
    found = forecast("loss", traced(values[:200]), 400, "min", baseline=0.0)
    assert found.about == approx(values[-1], rel=0.03)
    assert found.low < 0.9 * found.about, "it may go on as in its second half, twice over"
    assert found.low < found.about < found.high == approx(values[195:200].mean(), rel=0.04)
    large = forecast("loss", traced(1000 * values[:200], 10), 4000, "min", baseline=0.0)
    assert (large.about, large.low, large.high) == approx(
        (1000 * found.about, 1000 * found.low, 1000 * found.high), rel=1e-3
    )
    signed = values - 0.7
    down = forecast("x", traced(signed[:200]), 400, "min", baseline=-0.2)
    up = forecast("x", traced(-signed[:200]), 400, "max", baseline=0.2)
    assert (up.about, up.low, up.high) == approx((-down.about, -down.high, -down.low))
    assert up.beats_baseline == approx(down.beats_baseline)
    assert [row[1:] for row in up.cone] == approx(np.array([(-h, -m, -lo) for _, lo, m, h in down.cone]))


def test_the_ends_of_the_range_are_one_and_a_half_standard_deviations_away() -> None:
    trace = traced(law(2, 0.5, 0.4)[:200])
    known = forecast("loss", trace, 400, "min")
    for end, chance in ((known.high, stats.norm.cdf(1.5)), (known.low, stats.norm.cdf(-1.5))):
        assert forecast("loss", trace, 400, "min", baseline=end).beats_baseline == approx(chance)
    reach = (known.high - known.about) / 1.5
    for chance, told in ((0.36, False), (0.34, True), (0.64, False), (0.66, True)):
        side = reach if chance > 0.5 else (known.about - known.low) / 1.5
        found = forecast("loss", trace, 400, "min", baseline=known.about + side * stats.norm.ppf(chance))
        assert found.beats_baseline == (approx(chance) if told else None)
    both = forecast("loss", trace, 400, "min", baseline=known.high, baseline_sd=reach)
    assert both.beats_baseline == approx(stats.norm.cdf(1.5 / math.sqrt(2)))


def test_a_forecast_begins_with_a_fifth_of_the_run_and_thirty_points() -> None:
    assert forecast("l", traced(law(2, 0.5, 0.4, n=81)), 400, "min").about is not None
    assert forecast("l", traced(law(2, 0.5, 0.4, n=80)), 400, "min").about is None
    assert forecast("l", traced(law(2, 0.5, 0.4, n=30)), 100, "min").about is not None
    assert forecast("l", traced(law(2, 0.5, 0.4, n=29)), 100, "min").about is None
    over = forecast("l", traced(np.ones(50)), 40, "min")
    assert over.cone == () and (over.low, over.about, over.high) == approx((0.97, 1, 1.03), rel=1e-3)


def test_the_first_curve_is_kept_as_the_clock_whatever_it_is_and_a_forgotten_one_is_gone() -> None:
    health = RunHealth()
    health.feed("throughput", Points.of(np.arange(5), np.ones(5), np.arange(5.0)))
    health.feed("memory", Points.of(np.arange(9), np.ones(9), np.arange(9.0)))
    assert health.curve("throughput").trace is not None and health.curve("memory").trace is None
    assert health.clock().count == 5 and health.curve("other") is None
    health.restart("throughput")
    assert health.curve("throughput") is None and health.clock() is None
    health.feed("grad_norm", Points.of(np.arange(3), np.ones(3)))
    assert health.curve("grad_norm").trace is None


@pytest.mark.parametrize(
    ("tag", "role"),
    [
        ("weight_norm", "other"), ("norm/loss", "other"), ("gradients/norm", "gradient"),
        ("gradNorm", "gradient"), ("val/aux_loss", "evaluation"), ("_step", "other"), ("hp/loss", "train"),
        ("eval/return_mean", "evaluation"), ("val/mse", "validation"), ("time/loss_seconds", "other"),
    ],
)  # fmt: skip
def test_the_part_that_a_tag_plays(tag: str, role: str) -> None:
    assert role_of(tag) == role


@pytest.mark.parametrize("tag", ["lr", "train/learning_rate"])
def test_a_rise_where_the_learning_rate_rose_is_a_restart(tag: str) -> None:
    loss = level((5.0, 100), (1.0, 300), (3.0, 100))
    for rose, kind in ((1.6, "restart"), (1.4, "diverged")):
        rate = np.repeat([1.0, rose], [400, 100])
        found = {
            s.kind: s for s in fed({"loss": loss, tag: rate}).signs() if s.kind in ("restart", "diverged")
        }
        assert set(found) == {kind}
    early = np.repeat([1.0, 2.0], [50, 450])
    assert "restart" not in {s.kind for s in fed({"loss": loss, tag: early}).signs()}
    late = np.repeat([1.0, 2.0], [495, 5])
    assert "restart" not in {s.kind for s in fed({"loss": loss, tag: late}).signs()}
