"""How often is runwatch wrong on ground that is not a laboratory's? Days that resemble their neighbours, rows
of one user, text of many values, errors that come in clumps, restarts of the learning rate, forecasts whose
errors follow each other.

  python -m benchmarks.rates --repeats 20     about five minutes
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks import more_rates
from benchmarks.false_alarms import upper_limit
from runwatch.data.formats.base import ColumnBlock
from runwatch.data.grid import make_column, make_grid
from runwatch.data.profile import Counter
from runwatch.domain.comparison import CompareOptions
from runwatch.domain.points import Points
from runwatch.domain.predictions import PredictionRows
from runwatch.domain.profile import NamedProfile, ProfileGrid, TableProfile
from runwatch.judge.drift.concept import changes
from runwatch.judge.drift.report import report
from runwatch.judge.health.monitor import RunHealth
from runwatch.judge.predictions.comparing import compare_predictions

Table = dict[str, NDArray[Any]]
Draw = Callable[[np.random.Generator, int], Table]
MOVED = ("warning", "drifted")


def counted(table: Table, grid: ProfileGrid | None = None) -> TableProfile:
    arrays = [(name, pa.array(values)) for name, values in table.items()]
    counter = Counter(grid or make_grid(make_column(name, values) for name, values in arrays))
    counter.add(ColumnBlock(len(arrays[0][1]), arrays))
    return counter.result(())


def walk(rng: np.random.Generator, phi: float, n: int) -> NDArray[np.float64]:
    """A stationary first-order autoregression of variance 1."""
    out, noise = np.zeros(n), rng.normal(size=n) * np.sqrt(1 - phi**2)
    out[0] = rng.normal()
    for at in range(1, n):
        out[at] = phi * out[at - 1] + noise[at]
    return out


def one_file(draw: Draw, a: int, b: int, repeats: int) -> int:
    """Still tables called, one reference file of ``a`` rows and a batch of ``b``."""
    hits = 0
    for seed in range(repeats):
        rng = np.random.default_rng((1, seed))
        reference = counted(draw(rng, a))
        hits += report(reference, [NamedProfile("b", counted(draw(rng, b), reference.grid))]).verdict in MOVED
    return hits


def weeks(phi: float, days: int, repeats: int, shift: float = 0.0, batches: int = 7) -> tuple[int, int, int]:
    """(days called, weeks with one column called twice in a row, weeks in which the first column is called by
    the third day) of ten columns whose day levels have a tenth of the rows' sd; ``shift``: by which the first
    column then moves, in rows' sd."""
    called = confirmed = third = 0
    for seed in range(repeats):
        rng = np.random.default_rng((2, int(phi * 10), days, seed))
        levels = 0.1 * np.array([walk(rng, phi, days + batches) for _ in range(10)])
        levels[0, days:] += shift
        tables = [
            {f"x{i}": rng.normal(levels[i, d], 1, 1000) for i in range(10)} for d in range(days + batches)
        ]
        reference = counted({n: np.concatenate([t[n] for t in tables[:days]]) for n in tables[0]})
        named = [
            NamedProfile(f"d{i}", counted(t, reference.grid), day=738_000 + i) for i, t in enumerate(tables)
        ]
        before: set[str] = set()
        twice, found = False, []
        for at in range(days, days + batches):
            made = report(reference, [named[at]], days=named[:days], earlier=named[days:at][-7:])
            now = {c.name for c in made.columns if c.verdict in MOVED}
            called += bool(now)
            twice |= bool(now & before)
            found.append("x0" in now)
            before = now
        confirmed += twice
        third += any(found[:3])
    return called, confirmed, third


