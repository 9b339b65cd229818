"""Makes ``sample_runs/``: ``python -m runwatch.demo.make [FOLDER]``. Same seed, same bytes.

The clinic's record as it is on a Monday at 9:00: a champion with three seeds, challengers that ran
overnight, one that crashed, one that diverges, ten nights of batches, predictions of both models."""

from __future__ import annotations

import re
import shutil
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from runwatch.demo import clinic, images, training, writers
from runwatch.demo.clinic import Patients
from runwatch.demo.training import Logged, Trained

MONDAY_9 = 1_772_434_800.0  # 2026-03-02 07:00 UTC
HOUR, DAY = 3600.0, 86_400.0
HOST, PID = "trainer-1", 4120
NIGHTS, PER_NIGHT, REFERENCE = 10, 600, 6000
SEEDS, EPOCHS = (1, 2, 3), 10
CHAMPION = {"model": "logistic", "lr": 0.05, "alpha": 0.0001, "decay": 0.85}
DIVERGING = {"model": "logistic", "lr": 0.4, "alpha": 0.0001, "decay": 1.15}

CONFIG = """# What runwatch watches in this folder. Every key is optional.
[baseline]
group = "runs/champion-seed-*"

[metrics]
primary = "val/auc"

[[data]]
name = "screening"
reference = "data/reference.parquet"
current = "data/nights/*.parquet"
columns = { exclude = ["patient"] }

[[predictions]]
name = "screening"
files = "predictions/challenger-*.parquet"
baseline = "predictions/champion.parquet"
key = "patient"
target = "y_true"
prediction = "y_pred"
score = "y_score"
slices = ["clinic", "scanner"]

[tasks]
file = "todo.txt"
"""

TODO = """(B) 2026-02-27 Ask the harbour clinic about the new scanner +screening @data due:2026-03-03
2026-02-26 Write the model card for the champion +screening @models
x 2026-02-27 2026-02-24 Re-label the 40 disputed patients +screening @data
"""


def make(folder: Path) -> None:
    """Write the samples into ``folder``, which is emptied first."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / "runwatch.toml").write_text(CONFIG)
    (folder / "todo.txt").write_text(TODO)
    train, held_out = clinic.patients(REFERENCE, 1), clinic.patients(1500, 2)
    writers.write_parquet(folder / "data" / "reference.parquet", train.table)
    for night in range(NIGHTS):
        table = clinic.patients(PER_NIGHT, 100 + night, night).table
        writers.write_parquet(folder / "data" / "nights" / f"night-{night + 1:02d}.parquet", table)
    champion = _champions(folder / "runs", train, held_out)
    challengers = _challengers(folder / "runs", train, held_out)
    _crashed(folder / "runs" / "retrain-nightly", train, held_out)
    _diverged(folder / "runs" / "warmup-try", train, held_out)
    labelled = clinic.patients(4000, 3)
    write_predictions(folder / "predictions" / "champion.parquet", champion, labelled)
    for name, trained in challengers.items():
        write_predictions(folder / "predictions" / f"challenger-{name}.parquet", trained, labelled)


def play(log: Iterator[Logged], writer: writers.RunWriter, start: float, per_step: float) -> None:
    """Write a whole training at once, its clock running from ``start``."""
    for index, logged in enumerate(log):
        writer.write(logged, start + (index + 1) * per_step)
    writer.close()


def write_predictions(path: Path, trained: Trained, rows: Patients) -> None:
    """What a model says of labelled patients: one row each, with the truth and what they are sliced by."""
    scores = np.round(trained.scores(rows.x), 6)
    table = {
        "patient": rows.table["patient"],
        "y_true": rows.y,
        "y_pred": (scores >= 0.5).astype(np.int64),
        "y_score": scores,
        "clinic": rows.table["clinic"],
        "scanner": rows.table["scanner"],
    }
    writers.write_parquet(path, table)


def _champions(runs: Path, train: Patients, held_out: Patients) -> Trained:
    trained = Trained(CHAMPION)
    for seed in SEEDS:
        folder, start = runs / f"champion-seed-{seed}", MONDAY_9 - 6 * DAY + seed * HOUR
        trained = Trained(CHAMPION)
        log = training.train_linear(trained, train, held_out, EPOCHS, seed)
        if seed == SEEDS[-1]:
            illustrated = images.IllustratedTensorBoard(folder, start, HOST, PID + seed, trained, held_out)
            _described(log, illustrated, trained, held_out, start)
        else:
            play(log, writers.TensorBoard(folder, start, HOST, PID + seed), start, 2.0)
        writers.params(folder, CHAMPION | {"seed": seed})
    return trained


def _described(
    log: Iterator[Logged],
    writer: images.IllustratedTensorBoard,
    trained: Trained,
    held_out: Patients,
    start: float,
) -> None:
    """``play``, with the model's card at its end."""
    index = 0
    for index, logged in enumerate(log, 1):
        writer.write(logged, start + 2.0 * index)
    metrics = training.evaluate(trained, held_out)
    writer.write_text("model card", images.card(trained, metrics, EPOCHS), index, start + 2.0 * index)
    writer.close()


