"""Do our tests say what R, SciPy, statsmodels and NannyML say, on data that neither has seen?

  python -m benchmarks.agreement [--tables 20] [--seed 1]

The largest relative difference over random tables. What is not installed (``Rscript``, ``statsmodels``,
``nannyml``) is left out, and said.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.comparison import CompareOptions
from runwatch.domain.predictions import PredictionRows
from runwatch.judge.drift.measures import chi2, js
from runwatch.judge.drift.multivariate import mann_whitney
from runwatch.judge.drift.p_values import ks_p_value
from runwatch.judge.drift.performance import Scored, estimate_classification
from runwatch.judge.metrics.adjust import benjamini_hochberg, holm
from runwatch.judge.metrics.mcnemar import mcnemar_p
from runwatch.judge.predictions.calibration import wilson
from runwatch.judge.predictions.comparing import compare_predictions
from runwatch.judge.predictions.influence import diebold_mariano_se

Floats = NDArray[np.float64]
Pair = tuple[float, float]
Case = dict[str, Any]
HORIZON = 4


def draw(rng: np.random.Generator) -> Case:
    """Samples with ties, counts of levels, p-values, right and wrong answers, errors of two forecasts."""
    n, m = (int(size) for size in rng.integers(80, 900, 2))
    levels = int(rng.integers(2, 12))
    shares = rng.dirichlet(np.full(levels, 3.0))
    errors = np.convolve(rng.normal(size=n + HORIZON - 1), np.ones(HORIZON), "valid") + rng.normal(0.2, 1, n)
    truth = (rng.random(n) < 0.4).astype(float)
    scores = [1 / (1 + np.exp(-(slope * truth - 0.6 + rng.normal(size=n)))) for slope in (1.5, 1.2)]
    return {
        "a": np.round(rng.gamma(2, 2, n), 1),
        "b": np.round(rng.gamma(2, 2.2, m), 1),
        "counts": np.stack([rng.multinomial(size, shares) + 1 for size in (n, m)]),
        "p": rng.random(12) ** 3,
        "only": rng.integers(3, 40, 2),
        "errors": errors,
        "truth": truth,
        "scores": scores,
    }


def ours(case: Case) -> dict[str, float]:
    a, b = case["a"], case["b"]
    both = np.sort(np.concatenate([a, b]))
    below = [np.searchsorted(np.sort(side), both, side="right") / len(side) for side in (a, b)]
    auc, tail = mann_whitney(a, b)
    truth, scores = case["truth"], case["scores"]
    sides = (PredictionRows(k, truth, (s >= 0.5) * 1.0, {"": s}) for k, s in zip("ab", scores, strict=True))
    found = {one.name: one for one in compare_predictions(*sides, CompareOptions(task="binary")).metrics}
    brier, roc = found["brier"], found["roc_auc"]
    assert brier.p_value is not None and roc.p_value is not None
    return {
        "KS, p": ks_p_value(float(np.abs(below[0] - below[1]).max()), len(a), len(b)),
        "chi-square": chi2.chi_square(*case["counts"])[0],
        "chi-square, p": chi2.chi_square(*case["counts"])[1],
        "Jensen-Shannon distance": js.js_distance(*case["counts"]),
        "Mann-Whitney, one-sided p": tail,
        "McNemar, exact p": mcnemar_p(*(int(count) for count in case["only"]), mid=False),
        "Benjamini-Hochberg": float(np.sum(benjamini_hochberg(case["p"]))),
        "Holm": float(np.sum(holm(case["p"]))),
        "Wilson, lower end": wilson(float(case["only"][0]), int(case["only"].sum()))[0],
        "paired t of Brier scores, p": brier.p_value,
        "DeLong, p": roc.p_value,
        "long-run variance, horizon 4": _variance(case["errors"]),
        "AUC": auc,
    }


def _variance(errors: Floats) -> float:
    """The mean's variance without Harvey, Leybourne and Newbold's correction, which no peer has."""
    n, h = len(errors), HORIZON
    return float(diebold_mariano_se(errors, h)[0] ** 2 * (n + 1 - 2 * h + h * (h - 1) / n) / n)


def by_scipy(case: Case) -> dict[str, float]:
    from scipy import stats
    from scipy.spatial.distance import jensenshannon

    a, b = case["a"], case["b"]
    table = stats.chi2_contingency(case["counts"], correction=False)
    rank = stats.mannwhitneyu(b, a, alternative="greater", method="asymptotic", use_continuity=False)
    losses = [(score - case["truth"]) ** 2 for score in case["scores"]]
    return {
        "KS, p": stats.ks_2samp(a, b, method="asymp").pvalue,
        "chi-square": table.statistic,
        "chi-square, p": table.pvalue,
        "Jensen-Shannon distance": jensenshannon(*case["counts"]),
        "Mann-Whitney, one-sided p": rank.pvalue,
        "AUC": rank.statistic / len(a) / len(b),
        "McNemar, exact p": stats.binomtest(int(case["only"][0]), int(case["only"].sum())).pvalue,
        "Benjamini-Hochberg": float(stats.false_discovery_control(case["p"]).sum()),
        "paired t of Brier scores, p": stats.ttest_rel(*losses).pvalue,
    }


def by_statsmodels(case: Case) -> dict[str, float]:
    import statsmodels.api as sm
    from statsmodels.stats.contingency_tables import mcnemar
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.proportion import proportion_confint

    first, second = (int(count) for count in case["only"])
    kernel = {"maxlags": HORIZON - 1, "kernel": "uniform"}
    fit = sm.OLS(case["errors"], np.ones(len(case["errors"]))).fit(cov_type="HAC", cov_kwds=kernel)
    return {
        "McNemar, exact p": mcnemar([[50, first], [second, 50]], exact=True).pvalue,
        "Benjamini-Hochberg": float(multipletests(case["p"], method="fdr_bh")[1].sum()),
        "Holm": float(multipletests(case["p"], method="holm")[1].sum()),
        "Wilson, lower end": proportion_confint(first, first + second, method="wilson")[0],
        "long-run variance, horizon 4": float(np.asarray(fit.cov_params())[0, 0]),
    }


_R = """
above <- function(p, n) outer(p, n, ">") + 0.5 * outer(p, n, "==")
delong <- function(y, s) {
  v <- lapply(s, function(x) { m <- above(x[y == 1], x[y == 0]); list(rowMeans(m), colMeans(m)) })
  se <- sqrt(var(v[[2]][[1]] - v[[1]][[1]]) / sum(y == 1) + var(v[[2]][[2]] - v[[1]][[2]]) / sum(y == 0))
  2 * pnorm(-abs(mean(v[[2]][[1]]) - mean(v[[1]][[1]])) / se) }
