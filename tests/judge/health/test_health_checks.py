"""Each check by its own rule, and all of them by the law that the cutting into feeds does not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.domain.points import Points
from runwatch.judge.health.monitor import RunHealth
from runwatch.judge.health.trace import CAPACITY, Trace


def fed(curves: dict[str, np.ndarray], walls: np.ndarray | None = None) -> RunHealth:
    health = RunHealth()
    for tag, values in curves.items():
        health.feed(tag, Points.of(np.arange(len(values)), values, walls))
    return health


def kinds(curves: dict[str, np.ndarray], walls: np.ndarray | None = None) -> set[tuple[str, str]]:
    return {(sign.kind, sign.severity) for sign in fed(curves, walls).signs()}


def falling(n: int, noise: float = 0.02, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.3 + 2 * np.arange(1, n + 1) ** -0.4) * np.exp(rng.normal(0, noise, n))


def test_one_nan_in_a_loss_or_evaluation_metric_is_critical_but_not_in_a_learning_rate() -> None:
    values = falling(60)
    values[30] = np.nan
    assert kinds({"train/loss": values}) == {("nonfinite", "critical")}
    assert kinds({"val/acc": values}) == {("nonfinite", "critical")}
    assert kinds({"lr": values}) == set()


def test_a_gradient_norm_may_skip_two_steps_but_not_three() -> None:
    values = np.ones(60)
    values[[10, 11, 20, 40, 41]] = np.inf
    assert kinds({"grad_norm": values}) == set()
    values[42] = np.nan
    (sign,) = fed({"grad_norm": values}).signs()
    assert (sign.kind, sign.first_step, sign.last_step) == ("nonfinite", 10, 42)


def test_a_single_high_point_is_no_spike_and_three_spikes_are_a_warning() -> None:
    values = falling(600)
    values[200] *= 5
    assert kinds({"loss": values}) == set()
    for at in (200, 300, 400):
        values[at : at + 3] *= 4
    signs = [sign for sign in fed({"loss": values}).signs() if sign.kind == "spike"]
    assert [sign.severity for sign in signs] == ["info", "info", "warning"]
    assert [sign.last_step for sign in signs] == [202, 302, 402]


@pytest.mark.parametrize(("again", "steps"), [(206, [208]), (207, [202, 209])])
def test_spikes_up_to_five_points_apart_are_one(again: int, steps: list[int]) -> None:
    values = falling(600)
    values[200:203] *= 4
    values[again : again + 3] *= 4
    signs = [sign for sign in fed({"loss": values}).signs() if sign.kind == "spike"]
    assert [sign.last_step for sign in signs] == steps


def test_divergence_is_withdrawn_when_the_loss_comes_back() -> None:
    values = falling(600)
    values[300:400] *= 3
    assert ("diverged", "warning") in kinds({"loss": values[:380]})
    assert ("diverged", "warning") not in kinds({"loss": values})


def test_a_short_curve_explodes() -> None:
    epochs = np.concatenate((falling(12), [0.9, 4.0, 30.0, 900.0, 5e4]))
    (sign,) = fed({"val_loss": epochs}).signs()
    assert (sign.kind, sign.severity, sign.evidence["since_step"]) == ("diverged", "critical", 13)
    assert 9 <= sign.first_step <= 12
    assert kinds({"val_loss": epochs[:13]}) == set()
    assert kinds({"val_loss": np.geomspace(1, 1e-6, 40)}) == set()


def test_losses_around_zero_neither_spike_nor_diverge_by_noise() -> None:
    rng = np.random.default_rng(3)
    assert kinds({"loss": rng.normal(0, 1, 2000)}) <= {("plateau", "info")}
    assert kinds({"loss": 1e-7 * np.exp(rng.normal(0, 0.3, 2000)) + 0}) <= {("plateau", "info")}
    assert kinds({"loss": np.zeros(500)}) <= {("plateau", "info")}


def test_a_loss_below_zero_that_diverges_is_found() -> None:
    values = np.concatenate((np.linspace(3, -1.2, 200), np.linspace(-1.2, 20, 100)))
    assert ("diverged", "critical") in kinds({"nll": values})


def test_a_loss_that_rises_from_just_below_zero_is_found() -> None:
    values = np.concatenate((np.linspace(3, -0.5, 200), np.linspace(-0.5, 20, 100)))
    assert ("diverged", "critical") in kinds({"nll": values})


def test_the_best_is_known_when_each_feed_is_the_best_so_far() -> None:
    values = np.concatenate((np.linspace(3, 0.5, 300), np.linspace(0.5, 8, 100)))
    health = RunHealth()
    for at in range(0, len(values), 10):
        health.feed("loss", Points.of(np.arange(at, at + 10), values[at : at + 10]))
    (sign,) = health.signs()
    assert (sign.kind, sign.severity) == ("diverged", "critical") and 290 <= sign.first_step <= 320


def test_float_noise_of_a_converged_loss_is_no_divergence() -> None:
    values = np.concatenate((np.geomspace(2, 1e-7, 300), np.full(100, 1e-6)))
    assert kinds({"loss": values}) <= {("plateau", "info")}


def test_a_plateau_is_a_hint() -> None:
    flat = np.concatenate((falling(300), np.full(300, falling(300)[-1])))
    assert ("plateau", "info") in kinds({"loss": flat})
    assert kinds({"loss": np.linspace(3, 1, 600)}) == set()


def test_overfitting_needs_a_training_loss_that_falls() -> None:
    validation = np.concatenate((np.linspace(2, 1, 20), np.linspace(1, 1.4, 20)))
    still = np.concatenate((np.linspace(2, 0.8, 20), np.full(20, 0.8)))
    assert kinds({"val_loss": validation, "loss": np.linspace(2, 0.2, 40)}) == {("overfitting", "warning")}
    assert kinds({"val_loss": validation, "loss": still}) == set()
    assert kinds({"val_loss": validation}) == set()


@pytest.mark.parametrize("seed", range(5))
def test_the_noise_of_the_validation_loss_is_no_overfitting(seed: int) -> None:
    validation = 1 + np.random.default_rng(seed).normal(0, 0.1, 40)
    assert kinds({"val_loss": validation, "loss": np.linspace(2, 0.2, 40)}) == set()


def test_boosters_pair_their_numbered_sets() -> None:
    validation = np.concatenate((np.linspace(2, 1, 20), np.linspace(1, 1.4, 20)))
    curves = {"validation_0-logloss": np.linspace(2, 0.2, 40), "validation_1-logloss": validation}
    assert kinds(curves) == {("overfitting", "warning")}
    (sign,) = fed(curves).signs()
    assert (sign.tag, sign.evidence["train"]) == ("validation_1-logloss", "validation_0-logloss")


def test_reinforcement_learning_is_not_judged_by_a_falling_loss() -> None:
    rising = np.geomspace(1, 500, 400)
    curves = {"train/loss": rising, "train/value_loss": rising, "rollout/ep_rew_mean": rising}
    assert kinds(curves) == set()
    assert ("diverged", "critical") in kinds({"train/loss": rising})


def test_slow_is_five_minutes_at_a_lesser_pace() -> None:
    before, after = np.full(2000, 1.0), np.full(900, 1.8)
    values = falling(2900)
    walls = 1e9 + np.cumsum(np.concatenate((before, after)))
    assert ("slow", "warning") in kinds({"train/loss": values}, walls)
    (sign,) = fed({"train/loss": values}, walls).signs()
    assert walls[sign.first_step] <= sign.evidence["since"] <= walls[-1] - 300
    assert kinds({"train/loss": values[:2060]}, walls[:2060]) == set(), "a minute is not yet five"
    assert kinds({"train/loss": values}, 1e9 + np.arange(2900.0)) == set()


def test_a_rank_that_falls_behind_and_one_off_the_level() -> None:
    curves = {f"rank_{k}/train/loss": falling(200, seed=k) for k in range(4)}
    assert kinds(curves) == set()
    assert kinds({**curves, "rank_2/train/loss": falling(100)}) == {("ranks-apart", "warning")}
    signs = fed({**curves, "rank_2/train/loss": 2 * falling(200)}).signs()
    assert [(sign.kind, sign.severity, sign.tag) for sign in signs] == [
        ("ranks-apart", "info", "rank_2/train/loss")
    ]


def test_restart_forgets_a_tag() -> None:
    health = fed({"train/loss": np.full(50, np.nan)})
    assert health.signs()
    health.restart("train/loss")
    health.feed("train/loss", Points.of(np.arange(50), falling(50)))
    assert health.signs() == ()


def test_hostile_tags_are_made_safe_in_summaries() -> None:
    (sign,) = fed({"\x1b]52;c;x\x07/loss": np.full(5, np.nan)}).signs()
    assert "\x1b" not in sign.summary and "␛" in sign.summary


values_strategy = st.lists(
    st.one_of(
        st.floats(0.01, 5),
        st.sampled_from([1.0, 1.0, 8.0, 0.0, -2.0, float("nan"), float("inf"), 1e-300, 1e300]),
    ),
    min_size=1,
    max_size=400,
)


@settings(max_examples=60, deadline=None)
@given(values_strategy, st.lists(st.integers(1, 60), min_size=1, max_size=30), st.integers(0, 3))
def test_any_cutting_into_feeds_gives_the_same_signs(values: list[float], cuts: list[int], fold: int) -> None:
    base = np.array(values * (1 + fold))
    walls = 1e9 + np.cumsum(np.abs(np.nan_to_num(base, nan=1.0, posinf=9.0)) % 10)
    tags = ["train/loss", "val/loss", "rank_0/train/loss", "rank_1/train/loss", "grad_norm", "val/acc"]
    whole, pieces = RunHealth(), RunHealth()
    steps = np.arange(len(base))
    for tag in tags:
        whole.feed(tag, Points(steps, walls, base))
        at = turn = 0
        while at < len(base):
            stop = at + cuts[turn % len(cuts)]
            pieces.feed(tag, Points(steps[at:stop], walls[at:stop], base[at:stop]))
            at, turn = stop, turn + 1
    assert repr(whole.signs()) == repr(pieces.signs())


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3000), st.lists(st.integers(1, 700), min_size=1, max_size=8))
def test_a_trace_is_bounded_exact_when_short_and_independent_of_the_cutting(n: int, cuts: list[int]) -> None:
    values = np.random.default_rng(n).normal(size=n)
    steps, walls = np.arange(n) * 3, np.arange(n) * 0.5
    whole, pieces = Trace(), Trace()
    whole.feed(steps, walls, values)
    at = turn = 0
    while at < n:
        stop = at + cuts[turn % len(cuts)]
        pieces.feed(steps[at:stop], walls[at:stop], values[at:stop])
        at, turn = stop, turn + 1
    assert whole.filled <= CAPACITY
    for name in ("steps", "walls", "means"):
        assert np.array_equal(getattr(whole, name), getattr(pieces, name))
    used = whole.filled * whole.size
    assert np.allclose(whole.means, values[:used].reshape(-1, whole.size).mean(axis=1))
    assert n - used < whole.size and whole.last_step == steps[-1]
