"""What goes on in the demo: ``python -m runwatch.demo.living FOLDER`` trains, drifts and crashes there until
it is ended. It is a program of its own, as a user's training is; runwatch only reads what it writes."""

from __future__ import annotations

import heapq
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from runwatch.demo import clinic, training, writers
from runwatch.demo.clinic import Patients
from runwatch.demo.make import CHAMPION, DIVERGING, NIGHTS, PER_NIGHT, REFERENCE, portable, write_predictions
from runwatch.demo.training import Logged, Trained
from runwatch.text.units import HOUR

Actor = Iterator[float]
NIGHT_EVERY = 25.0


def live(folder: Path) -> None:
    """Let everyone act in turn: an actor does one thing, then says how many seconds it rests."""
    train, held_out = clinic.patients(REFERENCE, 1), clinic.patients(1500, 2)
    actors: list[Actor] = [
        _network(folder, train, held_out),
        _linear(folder, train, held_out),
        _nights(folder),
        _diverging(folder, train, held_out),
        _crashing(folder, train, held_out),
    ]
    due = [(time.monotonic() + 0.5 * index, index) for index in range(len(actors))]
    heapq.heapify(due)
    ends = time.monotonic() + 12 * HOUR
    while due and time.monotonic() < ends and os.getppid() != 1:
        at, index = heapq.heappop(due)
        time.sleep(max(at - time.monotonic(), 0.0))
        rest = next(actors[index], None)
        if rest is not None:
            heapq.heappush(due, (time.monotonic() + rest, index))


def _write(log: Iterator[Logged], writer: writers.RunWriter, rest: Callable[[Logged], float]) -> Actor:
    for logged in log:
        writer.write(logged, time.time())
        yield rest(logged)
    writer.close()


def _events(folder: Path) -> writers.TensorBoard:
    return writers.TensorBoard(folder, time.time(), os.uname().nodename, os.getpid())


def _network(folder: Path, train: Patients, held_out: Patients) -> Actor:
    """A wider network, seed after seed; each leaves its predictions when it is done."""
    for seed in range(20, 1000):
        trained = Trained({"model": "mlp", "lr": 0.001, "width": 48, "max_epochs": 60})
        writer = writers.Lightning(
            folder / "runs" / "challenger-wide" / f"version_{seed - 20}", trained.hparams
        )
        yield from _write(training.train_network(trained, train, held_out, 60, seed), writer, lambda _: 2.0)
        path = folder / "predictions" / f"challenger-wide-{seed - 20}.parquet"
        write_predictions(path, trained, clinic.patients(4000, 3))
        yield 30.0


def _linear(folder: Path, train: Patients, held_out: Patients) -> Actor:
    """The champion's recipe on fresh seeds, a step at a time."""
    for seed in range(50, 1000):
        run = folder / "runs" / f"champion-again-{seed - 49}"
        writers.params(run, CHAMPION | {"seed": seed, "max_steps": 600})
        log = training.train_linear(Trained(CHAMPION), train, held_out, 10, seed)
        yield from _write(log, _events(run), lambda logged: 0.4 if logged.step > 60 else 0.1)
        yield 20.0


def _nights(folder: Path) -> Actor:
    """Nights pass in seconds: each brings a batch, and ``mean texture`` wanders on."""
    for night in range(NIGHTS, 365):
        yield NIGHT_EVERY
        batch = clinic.patients(PER_NIGHT, 100 + night, night)
        writers.write_parquet(folder / "data" / "nights" / f"night-{night + 1:02d}.parquet", batch.table)


def _diverging(folder: Path, train: Patients, held_out: Patients) -> Actor:
    """Somebody tries the wrong factor once more."""
    run = folder / "runs" / "warmup-again"
    writers.params(run, DIVERGING)
    log = training.train_linear(Trained(DIVERGING), train, held_out, 60, 12, batch=500)
    yield from _write(log, writers.Keras(run), lambda _: 0.2)


def _crashing(folder: Path, train: Patients, held_out: Patients) -> Actor:
    """A retraining that meets empty fields after half a minute: scikit-learn refuses them."""
    run = folder / "runs" / "retrain-today"
    writers.params(run, CHAMPION | {"seed": 77})
    trained = Trained(CHAMPION)
    writers.console(run, "retraining on all nights")
    log = training.train_linear(trained, train, held_out, 1, 77)
    yield from _write(log, _events(run), lambda _: 0.6)
    night = clinic.patients(PER_NIGHT, 100 + NIGHTS, NIGHTS)
    night.x[:, clinic.FEATURES.index("worst symmetry")] = night.table["worst symmetry"]
    try:
        trained.model.partial_fit(trained.scale(night.x), night.y)
    except ValueError:
        writers.console(run, portable(traceback.format_exc()))


if __name__ == "__main__":
    live(Path(sys.argv[1]))
