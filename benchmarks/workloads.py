"""Writes what the benchmarks read: event files as PyTorch and TensorFlow write them, CSV and JSONL.

``python -m benchmarks.workloads OUT a10 b200 c1m d2000`` writes each below ``OUT`` (those there are kept):

a10    10 runs x 10 tags x 1,000 steps
b200   200 such runs (2,000,000 points)
c1m    one run, 1,000,000 scalars: 12 tags of many lengths, validation tags every 50 steps
k1m    the same as TensorFlow writes it (tensors with metadata)
d2000  2,000 runs of 20 steps
optuna10000, mlflow1200, quote200000, quote400000   stores, and a quote that nobody closed
"""

from __future__ import annotations

import argparse
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import google_crc32c
import numpy as np

START = 1_790_000_000.0
TEN_TAGS = (
    "train/loss", "train/accuracy", "train/grad_norm", "lr", "throughput/samples_per_second",
    "val/loss", "val/accuracy", "val/auc", "system/gpu_memory_gb", "epoch_time",
)  # fmt: skip
STEP_TAGS = (*TEN_TAGS[:5], "train/aux/contrastive_loss", "optim/momentum", "perplexity")
EVAL_TAGS = TEN_TAGS[5:9]


def _masked(data: bytes) -> int:
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """A TFRecord of ``data``."""
    size = struct.pack("<Q", len(data))
    return b"".join((size, struct.pack("<I", _masked(size)), data, struct.pack("<I", _masked(data))))


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def part(key: int, data: bytes) -> bytes:
    """A length-delimited protobuf field."""
    return bytes((key << 3 | 2,)) + varint(len(data)) + data


def scalar_event(tag: str, step: int, wall: float, value: float, tensor: bool = False) -> bytes:
    """One scalar as PyTorch says it, or as TensorFlow 2 does: a tensor of the ``scalars`` plugin."""
    name = part(1, tag.encode())
    number = struct.pack("<f", value)
    if tensor:
        body = name + part(8, b"\x08\x01\x12\x00" + part(4, number)) + part(9, part(1, part(1, b"scalars")))
    else:
        body = name + b"\x15" + number
    at = b"\x10" + varint(step) if step else b""
    return b"\x09" + struct.pack("<d", wall) + at + part(5, part(1, body))


def version_event(wall: float) -> bytes:
    return b"\x09" + struct.pack("<d", wall) + part(3, b"brain.Event:2")


def curve(tag: str, steps: int, seed: int) -> np.ndarray:
    """A noisy curve, falling for losses and rising for the rest; by name and seed."""
    rng = np.random.default_rng([seed, *tag.encode()])
    fall = np.exp(-np.arange(steps) / max(steps / 4, 1))
    shape = fall if "loss" in tag or tag == "perplexity" else 1 - fall
    return shape + 0.02 * rng.standard_normal(steps)


def events(tags: tuple[str, ...], steps: int, seed: int, tensor: bool = False) -> bytes:
    """An event file of ``tags``, interleaved as a training loop logs them; the ``EVAL_TAGS`` among them
    every 50 steps when there are other tags and more than 2,000 steps."""
    rng = np.random.default_rng(seed)
    values = {tag: curve(tag, steps, seed) for tag in tags}
    walls = START + np.cumsum(rng.uniform(0.01, 0.05, steps))
    rare = set(EVAL_TAGS) if steps > 2000 else set()
    out = [record(version_event(START))]
    for step in range(steps):
        wall = walls[step]
        for i, tag in enumerate(tags):
            if tag not in rare or step % 50 == 49:
                event = scalar_event(tag, step, wall + i * 3.1e-5, values[tag][step], tensor)
                out.append(record(event))
    return b"".join(out)


def _write(folder: Path, data: bytes, number: int = 0) -> None:
    folder.mkdir(parents=True)
    (folder / f"events.out.tfevents.{int(START)}.host.{1000 + number}.0").write_bytes(data)


def many(count: int, steps: int, tags: tuple[str, ...], out: Path) -> None:
    """``count`` runs."""
    for i in range(count):
        _write(out / f"run_{i:05d}", events(tags, steps, i), i)


def long_run(tensor: bool, out: Path) -> None:
    """About 1,000,000 scalars in one file."""
    tags = (*STEP_TAGS, *EVAL_TAGS)
    steps = round(1_000_000 / (len(STEP_TAGS) + len(EVAL_TAGS) / 50))
    _write(out / "run", events(tags, steps, 7, tensor))


def rows(count: int) -> Iterator[list[str]]:
    """A header and ``count`` rows of ten numbers beside a step."""
    yield ["step", *TEN_TAGS]
    table = np.column_stack([curve(tag, count, 3) for tag in TEN_TAGS])
    for step, values in enumerate(table.tolist()):
        yield [str(step), *(f"{value:.6g}" for value in values)]


