"""How often do drift rules cry wolf, and what do they miss? Still and shifted tables of 50 columns, ours
beside the usual rules.

  python -m benchmarks.false_alarms                 about two minutes
  python -m benchmarks.false_alarms --tables 1000   the claims of docs/drift.md (about half an hour)
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import FLAGGERS, count_flagged
from runwatch.data.formats.base import ColumnBlock
from runwatch.data.grid import make_column, make_grid
from runwatch.data.profile import Counter
from runwatch.domain.drift import DriftReport
from runwatch.domain.profile import NamedProfile, ProfileGrid, TableProfile
from runwatch.judge.drift.column_pair import ColumnPair
from runwatch.judge.drift.measures import chi2, ks, psi
from runwatch.judge.drift.multivariate import domain_classifier
from runwatch.judge.drift.p_values import ks_p_value
from runwatch.judge.drift.report import report

Columns = dict[str, NDArray[Any]]
NUMERIC, LOW, HIGH = 40, 8, 2
MOVED = 10


def still_table(rng: np.random.Generator, n: int) -> Columns:
    """50 columns: normal, log-normal, Student t(3), zero-inflated and Poisson ones, every fourth with 5 %
    missing; 8 of 3 to 24 categories; 2 of 1,000 and 5,000 with a Zipf tail."""
    out: Columns = {}
    for i in range(NUMERIC):
        x = _number(rng, n, i % 5)
        if i % 4 == 3:
            x[rng.random(n) < 0.05] = np.nan
        out[f"num{i}"] = x
    for i in range(LOW):
        levels = 3 + 3 * i
        p = 0.7 ** np.arange(levels)
        out[f"cat{i}"] = rng.choice(levels, size=n, p=p / p.sum())
    for i, levels in enumerate((1000, 5000)[:HIGH]):
        p = 1 / np.arange(1, levels + 1) ** 1.1
        out[f"high{i}"] = rng.choice(levels, size=n, p=p / p.sum())
    return out


def _number(rng: np.random.Generator, n: int, kind: int) -> NDArray[np.float64]:
    if kind == 0:
        return rng.normal(size=n)
    if kind == 1:
        return rng.lognormal(size=n)
    if kind == 2:
        return rng.standard_t(3, size=n)
    if kind == 3:
        return np.where(rng.random(n) < 0.6, 0.0, rng.exponential(size=n))
    return rng.poisson(4, size=n).astype(np.float64)


def arrow(name: str, values: NDArray[Any]) -> Any:
    import pyarrow as pa

    if name.startswith("num"):
        return pa.array(values, from_pandas=True)
    codes = pa.array(values.astype(np.int32))
    words = pa.array([f"level {i}" for i in range(int(values.max()) + 1)])
    return pa.DictionaryArray.from_arrays(codes, words)


def profiled(table: Columns, grid: ProfileGrid | None = None) -> TableProfile:
    arrays = [(name, arrow(name, values)) for name, values in table.items()]
    if grid is None:
        grid = make_grid(make_column(name, array) for name, array in arrays)
    counter = Counter(grid)
    counter.add(ColumnBlock(len(next(iter(table.values()))), arrays))
    return counter.result(())


@dataclass(frozen=True)
class Rule:
    """A rule's name and the columns that it flags."""

    name: str
    flagged: Callable[[TableProfile, TableProfile, DriftReport], set[str]]


def _ours(reference: TableProfile, current: TableProfile, made: DriftReport) -> set[str]:
    return {column.name for column in made.columns if column.verdict in ("warning", "drifted")}


def _plain(reference: TableProfile, current: TableProfile, made: DriftReport) -> set[str]:
    """KS or two-sample chi-square, p < 0.05, no correction."""
    out = set()
    for i, column in enumerate(reference.grid.columns):
        pair = ColumnPair(column, reference.column(i), current.column(i))
        p = ks_p_value(ks.measure(pair), pair.n, pair.m) if pair.ordered else chi2.chi_square(*pair.levels)[1]
        if p < 0.05:
            out.add(column.name)
    return out


