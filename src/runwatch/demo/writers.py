"""Writers of the formats that real tools write, byte for byte as those tools lay them out."""

from __future__ import annotations

import csv
import json
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from runwatch.demo.training import Logged
from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.system.saving import save, save_text

DIGITS = 6


class RunWriter(Protocol):
    """Takes what a trainer logs, at a wall time in seconds since the epoch."""

    def write(self, logged: Logged, at: float) -> None: ...

    def close(self) -> None: ...


class TensorBoard:
    """An event file as PyTorch's ``SummaryWriter`` writes it: one record a scalar, appended whole."""

    def __init__(self, folder: Path, at: float, host: str, pid: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / f"events.out.tfevents.{int(at)}.{host}.{pid}.0").open("ab")
        self.record(double_field(1, at) + bytes_field(3, b"brain.Event:2"))

    def write(self, logged: Logged, at: float) -> None:
        for tag, value in logged.metrics.items():
            scalar = bytes_field(1, tag.encode()) + b"\x15" + struct.pack("<f", value)
            event = (
                double_field(1, at) + b"\x10" + varint(logged.step) + bytes_field(5, bytes_field(1, scalar))
            )
            self.record(event)
        self._file.flush()

    def record(self, data: bytes) -> None:
        length = struct.pack("<Q", len(data))
        self._file.write(length + masked_crc(length) + data + masked_crc(data))

    def close(self) -> None:
        self._file.close()


class _CsvLog:
    """A CSV file that grows; the first row says which columns it has."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", newline="")
        self._columns: list[str] = []

    def row(self, row: JsonMapping, columns: Iterable[str]) -> None:
        if not self._columns:
            self._columns = list(columns)
            csv.DictWriter(self._file, self._columns).writeheader()
        csv.DictWriter(self._file, self._columns, restval="").writerow(row)
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class Lightning(_CsvLog):
    """``metrics.csv`` of Lightning's CSVLogger: columns sorted by name, a row a logging call."""

    def __init__(self, folder: Path, hparams: JsonMapping) -> None:
        params(folder, hparams, "hparams.yaml")
        super().__init__(folder / "metrics.csv")

    def write(self, logged: Logged, at: float) -> None:
        row = {tag.replace("/", "_"): round(value, DIGITS) for tag, value in logged.metrics.items()}
        row |= {"epoch": logged.epoch, "step": logged.step}
        self.row(row, sorted(row))


class Keras(_CsvLog):
    """``training.log`` of Keras' CSVLogger: ``epoch`` first, a row an epoch."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "training.log")

    def write(self, logged: Logged, at: float) -> None:
        names = {"train/loss": "loss"} | {f"val/{one}": f"val_{one}" for one in ("loss", "auc", "accuracy")}
        row = {names[tag]: round(value, DIGITS) for tag, value in logged.metrics.items() if tag in names}
        if "val_loss" in row:
            self.row({"epoch": logged.epoch, **row}, ("epoch", *sorted(row)))


class JsonLines:
    """``metrics.jsonl``, an object a line, with ``config.json`` beside it."""

    def __init__(self, folder: Path, hparams: JsonMapping) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(hparams, indent=1) + "\n")
        self._file = (folder / "metrics.jsonl").open("a")

    def write(self, logged: Logged, at: float) -> None:
        row = {"step": logged.step, "time": round(at, 3)}
        self._file.write(json.dumps(row | {t: round(v, DIGITS) for t, v in logged.metrics.items()}) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class HuggingFace:
    """``trainer_state.json`` of the Hugging Face Trainer, rewritten whole into a new checkpoint folder every
    ``save_steps`` and at the end into the run's own."""

    def __init__(self, folder: Path, max_steps: int, epochs: int, save_steps: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._max_steps, self._epochs, self._save_steps = folder, max_steps, epochs, save_steps
        self._history: list[JsonDict] = []
        self._step = 0

    def write(self, logged: Logged, at: float) -> None:
        epoch = round(self._epochs * logged.step / self._max_steps, 4)
        train = {"epoch": epoch, "step": logged.step, "loss": round(logged.metrics["train/loss"], DIGITS)}
        self._history.append(train | {"learning_rate": round(logged.metrics["lr"], DIGITS)})
        held_out = {
            f"eval_{tag.removeprefix('val/')}": round(value, DIGITS)
            for tag, value in logged.metrics.items()
            if tag.startswith("val/")
        }
        if held_out:
            self._history.append({"epoch": epoch, "step": logged.step, **held_out})
        self._step = logged.step
        if logged.step % self._save_steps == 0:
            self._save(self._folder / f"checkpoint-{logged.step}")

    def _save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        state = {
            "best_metric": None,
            "epoch": self._epochs * self._step / self._max_steps,
            "global_step": self._step,
            "log_history": self._history,
            "max_steps": self._max_steps,
            "num_train_epochs": self._epochs,
        }
        save_text(folder / "trainer_state.json", json.dumps(state, indent=1) + "\n")

    def close(self) -> None:
        self._save(self._folder)


def params(folder: Path, hparams: JsonMapping, name: str = "params.yaml") -> None:
    """Hyperparameters as YAML, beside what the run writes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(f"{key}: {value}\n" for key, value in hparams.items()))


def console(folder: Path, line: str) -> None:
    """One more line of the run's console."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "train.log").open("a") as file:
        file.write(line + "\n")


def write_parquet(path: Path, table: JsonMapping) -> None:
    """A data file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, lambda file: pq.write_table(pa.table(dict(table)), file, compression="zstd"))


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def bytes_field(field: int, data: bytes) -> bytes:
    return bytes([field << 3 | 2]) + varint(len(data)) + data


def double_field(field: int, value: float) -> bytes:
    return bytes([field << 3 | 1]) + struct.pack("<d", value)


def masked_crc(data: bytes) -> bytes:
    """TFRecord's masked CRC-32C, little endian."""
    import google_crc32c

    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
