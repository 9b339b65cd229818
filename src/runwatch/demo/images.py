"""What the champion's training logs beside numbers: an image and a histogram an epoch, and a model card.

Laid out as PyTorch's ``SummaryWriter`` does (``add_image``, ``add_histogram``, ``add_text``); field numbers
are those of tensorboard/compat/proto/summary.proto and tensor.proto."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from runwatch.demo.clinic import FEATURES, Patients
from runwatch.demo.training import Logged, Trained
from runwatch.demo.writers import TensorBoard, bytes_field, double_field, varint

_ACROSS, _UP = FEATURES.index("mean radius"), FEATURES.index("mean texture")
_WIDTH, _HEIGHT, _REACH = 72, 54, 3.0
_LEVELS, _BUCKETS, _SHOWN = 8, 20, 300
_BENIGN, _MALIGNANT = np.array([52, 110, 190.0]), np.array([214, 96, 60.0])
_RGB = 3
_DT_STRING = 7


class IllustratedTensorBoard(TensorBoard):
    """``TensorBoard`` with what a person looks at: after each evaluation a map of the scores of ``trained``
    and the histogram of those of the ``held_out`` patients."""

    def __init__(
        self, folder: Path, at: float, host: str, pid: int, trained: Trained, held_out: Patients
    ) -> None:
        super().__init__(folder, at, host, pid)
        self._trained, self._held_out = trained, held_out

    def write(self, logged: Logged, at: float) -> None:
        super().write(logged, at)
        if "val/auc" in logged.metrics:
            scores = self._trained.scores(self._held_out.x)
            self._summary("val/map", 4, _image(_map(self._trained, self._held_out)), logged.step, at)
            self._summary("val/scores", 5, _histogram(scores), logged.step, at)

    def write_text(self, tag: str, text: str, step: int, at: float) -> None:
        """A Markdown text."""
        plugin = bytes_field(9, bytes_field(1, bytes_field(1, b"text")))
        one = bytes_field(2, bytes_field(2, b"\x08\x01"))
        tensor = b"\x08" + varint(_DT_STRING) + one + bytes_field(8, text.encode())
        self._summary(f"{tag}/text_summary", 8, tensor, step, at, plugin)

    def _summary(self, tag: str, field: int, data: bytes, step: int, at: float, more: bytes = b"") -> None:
        value = bytes_field(1, tag.encode()) + more + bytes_field(field, data)
        self.record(double_field(1, at) + b"\x10" + varint(step) + bytes_field(5, bytes_field(1, value)))


def card(trained: Trained, metrics: dict[str, float], epochs: int) -> str:
    """The model in a few lines of Markdown."""
    settings = "".join(f"| {name} | {value} |\n" for name, value in trained.hparams.items())
    return (
        "# Screening, champion\n\n"
        f"Logistic regression on {len(FEATURES)} features of a cell nucleus, {epochs} epochs.\n\n"
        f"| setting | value |\n| --- | --- |\n{settings}\n"
        f"Held out: AUC **{metrics['val/auc']:.3f}**, accuracy {metrics['val/accuracy']:.3f}.\n\n"
        "- A score says how likely the nucleus is malignant; a doctor decides.\n"
        "- Not for scanners that it was not trained on.\n"
    )


def _map(trained: Trained, rows: Patients) -> NDArray[np.uint8]:
    """RGB [height, width, 3]: the score over radius (across) and texture (up), all else at its mean; held-out
    patients in the colour of the truth."""
    across, up = np.meshgrid(np.linspace(-_REACH, _REACH, _WIDTH), np.linspace(_REACH, -_REACH, _HEIGHT))
    x = np.tile(trained.mean, (_WIDTH * _HEIGHT, 1))
    x[:, _ACROSS] += across.ravel() * trained.spread[_ACROSS]
    x[:, _UP] += up.ravel() * trained.spread[_UP]
    share = np.round(trained.scores(x) * _LEVELS) / _LEVELS
    ground = _BENIGN + share[:, None] * (_MALIGNANT - _BENIGN)
    pixels = (0.35 * ground).reshape(_HEIGHT, _WIDTH, _RGB)
    places = (rows.x[:_SHOWN] - trained.mean) / trained.spread
    column = np.round((places[:, _ACROSS] + _REACH) / (2 * _REACH) * (_WIDTH - 1)).astype(int)
    line = np.round((_REACH - places[:, _UP]) / (2 * _REACH) * (_HEIGHT - 1)).astype(int)
    inside = (column >= 0) & (column < _WIDTH) & (line >= 0) & (line < _HEIGHT)
    truth = np.where(rows.y[:_SHOWN, None] == 1, _MALIGNANT, _BENIGN) * 1.15
    pixels[line[inside], column[inside]] = truth[inside]
    return np.asarray(pixels.clip(0, 255), dtype=np.uint8)


def _image(pixels: NDArray[np.uint8]) -> bytes:
    height, width, _ = pixels.shape
    size = b"\x08" + varint(height) + b"\x10" + varint(width) + b"\x18" + varint(_RGB)
    return size + bytes_field(4, _png(pixels))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """An RGB image as PNG (RFC 2083): lines without a filter, compressed as one."""
    height, width, _ = pixels.shape
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    packed = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def _histogram(values: NDArray[np.float64]) -> bytes:
    counts, edges = np.histogram(values, bins=_BUCKETS, range=(0.0, 1.0))
    sums = (values.min(), values.max(), float(len(values)), values.sum(), np.square(values).sum())
    head = b"".join(double_field(i + 1, round(float(value), 6)) for i, value in enumerate(sums))
    limits, buckets = (np.asarray(part, dtype="<f8").tobytes() for part in (edges[1:], counts))
    return head + bytes_field(6, limits) + bytes_field(7, buckets)
