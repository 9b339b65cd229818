"""Real training loops of scikit-learn models. Each yields what a trainer would log, step by step."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.demo.clinic import Patients
from runwatch.domain.borders import JsonDict


class Logged(msgspec.Struct, frozen=True):
    """One call of a trainer's log: ``step``, ``epoch``, and the metrics that were computed at it."""

    step: int
    epoch: int
    metrics: dict[str, float]


class Trained(msgspec.Struct, eq=False):
    """A model in training: ``scores`` says P(malignant) for raw features, at any time."""

    hparams: JsonDict
    model: Any = None
    mean: NDArray[np.float64] = msgspec.field(default_factory=lambda: np.zeros(1))
    spread: NDArray[np.float64] = msgspec.field(default_factory=lambda: np.ones(1))

    def scale(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return (x - self.mean) / self.spread

    def scores(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(self.model.predict_proba(self.scale(x))[:, 1])


def train_linear(
    trained: Trained, train: Patients, held_out: Patients, epochs: int, seed: int, batch: int = 100
) -> Iterator[Logged]:
    """Logistic regression by stochastic gradient descent, a mini-batch a step; the held-out rows are
    scored at each epoch's end. hparams: ``lr``, ``alpha``, ``decay`` (the rate's factor per epoch)."""
    from sklearn.linear_model import SGDClassifier

    lr, decay = float(trained.hparams["lr"]), float(trained.hparams.get("decay", 1.0))
    model = SGDClassifier(
        loss="log_loss",
        learning_rate="constant",
        eta0=lr,
        alpha=float(trained.hparams["alpha"]),
        random_state=seed,
    )
    trained.model, trained.mean, trained.spread = model, train.x.mean(axis=0), train.x.std(axis=0)
    rng = np.random.default_rng(seed)
    step = 0
    for epoch in range(epochs):
        order = rng.permutation(len(train.y))
        for start in range(0, len(order) - batch + 1, batch):
            rows = order[start : start + batch]
            model.partial_fit(trained.scale(train.x[rows]), train.y[rows], classes=[0, 1])
            step += 1
            metrics = {"train/loss": _loss(trained, train.x[rows], train.y[rows]), "lr": model.eta0}
            if start + 2 * batch > len(order):
                metrics |= evaluate(trained, held_out)
            yield Logged(step, epoch, metrics)
        model.eta0 *= decay


def train_network(
    trained: Trained, train: Patients, held_out: Patients, epochs: int, seed: int
) -> Iterator[Logged]:
    """A small neural network (scikit-learn's MLP, Adam), an epoch a step. hparams: ``lr``, ``width``."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        (int(trained.hparams["width"]),), learning_rate_init=float(trained.hparams["lr"]), random_state=seed
    )
    trained.model, trained.mean, trained.spread = model, train.x.mean(axis=0), train.x.std(axis=0)
    for epoch in range(epochs):
        model.partial_fit(trained.scale(train.x), train.y, classes=[0, 1])
        yield Logged(epoch, epoch, {"train/loss": float(model.loss_), **evaluate(trained, held_out)})


def train_boosting(
    trained: Trained, train: Patients, held_out: Patients, trees: int, seed: int
) -> Iterator[Logged]:
    """Gradient boosting, a tree a step (``warm_start``). hparams: ``lr``, ``depth``."""
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(
        learning_rate=float(trained.hparams["lr"]),
        max_depth=int(trained.hparams["depth"]),
        subsample=0.5,
        warm_start=True,
        n_estimators=1,
        random_state=seed,
    )
    trained.model = model
    for step in range(1, trees + 1):
        model.n_estimators = step
        model.fit(train.x, train.y)
        metrics = {"train/loss": float(model.train_score_[-1])}
        if step % 5 == 0:
            metrics |= evaluate(trained, held_out)
        yield Logged(step, 0, metrics)


def evaluate(trained: Trained, rows: Patients) -> dict[str, float]:
    """``val/loss``, ``val/auc`` and ``val/accuracy`` on held-out rows; NaN once the model has blown up."""
    from sklearn.metrics import roc_auc_score

    scores = _finite_scores(trained, rows.x)
    if scores is None:
        return dict.fromkeys(("val/loss", "val/auc", "val/accuracy"), float("nan"))
    return {
        "val/loss": _log_loss(rows.y, scores),
        "val/auc": float(roc_auc_score(rows.y, scores)),
        "val/accuracy": float(np.mean((scores >= 0.5) == rows.y)),
    }


def _finite_scores(trained: Trained, x: NDArray[np.float64]) -> NDArray[np.float64] | None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        scores = trained.scores(x)
    return scores if np.isfinite(scores).all() else None


def _loss(trained: Trained, x: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    scores = _finite_scores(trained, x)
    return float("nan") if scores is None else _log_loss(y, scores)


def _log_loss(y: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    clipped = np.clip(scores, 1e-300, 1.0)
    lost = np.clip(1.0 - scores, 1e-300, 1.0)
    return float(-np.mean(np.where(y == 1, np.log(clipped), np.log(lost))))