say <- function(name, value) cat(name, format(value, digits = 17), sep = "\\t", fill = TRUE)
options(warn = -1)
x <- chisq.test(counts, correct = FALSE)
say("chi-square", x$statistic); say("chi-square, p", x$p.value)
w <- wilcox.test(b, a, alternative = "greater", exact = FALSE, correct = FALSE)
say("Mann-Whitney, one-sided p", w$p.value)
say("McNemar, exact p", binom.test(only[1], sum(only))$p.value)
say("Benjamini-Hochberg", sum(p.adjust(p, "BH"))); say("Holm", sum(p.adjust(p, "holm")))
say("Wilson, lower end", prop.test(only[1], sum(only), correct = FALSE)$conf.int[1])
say("paired t of Brier scores, p", t.test((s1 - y)^2, (s2 - y)^2, paired = TRUE)$p.value)
say("DeLong, p", delong(y, list(s1, s2)))
"""


def by_r(case: Case) -> dict[str, float]:
    counts = case["counts"]
    given = {
        **{name: case[name] for name in ("a", "b", "p", "only")},
        "y": case["truth"],
        "s1": case["scores"][0],
        "s2": case["scores"][1],
    }
    script = "".join(f"{name} <- {_vector(values)}\n" for name, values in given.items())
    script += f"counts <- matrix({_vector(counts.ravel())}, nrow = 2, byrow = TRUE)\n{_R}"
    done = subprocess.run(["Rscript", "-"], input=script, capture_output=True, text=True, check=True)
    lines = (line.split("\t") for line in done.stdout.splitlines() if "\t" in line)
    return {name: float(value) for name, value in lines}


def _vector(values: Sequence[float] | NDArray[Any]) -> str:
    return f"c({', '.join(repr(float(value)) for value in values)})"


def by_nannyml(rng: np.random.Generator) -> Iterator[tuple[str, Pair]]:
    """CBPE's estimated ROC AUC and accuracy of ten batches, ours beside theirs."""
    import nannyml
    import pandas as pd

    def rows(count: int, shift: float) -> tuple[Floats, Floats]:
        logit = rng.normal(size=count) + shift
        score = 1 / (1 + np.exp(-(1.3 * logit - 0.5)))
        return score, (rng.random(count) < score).astype(float)

    score, truth = rows(10_000, 0.0)
    batches = [rows(1000, 0.1 * at)[0] for at in range(10)]

    def frame(values: Floats) -> Any:
        return pd.DataFrame({"y_prob": values, "y_pred": (values >= 0.5).astype(int)})

    cbpe = nannyml.CBPE(
        y_pred_proba="y_prob",
        y_pred="y_pred",
        y_true="y",
        problem_type="classification_binary",
        metrics=["roc_auc", "accuracy"],
        chunk_size=1000,
    )
    cbpe.fit(frame(score).assign(y=truth))
    theirs = cbpe.estimate(frame(np.concatenate(batches))).filter(period="analysis").to_df()
    reference = Scored("reference", score, (score >= 0.5) * 1.0, truth)
    scored = [Scored(str(at), one, (one >= 0.5) * 1.0) for at, one in enumerate(batches)]
    found = estimate_classification(reference, scored, 1000)
    for metric in ("roc_auc", "accuracy"):
        mine = [one.estimated for one in found if one.metric == metric and one.estimated is not None]
        for one, other in zip(mine, theirs[metric]["value"], strict=True):
            yield f"estimated {metric} (CBPE)", (one, float(other))


