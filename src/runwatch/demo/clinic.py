"""What the samples are about: a clinic's screening model, from scikit-learn's breast cancer data.

569 real patients become as many as are needed by a smoothed bootstrap: rows drawn with replacement, each
value moved by a twentieth of its feature's spread. Clinics and scanners are assigned at random, then things
happen to the nights: one scanner's calibration wanders, a form field is left empty more often, a new
scanner arrives. Everything follows from the seed."""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.borders import JsonDict

FEATURES = (
    "mean radius",
    "mean texture",
    "mean smoothness",
    "mean compactness",
    "mean concavity",
    "mean symmetry",
    "texture error",
    "worst area",
    "worst smoothness",
    "worst symmetry",
)
CLINICS = ("north", "south", "east", "harbour")
SCANNERS = ("Axio 2", "Axio 3", "Leto")
NEW_SCANNER = "Axio 4"
SMOOTH = 0.05
TEXTURE_DRIFT_PER_NIGHT = 0.07
EMPTY_FROM_NIGHT, EMPTY_SHARE = 7, 0.09
NEW_SCANNER_NIGHT, NEW_SCANNER_SHARE = 9, 0.12


class Patients(msgspec.Struct, frozen=True, eq=False):
    """The patients of the sample data."""

    table: JsonDict
    """Columns by name, as pandas takes them."""
    x: NDArray[np.float64]
    """The features [n, 10]."""
    y: NDArray[np.int64]
    """1 = malignant."""


@cache
def _real() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    chosen = [list(bunch.feature_names).index(name) for name in FEATURES]
    return bunch.data[:, chosen], 1 - bunch.target


def patients(n: int, seed: int, night: int | None = None) -> Patients:
    """``n`` patients; ``night``: what had gone wrong by that night (None: nothing)."""
    rng = np.random.default_rng(seed)
    real_x, real_y = _real()
    rows = rng.integers(0, len(real_y), n)
    x = real_x[rows] + rng.normal(size=(n, len(FEATURES))) * real_x.std(axis=0) * SMOOTH
    x, y = np.maximum(x, 0.0), real_y[rows]
    clinic = rng.choice(CLINICS, n, p=(0.4, 0.3, 0.2, 0.1))
    scanner = rng.choice(SCANNERS, n, p=(0.5, 0.35, 0.15)).astype(object)
    if night is not None:
        x = _wander(x, night)
        if night >= NEW_SCANNER_NIGHT:
            scanner[rng.random(n) < NEW_SCANNER_SHARE] = NEW_SCANNER
    first = 0 if night is None else night * n
    table: JsonDict = {"patient": [f"P{seed:03d}-{first + i:06d}" for i in range(n)]}
    table |= {name: np.round(x[:, j], 4) for j, name in enumerate(FEATURES)}
    table |= {"clinic": clinic.astype(object), "scanner": scanner}
    if night is not None and night >= EMPTY_FROM_NIGHT:
        table["worst symmetry"] = np.where(rng.random(n) < EMPTY_SHARE, np.nan, table["worst symmetry"])
    return Patients(table, x, y)


def _wander(x: NDArray[np.float64], night: int) -> NDArray[np.float64]:
    """The calibration of ``mean texture`` wanders from the fourth night on."""
    column = FEATURES.index("mean texture")
    moved = x.copy()
    moved[:, column] += max(night - 3, 0) * TEXTURE_DRIFT_PER_NIGHT * _real()[0][:, column].std()
    return moved