def _psi(reference: TableProfile, current: TableProfile, made: DriftReport) -> set[str]:
    """PSI > 0.1 on deciles, or on all categories as they are."""
    out = set()
    for i, column in enumerate(reference.grid.columns):
        pair = ColumnPair(column, reference.column(i), current.column(i))
        counts = pair.deciles if pair.ordered else (pair.reference.counts, pair.current.counts)
        if psi.psi(*counts) > 0.1:
            out.add(column.name)
    return out


RULES = (Rule("runwatch", _ours), Rule("KS / chi-square p < 0.05", _plain), Rule("PSI > 0.1", _psi))


def upper_limit(hits: int, trials: int) -> float:
    """The upper 95 % limit (Clopper, Pearson) of a share."""
    from scipy.special import betaincinv

    return 1.0 if hits == trials else float(betaincinv(hits + 1, trials - hits, 0.95))


def still(n: int, tables: int, seed: int) -> dict[str, tuple[int, int]]:
    """By rule: (tables with any flag, columns flagged) among still tables of n rows a side."""
    counts = {rule.name: [0, 0] for rule in RULES}
    for trial in range(tables):
        rng = np.random.default_rng((seed, n, trial))
        reference = profiled(still_table(rng, n))
        current = profiled(still_table(rng, n), reference.grid)
        made = report(reference, [NamedProfile("b", current)])
        for rule in RULES:
            flags = rule.flagged(reference, current, made)
            counts[rule.name][0] += bool(flags)
            counts[rule.name][1] += len(flags)
    return {name: (a, b) for name, (a, b) in counts.items()}


def power(n: int, tables: int, seed: int) -> dict[str, tuple[float, float]]:
    """By rule: (share of columns with a 0.1 sd shift found, share with five points more of one level)."""
    found = {rule.name: [0, 0] for rule in RULES}
    for trial in range(tables):
        rng = np.random.default_rng((seed, n, trial))
        reference = profiled(still_table(rng, n))
        moved = still_table(rng, n)
        names = [f"num{i}" for i in range(0, NUMERIC, 5)]
        levels = [f"cat{i}" for i in range(4)]
        for name in names:
            moved[name] = moved[name] + 0.1
        for name in levels:
            _more(rng, moved, name)
        current = profiled(moved, reference.grid)
        made = report(reference, [NamedProfile("b", current)])
        for rule in RULES:
            flags = rule.flagged(reference, current, made)
            found[rule.name][0] += len(flags & set(names))
            found[rule.name][1] += len(flags & set(levels))
    shifts, shares = tables * NUMERIC // 5, tables * 4
    return {name: (a / shifts, b / shares) for name, (a, b) in found.items()}


def _more(rng: np.random.Generator, table: Columns, name: str) -> None:
    """Five points of all rows go from the other levels to level 1."""
    values = table[name]
    others = np.flatnonzero(values != 1)
    values[rng.choice(others, size=round(0.05 * len(values)), replace=False)] = 1


def days(n: int, wobble: float, tables: int, seed: int, shift: float = 0.0) -> tuple[int, int]:
    """(tables flagged, columns flagged) of 30 normal columns, 14 reference days and a new one; the rows of a
    day share an offset of ``wobble`` sd in each column; ``shift``: sd by which the new day's truly moved."""
    flagged = columns = 0
    for trial in range(tables):
        rng = np.random.default_rng((seed, n, trial, round(wobble * 1000)))
        tables_ = [_day(rng, n, wobble) for _ in range(14)]
        whole = {name: np.concatenate([t[name] for t in tables_]) for name in tables_[0]}
        reference = profiled(whole)
        named = [NamedProfile(f"d{i:02}", profiled(t, reference.grid)) for i, t in enumerate(tables_)]
        new = {name: values + shift for name, values in _day(rng, n, wobble).items()}
        made = report(reference, [NamedProfile("new", profiled(new, reference.grid))], days=named)
        flags = _ours(reference, reference, made)
        flagged += bool(flags)
        columns += len(flags)
    return flagged, columns


def _day(rng: np.random.Generator, n: int, wobble: float) -> Columns:
    return {f"num{i}": rng.normal(size=n) + rng.normal(scale=wobble) for i in range(30)}