PEERS: dict[str, Callable[[Case], dict[str, float]]] = {
    "SciPy": by_scipy,
    "statsmodels": by_statsmodels,
    "R": by_r,
}


def _there(peer: str) -> bool:
    if peer == "R":
        return shutil.which("Rscript") is not None
    return importlib.util.find_spec(peer.lower()) is not None


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tables", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    worst: dict[tuple[str, str], float] = {}
    for peer in (*PEERS, "NannyML"):
        if not _there(peer):
            print(f"{peer}: not installed, left out")
    for at in range(args.tables):
        case = draw(np.random.default_rng((args.seed, at)))
        mine = ours(case)
        for peer, ask in PEERS.items():
            for figure, value in ask(case).items() if _there(peer) else ():
                _note(worst, (figure, peer), (mine[figure], value))
    if _there("NannyML"):
        for figure, pair in by_nannyml(np.random.default_rng(args.seed)):
            _note(worst, (figure, "NannyML"), pair)
    print(f"{args.tables} random tables: the largest relative difference")
    for (figure, peer), value in sorted(worst.items()):
        print(f"  {figure:32} {peer:12} {value:.1e}")
    return 0


def _note(worst: dict[tuple[str, str], float], key: tuple[str, str], pair: Pair) -> None:
    apart = abs(pair[0] - pair[1]) / max(abs(pair[1]), 1e-300)
    worst[key] = max(worst.get(key, 0.0), apart if math.isfinite(apart) else math.inf)


if __name__ == "__main__":
    raise SystemExit(main())