def csv_text(count: int) -> str:
    return "".join(",".join(row) + "\n" for row in rows(count))


def jsonl_text(count: int) -> str:
    lines = rows(count)
    names = next(lines)
    return "".join(
        "{" + ", ".join(f'"{name}": {cell}' for name, cell in zip(names, row, strict=True)) + "}\n"
        for row in lines
    )


FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures" / "runs"
INTERMEDIATE = 5


def optuna_trials(count: int, out: Path) -> None:
    """``count`` trials with 5 intermediate values, in a storage of the shape that Optuna 5 makes."""
    with closing(sqlite3.connect(FIXTURES / "optuna" / "optuna-5.db")) as made:
        shape = [sql for (sql,) in made.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
        version = made.execute("SELECT * FROM version_info").fetchone()
    uniform = '{"name": "FloatDistribution", "attributes": {"low": 0.0, "high": 1.0}}'
    day = "2026-11-30 01:02:03.000000"
    with closing(sqlite3.connect(out / "optuna.db")) as db:
        for sql in shape:
            db.execute(sql)
        db.execute("INSERT INTO version_info VALUES (?, ?, ?)", version)
        db.execute("INSERT INTO studies VALUES (1, 'tune')")
        db.execute("INSERT INTO study_directions VALUES (1, 'MINIMIZE', 1, 0)")
        many = range(1, count + 1)
        trials = [(i, i - 1, 1, "COMPLETE", day, day) for i in many]
        db.executemany("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?)", trials)
        parameters = [(i, "lr", i / count, uniform) for i in many]
        db.executemany(
            "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)"
            " VALUES (?, ?, ?, ?)",
            parameters,
        )
        db.executemany(
            "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, 0, ?, 'FINITE')",
            [(i, 1 / i) for i in many],
        )
        db.executemany(
            "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value,"
            " intermediate_value_type) VALUES (?, ?, ?, 'FINITE')",
            [(i, step, 1 / (i + step)) for i in many for step in range(INTERMEDIATE)],
        )
        db.commit()


def mlflow_runs(count: int, out: Path) -> None:
    """``count`` runs of MLflow's file store: 3 metrics of 20 steps, 2 parameters."""
    experiment = out / "mlruns" / "1"
    experiment.mkdir(parents=True)
    (experiment / "meta.yaml").write_text("experiment_id: '1'\nlifecycle_stage: active\nname: bench\n")
    for i in range(count):
        name = f"{i:032x}"
        run = experiment / name
        for kind in ("metrics", "params", "tags"):
            (run / kind).mkdir(parents=True)
        (run / "meta.yaml").write_text(
            f"end_time: 1790000100000\nlifecycle_stage: active\nrun_id: {name}\nrun_name: run {i}\n"
            "start_time: 1790000000000\nstatus: 3\n"
        )
        for tag in ("loss", "accuracy", "lr"):
            rows = (f"{1_790_000_000_000 + step} {1 / (step + 1)} {step}\n" for step in range(20))
            (run / "metrics" / tag).write_text("".join(rows))
        for parameter in ("lr", "depth"):
            (run / "params" / parameter).write_text(str(i))


def open_quote(lines: int, out: Path) -> None:
    """A CSV in whose second row a quote is opened and never closed."""
    rows = "".join(f"{i},0.5,fine\n" for i in range(lines))
    (out / "log.csv").write_text('step,loss,note\n0,0.5,"oops\n' + rows)


WORKLOADS = {
    "optuna10000": partial(optuna_trials, 10_000),
    "mlflow1200": partial(mlflow_runs, 1_200),
    "quote200000": partial(open_quote, 200_000),
    "quote400000": partial(open_quote, 400_000),
    "a10": partial(many, 10, 1000, TEN_TAGS),
    "b200": partial(many, 200, 1000, TEN_TAGS),
    "c1m": partial(long_run, False),
    "k1m": partial(long_run, True),
    "d2000": partial(many, 2000, 20, TEN_TAGS[:3]),
}


def make(name: str, out: Path) -> Path:
    """The folder of workload ``name`` below ``out``, written if it is not there."""
    folder = out / name
    if not folder.exists():
        unfinished = out / f".{name}"
        if unfinished.exists():
            raise FileExistsError(f"{unfinished}: an earlier attempt was cut off; delete it")
        unfinished.mkdir(parents=True)
        WORKLOADS[name](unfinished)
        unfinished.rename(folder)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="+", choices=list(WORKLOADS))
    chosen = parser.parse_args()
    for name in chosen.names:
        print(make(name, chosen.out))


if __name__ == "__main__":
    main()