def classifier(n: int, runs: int, seed: int, shift: float = 0.0) -> int:
    """Runs in which the domain classifier calls drift, still or with 0.1 sd more in ten columns."""
    hits = 0
    for trial in range(runs):
        rng = np.random.default_rng((seed, n, trial))
        reference, current = (_plain_numbers(still_table(rng, n)) for _ in range(2))
        for i in range(0, 50, 5) if shift else ():
            name = f"num{i}"
            if name in current:
                current[name] = current[name] + shift
        hits += domain_classifier(reference, current, seed=trial).verdict != "stable"
    return hits


def _plain_numbers(table: Columns) -> Columns:
    return {name: values.astype(np.float64) for name, values in table.items() if not name.startswith("high")}


def peers(n: int, tables: int, seed: int) -> dict[str, tuple[int, int]]:
    """Evidently and NannyML with their defaults on the first of the same still tables, where installed."""
    out: dict[str, tuple[int, int]] = {}
    for name, peer in FLAGGERS.items():
        if peer.version is None:
            print(f"  {name}: not installed, left out")
            continue
        hits = columns = 0
        for trial in range(tables):
            rng = np.random.default_rng((seed, n, trial))
            found = count_flagged(peer, still_table(rng, n), still_table(rng, n))
            hits, columns = hits + bool(found), columns + found
        out[f"{name} ({peer.version})"] = (hits, columns)
    return out


def _line(name: str, hits: int, trials: int, extra: str = "") -> None:
    limit = f"at most {100 * upper_limit(hits, trials):.1f} %"
    print(f"  {name:<36} {hits:>5} of {trials:<5} {100 * hits / trials:6.1f} %   {limit}{extra}")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tables", type=int, default=100, help="still tables a cell (default: 100)")
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument(
        "--days", type=int, default=None, help="tables of days (default: a fifth of --tables)"
    )
    parser.add_argument("--classifier", type=int, default=None, help="classifier runs (default: a fifth)")
    parser.add_argument("--peers", type=int, default=3, help="tables for Evidently and NannyML")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args(argv)
    began = time.process_time()
    for n in args.rows:
        print(
            f"still tables of 50 columns, {n:,} rows a side: any column flagged (upper 95 % limit)",
            flush=True,
        )
        tables = args.tables if n <= 10_000 else max(args.tables // 10, 1)
        for name, (hits, columns) in still(n, tables, args.seed).items():
            _line(name, hits, tables, f"   {100 * columns / tables / 50:.2f} % of columns")
        for name, (hits, columns) in (peers(n, args.peers, args.seed) if args.peers else {}).items():
            _line(name, hits, args.peers, f"   {100 * columns / args.peers / 50:.2f} % of columns")
        print(f"found of 0.1 sd shifts / of five points more, {n:,} rows")
        for name, (shifts, shares) in power(n, max(tables // 5, 5), args.seed).items():
            print(f"  {name:<36} {100 * shifts:6.1f} % / {100 * shares:.1f} %", flush=True)
    runs = args.days if args.days is not None else max(args.tables // 5, 5)
    print("14 reference days and a new one, 30 columns, no drift: tables flagged")
    for n, wobble in ((1000, 0.0), (1000, 0.05), (1000, 0.1), (10_000, 0.05), (10_000, 0.1)):
        if n not in args.rows:
            continue
        _line(f"{n:,} a day, wobble {wobble}", days(n, wobble, runs, args.seed)[0], runs)
        moved = days(n, wobble, max(runs // 4, 2), args.seed, 0.2)[1] / max(runs // 4, 2) / 30
        print(f"    a true shift of 0.2 sd is found at once in {100 * moved:.0f} % of columns", flush=True)
    runs = args.classifier if args.classifier is not None else max(args.tables // 5, 5)
    print("domain classifier, 48 columns, 2,000 rows a side")
    _line("still", classifier(2000, runs, args.seed), runs)
    print(f"  0.1 sd in eight columns found: {classifier(2000, runs, args.seed, 0.1)} of {runs}")
    print(f"CPU {time.process_time() - began:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
