"""All columns together: can a classifier tell the batch's rows from the reference's? Fit on one half of the
rows, one-sided Mann-Whitney on the other, so that the p-value is honest (folds are not independent, halves
are). Dependent rows stay in one half: all of a group where there are groups, else stretches of
neighbours; and the spread of the AUC is that of dependent rows (DeLong's components with a design
effect). Two are asked, Bonferroni over both: a linear discriminant on ranks sees many small shifts, of which
trees see too little; trees see changed combinations. Needs scikit-learn; run it in another process where its
import matters."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.dependence import clustered, serial
from runwatch.domain.drift import DriftVerdict, Multivariate
from runwatch.domain.points import AnyArray
from runwatch.domain.profile import Floats
from runwatch.judge.drift.p_values import normal_p_value

METHOD = "domain classifier"
MIN_ROWS = 100
MAX_LEVELS = 32
LEVELS: tuple[float, float] = (0.55, 0.65)
ALPHA = 0.01
TOP = 10
_LENGTHS = 10
_REPEATED, _FILLERS, _BEYOND_CHANCE = 0.05, 8, 3.0
_GIVES_AWAY = 0.05

_RIDGE = 1e-3
_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")

Table = Mapping[str, AnyArray]
Labels = NDArray[np.int64]
Model = Callable[[Floats], Floats]


def domain_classifier(
    reference: Table, current: Table, seed: int = 0, groups: tuple[Labels, Labels] | None = None
) -> Multivariate:
    """The AUC by which rows of ``current`` are told from rows of ``reference`` (columns by name, row-aligned,
    float64 with NaN or object arrays of str and None; the columns of both are used) by the surer of two
    classifiers, with the p that it is 0.5 and the columns that give it away (the drop in AUC when the column
    is shuffled). ``groups``: whose each row is, int64 ``[n]`` and ``[m]``. Verdict: p < 0.01 and AUC >= 0.55
    is a warning, >= 0.65 drifted; too few rows are ``unknown``."""
    names = [name for name in reference if name in current]
    n = len(next(iter(reference.values()), ()))
    m = len(next(iter(current.values()), ()))
    if not names or n < MIN_ROWS or m < MIN_ROWS:
        reason = "no columns in common" if not names else f"needs {MIN_ROWS} rows a side, has {n} and {m}"
        return _unknown(n, m, reason)
    rng = np.random.default_rng(seed)
    x = np.column_stack([_coded(reference[name], current[name]) for name in names])
    y = np.repeat([0, 1], [n, m])
    owners = _repeated(x, n) if groups is None else _owners(*groups)
    worth = _worth(x, n, owners if groups is None else None, groups is not None)
    if min(worth) < MIN_ROWS:
        message = (
            f"rows are not independent: about {worth[0]:.0f} and {worth[1]:.0f} effective, needs {MIN_ROWS}"
        )
        return _unknown(n, m, message)
    together = _stretches(x, n, m) if owners is None else owners
    fit, held = _halves(together, y, rng)
    # scikit-learn cannot bin a column with no values
    informative = np.flatnonzero(~np.isnan(x[fit]).all(axis=0))
    x, names = x[:, informative], [names[i] for i in informative]
    if not names:
        return _unknown(n, m, "no values in any column")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # scikit-learn's about its own threads
        models = [_discriminant(x[fit], y[fit]), _trees(x[fit], y[fit], seed)]
        separations = [
            separation(model(x[held]), y[held], None if owners is None else owners[held]) for model in models
        ]
        surer = min(range(len(models)), key=lambda i: (separations[i][1], -separations[i][0]))
        model, auc = models[surer], separations[surer][0]
        p = min(1.0, len(models) * separations[surer][1])
        verdict = _verdict(auc, p)
        top = _importance(model, x[held], y[held], names, rng) if verdict != "stable" else ()
    return Multivariate(
        METHOD, auc=auc, p_value=p, n_reference=n, n_current=m, verdict=verdict, top_features=top
    )


def _unknown(n: int, m: int, reason: str) -> Multivariate:
    return Multivariate(
        METHOD,
        auc=None,
        p_value=None,
        n_reference=n,
        n_current=m,
        verdict="unknown",
        top_features=(),
        reason=reason,
    )


def _verdict(auc: float, p: float) -> DriftVerdict:
    if p >= ALPHA or auc < LEVELS[0]:
        return "stable"
    return "drifted" if auc >= LEVELS[1] else "warning"


def _coded(a: AnyArray, b: AnyArray) -> Floats:
    """Both sides as floats: numbers as they are, texts as the rank of their frequency, rare as one."""
    if a.dtype != object and b.dtype != object:
        return np.concatenate([a, b]).astype(np.float64)
    both = [None if v is None or v != v else str(v) for v in (*a.tolist(), *b.tolist())]
    words, counts = np.unique([v for v in both if v is not None], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MAX_LEVELS]
    code = {str(words[i]): float(rank) for rank, i in enumerate(order)}
    return np.array([math.nan if v is None else code.get(v, float(MAX_LEVELS)) for v in both])


def _repeated(x: Floats, n: int) -> Labels | None:
    """Equal rows as of one owner, where rows of one side are equal far more often than rows of both are (as
    rows of few values are); None elsewhere. The few rows that occur most do not count: they are a filler."""
    filled = np.where(np.isnan(x), -np.inf, x)
    owners: Labels = np.unique(filled, axis=0, return_inverse=True)[1].ravel()
    sides = [np.bincount(part, minlength=int(owners.max()) + 1) for part in (owners[:n], owners[n:])]
    by_chance = float(sides[0] @ sides[1]) / (len(x) - n) / n
    for side in sides:
        rest = np.sort(side)[:-_FILLERS].astype(np.float64)
        pairs, rows = float((rest * (rest - 1)).sum()), int(side.sum())
        if pairs > max(_REPEATED * rest.sum(), _BEYOND_CHANCE * by_chance * rows**2):
            return owners
    return None


def _worth(x: Floats, n: int, repeated: Labels | None, grouped: bool) -> tuple[float, float]:
    """How many independent rows either side has at most."""
    if grouped:
        return n, len(x) - n
    if repeated is not None:
        return len(np.unique(repeated[:n])), len(np.unique(repeated[n:]))
    return n / _design(x[:n]), (len(x) - n) / _design(x[n:])


def _stretches(x: Floats, n: int, m: int) -> Labels:
    """Neighbours as if they were of one group where rows hang together, else each row its own."""
    sides, first = [], 0
    for rows, part in ((n, x[:n]), (m, x[n:])):
        design = _design(part)
        count = rows if design <= 1 else int(np.clip(rows / (_LENGTHS * design), 4, rows))
        sides.append(first + np.arange(rows) * count // rows)
        first = int(sides[-1][-1]) + 1
    return np.concatenate(sides)


def _design(part: Floats) -> float:
    """How many neighbouring rows are worth one independent one, in the column where most are."""
    columns = (column[~np.isnan(column)] for column in part.T)
    return max((serial(column) for column in columns), default=1.0)


def _owners(a: Labels, b: Labels) -> Labels:
    """The groups of both sides, numbered; one that is on both sides is one."""
    owners: Labels = np.unique(np.concatenate([a, b]), return_inverse=True)[1]
    return owners


def _halves(owners: Labels, y: Labels, rng: np.random.Generator) -> tuple[Labels, Labels]:
    """Row numbers of two halves, each with about half of either side's rows, no owner in both."""
    fit = np.zeros(int(owners.max()) + 1, dtype=bool)
    sizes = np.stack([np.bincount(owners[y == side], minlength=len(fit)) for side in (0, 1)])
    for own in (sizes[0] >= sizes[1], sizes[0] < sizes[1]):
        order = rng.permutation(np.flatnonzero(own))
        until = np.cumsum(sizes[:, order].sum(axis=0))
        fit[order[until <= (until[-1] + 1) // 2] if len(until) else order] = True
    chosen = fit[owners]
    return np.flatnonzero(chosen), np.flatnonzero(~chosen)


def separation(scores: Floats, y: Labels, owners: Labels | None = None) -> tuple[float, float]:
    """(AUC that scores of ``y`` 1 exceed those of 0; one-sided p that it is not above 0.5). Where neighbours,
    or rows of one owner, are alike, the spread is that of as many independent rows as they are worth."""
    low, high = scores[y == 0], scores[y == 1]
    auc, p = mann_whitney(low, high)
    if not 0 < auc < 1:
        return auc, p
    parts = [_placed(own, other) for own, other in ((low, high), (high, low))]
    effects = [
        serial(part) if owners is None else clustered(part, owners[y == side])[0]
        for side, part in enumerate(parts)
    ]
    if max(effects) <= 1:
        return auc, p
    variance = sum(
        effect * float(part.var()) / len(part) for part, effect in zip(parts, effects, strict=True)
    )
    few = min(len(part) / effect for part, effect in zip(parts, effects, strict=True))
    return auc, _t_tail((auc - 0.5) / math.sqrt(variance), few) if variance > 0 else p


def _t_tail(t: float, rows: float) -> float:
    from scipy.special import stdtr

    return float(stdtr(max(rows - 1, 1), -t))


def _placed(own: Floats, other: Floats) -> Floats:
    """Each value's place among the other side's, 0 to 1, ties as half (DeLong and others 1988)."""
    ordered = np.sort(other)
    below, upto = (np.searchsorted(ordered, own, side=side) for side in _SIDES)
    out: Floats = (below + upto) / (2 * len(other))
    return out


def _discriminant(x: Floats, y: NDArray[np.int64]) -> Model:
    """Fisher's linear discriminant on the columns' ranks among ``x`` and on which values are missing; ranks,
    so that no tail outweighs the rest."""
    known = [np.sort(column[~np.isnan(column)]) for column in x.T]
    gaps = np.flatnonzero(np.isnan(x).any(axis=0))
    ranked = _ranked(x, known, gaps)
    low, high = ranked[y == 0], ranked[y == 1]
    within = (np.cov(low, rowvar=False) + np.cov(high, rowvar=False)) / 2
    within = np.atleast_2d(within) + _RIDGE * np.eye(ranked.shape[1])
    weights = np.linalg.solve(within, high.mean(axis=0) - low.mean(axis=0))
    return lambda rows: _ranked(rows, known, gaps) @ weights


def _ranked(x: Floats, known: list[Floats], gaps: NDArray[np.int64]) -> Floats:
    """Mid-ranks from -0.5 to 0.5 among the ``known`` values of each column, 0 where missing; then 1 for each
    missing value of the columns ``gaps``."""
    out = np.zeros((len(x), len(known)))
    for index, values in enumerate(known):
        column = x[:, index]
        below, upto = (np.searchsorted(values, column, side=side) for side in _SIDES)
        out[:, index] = np.where(np.isnan(column), 0.0, (below + upto) / (2 * max(len(values), 1)) - 0.5)
    return np.column_stack([out, np.isnan(x[:, gaps])])


def _trees(x: Floats, y: NDArray[np.int64], seed: int) -> Model:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=50, max_leaf_nodes=15, early_stopping=False, random_state=seed
    )
    share = y.mean()
    model.fit(x, y, sample_weight=np.where(y == 1, 0.5 / share, 0.5 / (1 - share)))
    return lambda rows: np.asarray(model.predict_proba(rows)[:, 1], dtype=np.float64)


def mid_ranks(values: Floats) -> tuple[Floats, Labels]:
    """(the rank of each value, ties at their middle; how often each distinct value occurs)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse]), counts


def mann_whitney(low: Floats, high: Floats) -> tuple[float, float]:
    """(AUC that ``high`` exceeds ``low``, ties as half; one-sided p that it does not), with the tie
    correction of the normal approximation."""
    n, m = len(low), len(high)
    both = np.concatenate([low, high])
    ranks, counts = mid_ranks(both)
    u = float(ranks[n:].sum()) - m * (m + 1) / 2
    total = n + m
    ties = float((counts.astype(np.float64) ** 3 - counts).sum()) / (total * (total - 1))
    spread = math.sqrt(n * m / 12 * (total + 1 - ties))
    z = (u - n * m / 2) / spread if spread else 0.0
    return u / (n * m), normal_p_value(z) / 2 if z > 0 else 1 - normal_p_value(z) / 2


def _importance(
    model: Model, x: Floats, y: NDArray[np.int64], names: list[str], rng: np.random.Generator
) -> tuple[tuple[str, float], ...]:
    """Permutation importance on up to 4,000 held-out rows: drops of three standard errors (DeLong and others
    1988, paired) and a twentieth of the largest."""
    rows = rng.permutation(len(x))[:4000]
    x, y = x[rows], y[rows]
    base = _placements(model(x), y)
    drops = []
    for index, name in enumerate(names):
        shuffled = x.copy()
        shuffled[:, index] = rng.permutation(shuffled[:, index])
        lost = [a - b for a, b in zip(base, _placements(model(shuffled), y), strict=True)]
        error = math.sqrt(sum(float(part.var()) / len(part) for part in lost))
        drops.append((name, float(lost[1].mean()), error))
    drops.sort(key=lambda one: -one[1])
    least = max(0.0, _GIVES_AWAY * drops[0][1])
    return tuple((name, drop) for name, drop, error in drops[:TOP] if drop > max(least, 3 * error))


def _placements(scores: Floats, y: Labels) -> tuple[Floats, Floats]:
    """The places of either side's scores among the other's, higher where the sides are told apart."""
    low, high = scores[y == 0], scores[y == 1]
    return 1 - _placed(low, high), _placed(high, low)
