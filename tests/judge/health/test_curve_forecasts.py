"""Rhythm and stalls, ETA, forecast, change points, roles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.domain.points import Points
from runwatch.judge.health.eta import progress
from runwatch.judge.health.forecast import forecast
from runwatch.judge.health.monitor import RunHealth
from runwatch.judge.health.rhythm import Rhythm, stall_sign
from runwatch.judge.health.roles import has_moving_target, loss_pairs, rank_of, role_of
from runwatch.judge.health.trace import Trace


def beating(gaps: list[float]) -> Rhythm:
    rhythm, at = Rhythm(), 1000.0
    rhythm.beat(at)
    for gap in gaps:
        at += gap
        rhythm.beat(at)
    return rhythm


def traced(values: np.ndarray, seconds_a_step: float = 2.0) -> Trace:
    trace = Trace()
    trace.feed(np.arange(len(values)), np.arange(len(values)) * seconds_a_step, values)
    return trace


def test_the_threshold_is_the_most_of_median_pause_and_floor() -> None:
    assert beating([1.0] * 50).threshold() == 600
    assert beating([60.0] * 50).threshold() == 1800
    assert beating([1.0] * 50 + [400.0] + [1.0] * 300).threshold() == 1200
    assert beating([1.0] * 50).threshold(earlier=500.0) == 1500


def test_before_a_first_pause_a_silence_is_only_quiet() -> None:
    rhythm = beating([1.0] * 100)
    assert rhythm.silence(rhythm.last + 599).word == "none"
    assert rhythm.silence(rhythm.last + 700).word == "quiet"
    assert rhythm.silence(rhythm.last + 700, process_gone=True).word == "stalled"
    assert rhythm.silence(rhythm.last + 700, gpu_idle=True).word == "stalled"
    assert rhythm.silence(rhythm.last + 700, earlier=100.0).word == "stalled"
    assert rhythm.silence(rhythm.last + 100, fixed=60.0).word == "stalled"


def test_a_stall_is_a_warning_then_critical() -> None:
    rhythm = beating([1.0] * 100 + [100.0, 1.0])
    severities = [stall_sign(rhythm.silence(rhythm.last + s), 7) for s in (500, 700, 1900)]
    assert severities[0] is None
    assert [sign.severity for sign in severities[1:] if sign] == ["warning", "critical"]
    quiet = beating([1.0] * 100)
    sign = stall_sign(quiet.silence(quiet.last + 5000), 7)
    assert sign is not None and sign.severity == "info" and sign.summary.startswith("quiet for 1 h 23")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-5, 100), max_size=300), st.floats(0, 1e6))
def test_a_rhythm_takes_any_times(gaps: list[float], later: float) -> None:
    rhythm = beating(gaps)
    assert rhythm.threshold() >= 600
    assert rhythm.silence((rhythm.last or 0) + later).seconds >= 0
    assert rhythm.silence((rhythm.last or 0) - later).word == "none"


def test_eta_is_exact_at_a_steady_pace_and_ranges_otherwise() -> None:
    about = progress(traced(np.ones(1000)), 999, total_steps=1999)
    assert about.speed == pytest.approx(0.5)
    assert about.eta == pytest.approx((2000, 2000, 2000))
    assert about.fraction == pytest.approx(999 / 1999)
    trace, gaps = Trace(), np.where(np.arange(1000) % 50 == 0, 60.0, 1.0)
    trace.feed(np.arange(1000), np.cumsum(gaps), np.ones(1000))
    low, high = progress(trace, 999, total_steps=1999).eta[1:]
    assert low < 1000 * gaps.mean() < high


def test_eta_from_epochs_and_none_without_a_total() -> None:
    known = progress(traced(np.ones(100)), 99, epoch=1.0, total_epochs=4.0)
    assert known.eta is not None and known.eta[0] == pytest.approx(99 * 3 * 2)
    assert progress(traced(np.ones(100)), 99).eta is None
    assert progress(None, None).speed is None
    assert progress(traced(np.ones(100), seconds_a_step=float("nan")), 99, total_steps=200).eta is None


def curve(n: int, seed: int = 0, noise: float = 0.01) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.4 + 2 * np.arange(1, n + 1) ** -0.5) * np.exp(rng.normal(0, noise, n))


def test_the_forecast_holds_the_final_value_and_narrows_to_it() -> None:
    values = curve(1000)
    final = float(np.median(values[-20:]))
    for seen in (250, 500, 900):
        found = forecast("val/loss", traced(values[:seen]), 1000, "min")
        assert found.low < final < found.high
        assert found.about == pytest.approx(final, rel=0.08)
        steps = [row[0] for row in found.cone]
        assert steps == sorted(steps) and steps[0] == seen - 1 and steps[-1] == 1000
        assert all(low <= about <= high for _, low, about, high in found.cone)
        now, then = found.cone[0], found.cone[-1]
        assert now[1] == now[2] == now[3]
        assert then[1:] == pytest.approx((found.low, found.about, found.high))


def test_a_rising_score_is_forecast_below_one() -> None:
    score = 1 - curve(800) / 4
    found = forecast("val/acc", traced(score[:400]), 800, "max", baseline=0.7)
    assert found.about == pytest.approx(float(score[-1]), abs=0.02) and found.high <= 1.03
    assert found.beats_baseline is not None and found.beats_baseline > 0.9


def finals(rng: np.random.Generator, shape: str) -> tuple[np.ndarray, float]:
    n = int(rng.integers(200, 800))
    t = np.arange(1, n + 1)
    if shape == "exponential":
        course = rng.uniform(0.2, 1) + 2 * np.exp(-t / (n * rng.uniform(0.08, 0.25)))
    else:
        course = (rng.uniform(0.2, 1) + 2 * t**-0.5) * (1 - 0.05 * (1 - np.cos(np.pi * t / n)))
    return course * np.exp(0.01 * rng.normal(size=n)), float(course[-1])


@pytest.mark.parametrize("shape", ["exponential", "cosine"])
def test_the_range_and_the_chance_hold_for_curves_that_are_no_power_law(shape: str) -> None:
    rng = np.random.default_rng(8)
    held, lost = [], []
    for _ in range(60):
        values, final = finals(rng, shape)
        seen = traced(values[: len(values) // 2])
        found = forecast("val/loss", seen, len(values), "min", baseline=1.03 * final)
        held.append(found.low is not None and found.low <= final <= found.high)
        lost.append(found.beats_baseline is not None and found.beats_baseline < 0.05)
    assert np.mean(held) >= 0.85 and np.mean(lost) <= 0.1


def test_the_range_stays_above_zero_for_a_loss_and_below_one_for_a_score() -> None:
    steep = 2 * np.arange(1, 301) ** -0.8
    assert forecast("loss", traced(steep[:100]), 300, "min").low >= 0
    assert forecast("acc", traced(1 - steep[:100] / 3), 300, "max").high <= 1.03


def test_the_forecast_says_why_it_cannot_tell() -> None:
    trace = traced(curve(100))
    assert "fifth" in forecast("l", trace, 10_000, "min").reason
    assert "not known" in forecast("l", trace, None, "min").reason
    assert "points" in forecast("l", traced(curve(10)), 20, "min").reason
    assert "higher or lower" in forecast("l", trace, 200, None).reason
    assert "baseline" in forecast("l", trace, 200, "min").reason
    about = forecast("l", trace, 200, "min")
    even = forecast("l", trace, 200, "min", baseline=about.about)
    assert even.beats_baseline is None and even.reason.startswith("cannot tell yet")


def test_beating_the_baseline_follows_the_direction() -> None:
    trace = traced(curve(500))
    assert forecast("l", trace, 1000, "min", baseline=5.0).beats_baseline == 0.99
    assert forecast("l", trace, 1000, "min", baseline=0.01).beats_baseline == 0.01
    unsure = forecast("l", trace, 1000, "min", baseline=0.6, baseline_sd=0.2).beats_baseline
    assert unsure is not None and 0.65 < unsure < 0.9


def test_a_learning_rate_drop_is_refitted_or_said() -> None:
    values = curve(1000)
    values[400:] = values[400:] - 0.2
    early = forecast("l", traced(values[:420]), 1000, "min")
    assert early.about is None and "changed its course" in early.reason
    late = forecast("l", traced(values[:800]), 1000, "min")
    assert late.about == pytest.approx(float(np.median(values[-20:])), rel=0.08)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=30, max_size=80), st.sampled_from(["min", "max"]))
def test_a_forecast_of_anything_is_finite_and_ordered(values: list[float], direction: str) -> None:
    found = forecast("x", traced(np.array(values)), 100, direction)  # type: ignore[arg-type]
    if found.about is not None:
        assert np.isfinite([found.about, found.low, found.high]).all()
        assert found.low <= found.about <= found.high


@pytest.mark.parametrize(
    ("tag", "role"),
    [
        ("train/loss", "train"), ("loss", "train"), ("val_loss", "validation"), ("eval/loss", "validation"),
        ("test/Logloss", "validation"), ("train's binary_logloss", "train"), ("val/acc", "evaluation"),
        ("train/grad_norm", "gradient"), ("lr", "other"), ("throughput", "other"), ("hp_metric", "other"),
        ("train/value_loss", "evaluation"), ("train/approx_kl", "other"), ("kl_loss", "evaluation"),
        ("cross_entropy", "train"), ("d_loss", "evaluation"), ("epoch", "other"), ("mse_1", "train"),
    ],
)  # fmt: skip
def test_roles(tag: str, role: str) -> None:
    assert role_of(tag) == role


def test_pairs_ranks_and_moving_goals() -> None:
    tags = ["train_loss_step", "train_loss_epoch", "val_loss", "learn/Logloss", "test/Logloss", "val/acc"]
    assert loss_pairs(tags) == {"val_loss": "train_loss_epoch", "test/Logloss": "learn/Logloss"}
    assert rank_of("metrics_rank3/loss") == ("metrics/loss", 3)
    assert rank_of("rank_0/train/loss") == ("/train/loss", 0)
    assert rank_of("train/rankloss") is None
    assert has_moving_target("train/policy_gradient_loss") and has_moving_target("loss/d")
    assert not has_moving_target("train/loss") and not has_moving_target("train/cls_loss")
    for tag in (
        "discriminator/total_loss",
        "netD_loss",
        "D/loss/fake",
        "d_fake_loss",
        "train/reward",
        "reward_mean",
    ):
        assert has_moving_target(tag), tag
    for tag in ("eval/mean_reward", "avg_return", "Episode_Return"):
        assert has_moving_target(tag), tag
    for tag in (
        "rewards/margins",
        "rewards/accuracies",
        "reward_std_loss",
        "3d_keypoint_loss",
        "gen_text_loss",
    ):
        assert not has_moving_target(tag), tag


def test_the_clock_is_the_longest_curve_with_times() -> None:
    health = RunHealth()
    health.feed("lr", Points.of(np.arange(5), np.ones(5), np.arange(5.0)))
    health.feed("val/acc", Points.of(np.arange(9), np.ones(9)))
    assert health.clock() is not None and health.clock().count == 5
