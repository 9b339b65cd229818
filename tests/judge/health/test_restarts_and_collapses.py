"""A restart of the learning rate is no divergence; a model that goes back to chance is found."""

from __future__ import annotations

import numpy as np
import pytest

from runwatch.domain.health import HealthSign
from runwatch.domain.points import Points
from runwatch.judge.health.monitor import RunHealth


def fed(series: dict[str, np.ndarray], looks: int = 1) -> list[tuple[HealthSign, ...]]:
    """The signs at each of ``looks`` looks at curves that grow together."""
    health, out, before = RunHealth(), [], dict.fromkeys(series, 0)
    for look in range(1, looks + 1):
        for tag, values in series.items():
            until = len(values) * look // looks
            at = np.arange(before[tag], until)
            health.feed(tag, Points(at.astype(np.int64), 1.7e9 + at, values[at]))
            before[tag] = until
        out.append(health.signs())
    return out


def severities(signs: tuple[HealthSign, ...], kind: str = "diverged") -> set[tuple[str, str]]:
    return {(sign.severity, sign.tag) for sign in signs if sign.kind == kind}


def decay(n: int, start: float = 2.3, end: float = 0.3) -> np.ndarray:
    return end + (start - end) * np.arange(1, n + 1) ** -0.5


def restarts(rng, level: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """(loss, learning rate) of cosine cycles of 800, 1,600 and 3,200 steps; the higher the ``level`` of the
    first, the larger the part of the fall that a restart takes back."""
    loss, rates = [], []
    for length in (800, 1600, 3200):
        rate = 0.5 * (1 + np.cos(np.pi * np.arange(length) / length))
        loss.append(level * (0.25 + 0.75 * rate))
        rates.append(rate)
        level *= 0.7
    values = np.concatenate(loss)
    values[:300] += 1.7 * np.exp(-np.arange(300) / 60)
    return values * np.exp(0.15 * rng.normal(size=len(values))), 0.1 * np.concatenate(rates)


@pytest.mark.parametrize("seed", range(4))
def test_warm_restarts_are_no_divergence(seed: int) -> None:
    loss, _ = restarts(np.random.default_rng(seed))
    assert not any(severities(signs) for signs in fed({"train/loss": loss}, 30))


@pytest.mark.parametrize("seed", range(4))
def test_a_restart_that_takes_back_most_is_never_critical_and_passes(seed: int) -> None:
    loss, _ = restarts(np.random.default_rng(seed), level=4.0)
    looks = fed({"train/loss": loss}, 30)
    assert not any(severity == "critical" for signs in looks for severity, _ in severities(signs))
    assert not severities(looks[-1])


@pytest.mark.parametrize("best, worse", [(2.5, 5.5), (0.02, 1.5), (0.3, 1.2)])
def test_a_loss_that_stays_well_above_its_best_is_found(best: float, worse: float) -> None:
    rng = np.random.default_rng(4)
    loss = best + (8.5 if best > 1 else 2.3) * np.exp(-np.arange(3000) / 150)
    loss[2000:] = worse
    assert severities(fed({"loss": loss * np.exp(0.05 * rng.normal(size=3000))})[-1])


@pytest.mark.parametrize("tag", ["lr", "train/learning_rate", "lr-SGD/pg1"])
def test_a_learning_rate_that_rose_explains_it(tag: str) -> None:
    loss, rate = restarts(np.random.default_rng(0), level=4.0)
    assert any(severities(signs) for signs in fed({"train/loss": loss}, 30))
    looks = fed({"train/loss": loss, tag: rate}, 30)
    assert not any(severities(signs) for signs in looks)
    assert {severity for signs in looks for severity, _ in severities(signs, "restart")} == {"info"}
    summary = next(s.summary for signs in looks for s in signs if s.kind == "restart")
    assert f"{tag} rose there: a restart" in summary


def test_cycles_that_come_again_are_known_after_the_first(rng=None) -> None:
    rng = np.random.default_rng(3)
    at = np.arange(6000)
    loss = (decay(6000, end=0.25) + 0.5 * (1 - np.abs((at % 800) / 400 - 1))) * np.exp(
        0.1 * rng.normal(size=6000)
    )
    looks = fed({"loss": loss}, 40)
    assert not any(severities(signs) for signs in looks[15:])


@pytest.mark.parametrize("epochs", [18, 40, 400])
def test_a_collapse_to_chance_is_found_in_losses_and_in_accuracy(epochs: int) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        at = np.arange(1, epochs + 1)
        gone = at > 0.6 * epochs
        loss = np.where(gone, 2.303, decay(epochs, end=0.4)) * np.exp(0.03 * rng.normal(size=epochs))
        accuracy = np.where(gone, 0.1, 0.9 - 0.4 * at**-0.7) + 0.005 * rng.normal(size=epochs)
        signs = fed({"train_loss": loss, "val_loss": loss + 0.1, "val_acc": accuracy})[-1]
        assert {tag for _, tag in severities(signs)} == {"train_loss", "val_loss", "val_acc"}
        assert all(severity in ("warning", "critical") for severity, _ in severities(signs))
        said = next(s.summary for s in signs if s.tag == "val_acc" and s.kind == "diverged")
        assert "went to" in said and "worse than where it began" in said
        said = next(s.summary for s in signs if s.tag == "train_loss" and s.kind == "diverged")
        assert "train_loss" in said


SHORT = {
    "train_loss": [2.31, 1.2, 0.8, 2.303, 2.31, 2.30],
    "val_acc": [0.3, 0.6, 0.75, 0.11, 0.1, 0.1],
    "eval/bleu": [12, 20, 24, 26, 0.3, 0.1, 0.2],
    "val_auc": [0.7, 0.8, 0.85, 0.9, 0.91, 0.5, 0.5, 0.51],
    "loss": [0.5, 0.46, 0.43, 2.3, 2.31, 2.3],
    "val_loss": [2.3, 1.7, 1.5, 1.35, 1.25, 1.2, 2.31, 2.29, 2.3, 2.3],
}


@pytest.mark.parametrize("tag", SHORT)
def test_a_collapse_is_found_from_six_points_on(tag: str) -> None:
    values = np.array(SHORT[tag], dtype=np.float64)
    assert severities(fed({tag: values})[-1]) == {("warning", tag)}
    assert not severities(fed({tag: values[: len(values) // 2]})[-1])


def test_a_model_that_was_good_from_the_beginning_can_collapse() -> None:
    at, rng = np.arange(1, 21), np.random.default_rng(0)
    for tag, good, gone in (
        ("val_acc", 0.85 + 0.01 * np.log(at), 0.1),
        ("loss", 0.5 - 0.05 * np.log(at), 2.3),
    ):
        values = np.where(at < 12, good, gone) + 0.005 * rng.normal(size=20)
        (sign,) = fed({tag: values})[-1]
        assert (sign.kind, sign.severity) == ("diverged", "warning")
        assert "worse than where it began" in sign.summary


def test_a_reward_that_is_lost_for_good_is_found_and_one_that_comes_back_is_not() -> None:
    rng = np.random.default_rng(0)
    reward = 500 * (1 - np.exp(-np.arange(60) / 8)) + 20 * rng.normal(size=60)
    losses = {"train/value_loss": np.linspace(1, 20, 60)}
    dips = np.where(np.arange(60) // 5 % 4 == 3, reward / 10, reward)
    assert not any(severities(signs) for signs in fed({"eval/mean_reward": dips, **losses}, 20))
    lost = np.where(np.arange(60) < 40, reward, 10.0)
    assert severities(fed({"eval/mean_reward": lost, **losses})[-1]) == {("warning", "eval/mean_reward")}


def test_an_accuracy_that_loses_less_than_half_of_its_gain_has_not_collapsed() -> None:
    accuracy = np.array([0.1, 0.3, 0.5, 0.7, 0.85, 0.9, 0.9, 0.9, *[0.55] * 8])
    assert not severities(fed({"val/acc": accuracy})[-1])
    accuracy[8:] = 0.1
    assert severities(fed({"val/acc": accuracy})[-1])


def test_short_noisy_metrics_do_not_collapse() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        noise = {"val_f1": 0.6 + 0.06 * rng.normal(size=14), "val_map": 0.9 - 0.5 * np.arange(1, 15) ** -0.8}
        assert not any(severities(signs) for signs in fed(noise, 14))
    recall = np.array([1.0, 1.0, 0.5, 0.42, 0.4, 0.41, 0.4, 0.42, 0.43, 0.4, 0.41, 0.4, 0.42])
    assert not severities(fed({"val_recall": recall})[-1])


def test_a_loss_that_is_often_zero_does_not_spike() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        loss = decay(4000, 1.0, 0.01) * rng.exponential(size=4000) * (rng.random(4000) < 0.6)
        assert not fed({"triplet_loss": loss})[-1]
        loss[3600:4000:100] = loss[3601:4000:100] = 5.0
        assert ("warning", "triplet_loss") in severities(fed({"triplet_loss": loss})[-1], "spike")


def test_noise_and_overfitting_are_no_collapse() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        at = np.arange(1, 61)
        accuracy = 0.9 - 0.4 * at**-0.7 + 0.03 * rng.normal(size=60)
        slow = 0.5 + 1.5 * at**-1.0 + 0.01 * np.maximum(at - 15, 0) + 0.02 * rng.normal(size=60)
        signs = fed({"val_acc": accuracy, "val_loss": slow}, 20)
        assert not any(severities(one) for one in signs)


def test_above_where_it_began_is_critical() -> None:
    rng = np.random.default_rng(1)
    loss = decay(3000) * np.where(np.arange(3000) > 1500, 2.0 ** ((np.arange(3000) - 1500) / 300), 1)
    assert severities(fed({"loss": loss * np.exp(0.1 * rng.normal(size=3000))})[-1]) == {("critical", "loss")}
    stays = decay(3000) * np.where(np.arange(3000) > 1500, 3.0, 1)
    assert severities(fed({"loss": stays * np.exp(0.1 * rng.normal(size=3000))})[-1]) == {("warning", "loss")}


@pytest.mark.parametrize("every", [20, 40, 120])
def test_the_oftener_it_spikes_the_more_it_warns(every: int) -> None:
    rng = np.random.default_rng(2)
    loss = decay(2000) * np.exp(0.05 * rng.normal(size=2000))
    for start in range(1000, 2000, every):
        loss[start : start + 3] *= 6
    assert ("warning", "loss") in severities(fed({"loss": loss})[-1], "spike")


def test_the_answer_does_not_depend_on_the_looks() -> None:
    loss, rate = restarts(np.random.default_rng(5))
    once, often = (fed({"loss": loss[:3000], "lr": rate[:3000]}, looks)[-1] for looks in (1, 37))
    assert once == often
