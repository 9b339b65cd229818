"""Eight tables that scikit-learn and statsmodels bring along: what each tool calls, and what its figures are
beside ours. The environment is that of ``benchmarks.peers``.

  python -m benchmarks.known_tables
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.peers import PEERS
from runwatch.cli import main as runwatch

FIGURES = {"psi": "psi", "js": "jensenshannon", "hellinger": "hellinger", "wasserstein": "wasserstein"}
NANNYML = {
    "js": "jensen_shannon",
    "hellinger": "hellinger",
    "wasserstein": "wasserstein",
    "ks": "kolmogorov_smirnov",
}


def tables() -> dict[str, Any]:
    """Tables by name, as pandas frames."""
    from sklearn import datasets as sklearn
    from statsmodels import datasets as statsmodels

    found = {
        name: getattr(sklearn, f"load_{name}")(as_frame=True).frame for name in ("breast_cancer", "wine")
    }
    found |= {name: getattr(sklearn, f"load_{name}")(as_frame=True).frame for name in ("diabetes", "digits")}
    for name in ("fair", "anes96", "randhie", "star98"):
        found[name] = getattr(statsmodels, name).load_pandas().data.reset_index(drop=True)
    return found


def ours(reference: Any, batch: Any) -> dict[str, dict[str, Any]]:
    """``runwatch drift --json``: columns by name."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder, name)) for name in ("reference.parquet", "batch.parquet")]
        for frame, path in zip((reference, batch), paths, strict=True):
            frame.to_parquet(path, index=False)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            runwatch(["drift", *paths, "--json"])
    return {column["name"]: column for column in json.loads(out.getvalue())["columns"]}


def evidently(reference: Any, batch: Any, name: str, method: str) -> float:
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    kinds = DataDefinition(numerical_columns=[name])
    sides = [Dataset.from_pandas(frame[[name]], data_definition=kinds) for frame in (batch, reference)]
    made = Report([ValueDrift(column=name, method=method)]).run(*sides).dict()
    return float(made["metrics"][0]["value"])


def nannyml(reference: Any, batch: Any, names: list[str]) -> Any:
    """Figures of the whole batch: (column, method) to value."""
    from nannyml import UnivariateDriftCalculator

    made = UnivariateDriftCalculator(
        column_names=names, continuous_methods=list(NANNYML.values()), chunk_number=1
    )
    frame = made.fit(reference).calculate(batch).filter(period="analysis").to_df()
    return {column[:2]: float(frame[column].iloc[0]) for column in frame.columns if column[-1] == "value"}


def moved(frame: Any) -> tuple[Any, Any]:
    """The rows cut at the median of the column of most values: what hangs together with it moves too."""
    column = max(frame.select_dtypes("number").columns, key=lambda name: frame[name].nunique())
    order = np.argsort(frame[column].to_numpy(), kind="stable")
    return frame.iloc[order[: len(frame) // 2]], frame.iloc[order[len(frame) // 2 :]]


def main() -> int:
    rng = np.random.default_rng(0)
    ratios: dict[tuple[str, str], list[float]] = {}
    print("columns called: random halves / cut at the median of one column")
    print(
        f"{'table':<15}{'rows':>7}{'columns':>9}{'runwatch':>12}" + "".join(f"{name:>14}" for name in PEERS)
    )
    for name, frame in tables().items():
        frame.columns = [f"num_{column}" for column in frame.columns]
        halves = np.array_split(rng.permutation(len(frame)), 2)
        still = tuple(frame.iloc[half] for half in halves)
        line = f"{name:<15}{len(frame):>7}{frame.shape[1]:>9}"
        pairs = (still, moved(frame))
        called = [
            sum(column["verdict"] in ("warning", "drifted") for column in ours(*pair).values())
            for pair in pairs
        ]
        line += f"{called[0]:>6} /{called[1]:>4}"
        for peer in PEERS.values():
            called = [peer.make(before).flagged(now) for before, now in pairs]
            line += f"{called[0]:>8} /{called[1]:>4}"
        print(line, flush=True)
        compare(*pairs[1], ratios)
    print("\nfigures of the cut tables: theirs divided by ours, median over columns (5 %, 95 %)")
    for (figure, tool), values in sorted(ratios.items()):
        low, high = np.quantile(values, (0.05, 0.95))
        print(f"{figure:<13}{tool:<12}{median(values):8.2f}  ({low:.2f}, {high:.2f})  {len(values)} columns")
    return 0


def compare(reference: Any, batch: Any, ratios: dict[tuple[str, str], list[float]]) -> None:
    """Adds theirs / ours of up to eight columns of numbers."""
    own = ours(reference, batch)
    names = [name for name, column in own.items() if column["kind"] == "numeric" and column.get("psi")][:8]
    if not names:
        return

    def add(figure: str, tool: str, name: str, theirs: Callable[[], float]) -> None:
        mine = own[name].get(figure)
        if mine and mine > 1e-3:
            ratios.setdefault((figure, tool), []).append(theirs() / mine)

    whole = nannyml(reference, batch, names)
    for name in names:
        for figure, method in FIGURES.items():
            add(figure, "Evidently", name, lambda n=name, m=method: evidently(reference, batch, n, m))
        for figure, method in NANNYML.items():
            add(figure, "NannyML", name, lambda n=name, m=method: whole[(n, m)])


if __name__ == "__main__":
    sys.exit(main())