def users(each: int, alike: float) -> Draw:
    def draw(rng: np.random.Generator, n: int) -> Table:
        own = np.repeat(rng.normal(size=(n // each, 5)), each, axis=0) * np.sqrt(alike)
        x = own + rng.normal(size=own.shape) * np.sqrt(1 - alike)
        return {f"x{i}": x[:, i] for i in range(5)}

    return draw


def neighbours(phi: float) -> Draw:
    return lambda rng, n: {f"x{i}": walk(rng, phi, n) for i in range(5)}


def repeated(each: int) -> Draw:
    """Only a batch (below 5,000 rows) has each row several times."""

    def draw(rng: np.random.Generator, n: int) -> Table:
        times = each if n < 5000 else 1
        x, word = rng.normal(size=n // times), rng.choice(list("abcdefgh"), n // times)
        return {"x": np.repeat(x, times), "word": np.repeat(word, times)}

    return draw


def oversampled(places: int | None) -> Draw:
    """400 rows drawn with replacement, on each side its own; measured values to so many ``places``."""

    def draw(rng: np.random.Generator, n: int) -> Table:
        few: Table = {
            "x": rng.normal(size=400),
            "y": rng.exponential(size=400),
            "z": rng.normal(size=400),
            "k": rng.integers(0, 50, 400),
            "word": rng.choice(list("abcdefgh"), 400),
            "kind": rng.choice(["u", "v"], 400),
        }
        at = rng.integers(0, 400, n)
        whole = places is None
        return {k: (v if whole or v.dtype.kind != "f" else v.round(places))[at] for k, v in few.items()}

    return draw


def rounded(rng: np.random.Generator, n: int) -> Table:
    """Each file with its own number of decimals, steps of a tenth of the rows' sd or less."""
    places = int(rng.integers(0, 4))
    return {f"x{i}": rng.normal(50, 10, n).round(places) for i in range(5)}


def many_values(values: int) -> Draw:
    return lambda rng, n: {"user": np.char.add("u", rng.integers(0, values, n).astype(str))}


def bookkeeping(rng: np.random.Generator, start: int, n: int) -> Table:
    """Numbers that go on from row ``start``: orders, blocks, rows, moments and dates as whole numbers."""
    orders = 10**6 + 2 * start + np.cumsum(rng.integers(1, 4, n))
    at = (1_772_300_000 + 4.32 * (start + np.arange(n))).astype("datetime64[s]")
    dates = np.char.replace(np.datetime_as_string(at, "D"), "-", "").astype(np.int64)
    seconds = at.astype(np.int64)
    rows = np.arange(start, start + n)
    return {
        "order_no": orders,
        "block": orders // 7,
        "batch": rows // 1000,
        "row": rows,
        "newest_first": rows[::-1],
        "epoch": seconds,
        "ms": 1000 * seconds,
        "booked": dates,
    }


def went_on(repeats: int) -> dict[str, int]:
    """How often each of these is called when a batch goes on where the reference ends."""
    hits = dict.fromkeys(bookkeeping(np.random.default_rng(0), 0, 2), 0)
    for seed in range(repeats):
        rng = np.random.default_rng((7, seed))
        reference = counted(bookkeeping(rng, 0, 20_000))
        batch = counted(bookkeeping(rng, 20_000, 2000), reference.grid)
        for column in report(reference, [NamedProfile("b", batch)]).columns:
            hits[column.name] += column.verdict in MOVED
    return hits


def errors(rng: np.random.Generator, kind: str) -> NDArray[np.float64]:
    n = 20_000
    rate: NDArray[np.float64] | float = 0.1
    if kind == "50 rows a user":
        rate = np.repeat(rng.beta(1, 9, n // 50), 50)
    elif kind == "days that wobble":
        rate = np.repeat(0.1 + 0.02 * rng.normal(size=20), 1000).clip(0, 1)
    elif kind == "10 % to 25 %":
        rate = np.where(np.arange(n) < 14_000, 0.1, 0.25)
    return (rng.random(n) < rate).astype(float)


def restarts(rng: np.random.Generator) -> NDArray[np.float64]:
    parts, level = [], 0.6
    for length in (1000, 2000, 4000):
        parts.append(level * (0.25 + 0.375 * (1 + np.cos(np.pi * np.arange(length) / length))))
        level *= 0.7
    loss = np.concatenate(parts)
    loss[:300] += 1.7 * np.exp(-np.arange(300) / 60)
    return loss * np.exp(0.15 * rng.normal(size=len(loss)))


def collapses(rng: np.random.Generator) -> NDArray[np.float64]:
    loss = 0.4 + 1.9 * np.arange(1, 41) ** -0.5
    loss[25:] = 2.303
    return loss * np.exp(0.03 * rng.normal(size=40))


def signs(loss: NDArray[np.float64], looks: int) -> set[str]:
    """The severities of "diverged" at any look; only the last where ``looks`` is 1."""
    health = RunHealth()
    told: set[str] = set()
    for at in np.array_split(np.arange(len(loss)), looks):
        health.feed("train_loss", Points(at.astype(np.int64), 1.7e9 + at, loss[at]))
        told |= {sign.severity for sign in health.signs() if sign.kind == "diverged"}
    return told


def forecasts(phi: float, n: int, repeats: int) -> int:
    """Pairs of equal forecasts called different (p < 0.05 of the mean absolute error)."""
    hits = 0
    for seed in range(repeats):
        rng = np.random.default_rng((3, n, seed))
        truth = walk(rng, 0.8, n)
        a, b = (PredictionRows(k, truth, truth + walk(rng, phi, n), {}) for k in "ab")
        found = compare_predictions(a, b, CompareOptions(task="forecast", primary="mae")).primary
        hits += found is not None and (found.p_value or 1.0) < 0.05
    return hits


def _line(name: str, hits: int, trials: int) -> None:
    limit = f"at most {100 * upper_limit(hits, trials):.0f} %"
    print(f"  {name:<58} {hits:>4} of {trials:<5} {100 * hits / trials:5.1f} %   {limit}", flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20)
    n = parser.parse_args(argv).repeats
    print("still tables called, one reference file")
    for values in (12_000, 20_000):
        _line(
            f"text of {values:,} values, 100,000 rows against 10,000",
            one_file(many_values(values), 100_000, 10_000, n),
            n,
        )
    _line("10 rows a user, 5,000 rows against 2,000", one_file(users(10, 0.3), 5000, 2000, n), n)
    _line("50 rows a user", one_file(users(50, 0.8), 5000, 2000, n), n)
    for phi in (0.5, 0.9, 0.99):
        _line(f"rows that follow each other, AR(1) {phi}", one_file(neighbours(phi), 5000, 2000, n), n)
    _line("a number of decimals for each file", one_file(rounded, 6000, 2000, n), n)
    _line("every row of the batch five times", one_file(repeated(5), 20_000, 2000, n), n)
    for places in (None, 2):
        name = f"8,000 of 400 rows on each side, {'all' if places is None else places} places"
        _line(name, one_file(oversampled(places), 8000, 8000, n), n)
    for name, hits in went_on(n).items():
        _line(f"{name} goes on, 20,000 rows and 2,000 more", hits, n)
    print("fourteen reference days, ten columns, day levels of 0.1 sd")
    for phi in (0.0, 0.5, 0.9):
        called, confirmed, _ = weeks(phi, 14, n)
        _line(f"neighbouring days AR(1) {phi}: days called", called, 7 * n)
        _line(f"neighbouring days AR(1) {phi}: weeks with a task", confirmed, n)
    for days, shift in ((8, 0.7), (14, 0.7), (30, 0.5)):
        _line(
            f"{days} days, one column moves by {shift} sd: found by the third",
            weeks(0.0, days, n, shift, 3)[2],
            n,
        )
    print("streams of 20,000 errors with a change found")
    for kind in ("still", "50 rows a user", "days that wobble", "10 % to 25 %"):
        found = (changes(errors(np.random.default_rng((4, s)), kind)) for s in range(n))
        _line(kind, sum(bool(one) for one in found), n)
    print("training losses")
    told = [signs(restarts(np.random.default_rng((5, s))), 40) for s in range(n)]
    _line("warm restarts called critical at any of 40 looks", sum("critical" in one for one in told), n)
    told = [signs(collapses(np.random.default_rng((6, s))), 1) for s in range(n)]
    _line("collapse to chance in epoch 26 of 40 found", sum(bool(one) for one in told), n)
    print("equal one-step forecasts with p < 0.05")
    for phi, length in ((0.0, 200), (0.5, 200), (0.8, 500), (0.9, 120), (0.9, 500)):
        _line(f"errors AR(1) {phi}, {length} steps", forecasts(phi, length, 10 * n), 10 * n)
    for title, part in more_rates.PARTS.items():
        print(title)
        for name, hits, trials in part(n):
            _line(name, hits, trials)
    for title, part in more_rates.SLOW.items():
        print(title)
        for name, hits, trials in part(5 * n):
            _line(name, hits, trials)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