def _challengers(runs: Path, train: Patients, held_out: Patients) -> dict[str, Trained]:
    network = Trained({"model": "mlp", "lr": 0.002, "width": 16})
    start = MONDAY_9 - 9 * HOUR
    lightning = writers.Lightning(runs / "challenger-mlp" / "version_0", network.hparams)
    play(training.train_network(network, train, held_out, 40, 4), lightning, start, 30.0)
    boosting = Trained({"model": "boosting", "lr": 0.1, "depth": 3})
    lines = writers.JsonLines(runs / "challenger-boosting", boosting.hparams)
    play(training.train_boosting(boosting, train, held_out, 80, 5), lines, start + HOUR, 20.0)
    weak = Trained({"model": "logistic", "lr": 0.002, "alpha": 0.05, "decay": 0.7})
    state = writers.HuggingFace(runs / "challenger-small", 300, 5, 100)
    play(training.train_linear(weak, train, held_out, 5, 6), state, start + 2 * HOUR, 5.0)
    return {"mlp": network, "boosting": boosting, "small": weak}


def _crashed(folder: Path, train: Patients, held_out: Patients) -> None:
    """The nightly retraining meets last night's empty fields: scikit-learn refuses NaN."""
    night = clinic.patients(PER_NIGHT, 100 + NIGHTS - 1, NIGHTS - 1)
    column = clinic.FEATURES.index("worst symmetry")
    night.x[:, column] = night.table["worst symmetry"]
    trained = Trained(CHAMPION)
    start = MONDAY_9 - 4 * HOUR
    writer = writers.TensorBoard(folder, start, HOST, PID + 9)
    writers.params(folder, CHAMPION | {"seed": 9})
    log = training.train_linear(trained, train, held_out, 3, 9)
    play(log, writer, start, 2.0)
    writers.console(folder, "fine-tuning on last night's patients")
    try:
        trained.model.partial_fit(trained.scale(night.x), night.y)
    except ValueError:
        writers.console(folder, portable(traceback.format_exc()))


def _diverged(folder: Path, train: Patients, held_out: Patients) -> None:
    """The rate's factor was typed 1.15 instead of 0.85: the loss turns and climbs."""
    keras = writers.Keras(folder)
    writers.params(folder, DIVERGING)
    log = training.train_linear(Trained(DIVERGING), train, held_out, 60, 11, batch=500)
    play(log, keras, MONDAY_9 - 3 * HOUR, 2.0)


def portable(text: str) -> str:
    """A traceback without this machine's folders."""
    return re.sub(r'File "[^"]*?/((?:site-packages/|runwatch/demo/)[^"]*)"', r'File "\1"', text)


if __name__ == "__main__":
    make(Path(sys.argv[1] if len(sys.argv) > 1 else "sample_runs"))
