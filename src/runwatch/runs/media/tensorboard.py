"""TensorBoard: images, histograms, PR curves, texts, sounds and meshes, old summaries and tensor plug-ins.

Source: tensorflow/core/framework/summary.proto and tensor.proto; tensorboard/plugins/*/metadata.py of
image, histogram, pr_curve, text, audio and mesh."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.media import (
    Histogram,
    ImageFile,
    LoggedFile,
    LoggedText,
    MediaContent,
    MediaItem,
    MediaKind,
    MediaSeries,
    PrCurve,
)
from runwatch.readers.base import Cursor, SourceFile, read_tail
from runwatch.readers.common.protobuf import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    Malformed,
    double,
    fields,
    signed,
    single,
    text,
)
from runwatch.readers.tensorboard._event import metadata
from runwatch.readers.tensorboard._record import FRAME, HEADER, data_is_sound, header
from runwatch.runs.media.base import (
    CHANGED,
    MOST_BYTES,
    MOST_TEXT,
    FoundMedia,
    MediaPlace,
    MediaRefused,
    Scan,
    histogram,
    item_bytes,
    table,
)
from runwatch.text.units import plural

NAME = "tensorboard"
_PLUGINS: dict[str, MediaKind] = {
    "images": "picture",
    "histograms": "histogram",
    "pr_curves": "pr curve",
    "text": "text",
    "audio": "audio",
    "mesh": "mesh",
}
_SCALAR_END = 0x15
"""The key of ``simple_value``, five bytes before the end of a record that holds a scalar alone."""
_SHORT = 512
_MOST_IMAGES = 16
_LARGEST = 1e300


def takes(file: str) -> bool:
    return "tfevents" in os.path.basename(file)


def scan(place: MediaPlace, source: SourceFile, cursor: Cursor | None) -> Scan:
    """The summaries in new records. The cursor remembers ``plugins``: tags whose plug-in only their first
    event names; ``skip``: bytes still to drop of a record above the limit."""
    tail = read_tail(source, cursor, MOST_BYTES)
    plugins: dict[str, str] = dict(tail.state.get("plugins", {}))
    data, at = tail.data, min(int(tail.state.get("skip", 0)), len(tail.data))
    skip = int(tail.state.get("skip", 0)) - at
    media: list[FoundMedia] = []
    more = tail.more
    while not skip and at + FRAME <= len(data):
        head = header(data, at)
        if not head.sound:
            more = False
            break
        end = at + HEADER + head.size
        if end + 4 > len(data):
            if head.size + FRAME > MOST_BYTES:
                skip = at + head.size + FRAME - len(data)
                at = len(data)
            break
        if not _is_scalar(data, at + HEADER, end) and data_is_sound(data, at, head.size):
            media += _summaries(source.file, tail.start, data, at + HEADER, end, plugins)
        at = end + 4
    state = {"plugins": plugins} | ({"skip": skip} if skip else {})
    return Scan(media, tail.cursor(at, state), tail.rewritten, more)


def _is_scalar(data: bytes, start: int, end: int) -> bool:
    """Nearly all records hold one number: seen by their last bytes, or by the plug-in's name."""
    if end - start > _SHORT:
        return False
    return data[end - 5] == _SCALAR_END or data.find(b"scalars", start, end) >= 0


def _summaries(
    file: str, base: int, data: bytes, start: int, end: int, plugins: dict[str, str]
) -> Iterator[FoundMedia]:
    wall, step = math.nan, 0
    values: list[tuple[int, int]] = []
    try:
        for number, wire, at, stop in fields(data, start, end):
            if number == 1 and wire == FIXED64:
                wall = double(data, at)
            elif number == 2 and wire == VARINT:
                step = signed(at)
            elif number == 5 and wire == BYTES:
                values += [(low, high) for part, kind, low, high in fields(data, at, stop) if part == 1]
        summaries = [(_named(data, low, high, plugins), low, high) for low, high in values]
    except Malformed:
        return
    seconds = wall if math.isfinite(wall) else None
    for named, low, high in summaries:
        if named is not None:
            kind, tag, batch = named
            for i in range(max(min(batch, _MOST_IMAGES), 1)):
                name, form = (f"{tag} #{i + 1}", str(i)) if i else (tag, "")
                yield FoundMedia(
                    kind,
                    name,
                    MediaItem(step, wall=seconds, file=file, offset=base + low, length=high - low, form=form),
                )


def _named(data: bytes, start: int, end: int, plugins: dict[str, str]) -> tuple[MediaKind, str, int] | None:
    """What kind of thing a Value is, its tag, and how many images it has; None for what is not shown."""
    tag, plugin = "", ""
    kind: MediaKind | None = None
    tensor = (0, 0)
    for number, wire, at, stop in fields(data, start, end):
        if wire != BYTES:
            continue
        if number == 1:
            tag = text(data, at, stop)
        elif number == 4:
            kind = "picture"
        elif number == 5:
            kind = "histogram"
        elif number == 6:
            kind = "audio"
        elif number == 8:
            tensor = (at, stop)
        elif number == 9:
            plugin, _, _ = metadata(data, at, stop)
    if plugin in _PLUGINS and plugins.get(tag) != plugin and len(plugins) < 10_000:
        plugins[tag] = plugin
    batch = 1
    if kind is None and tensor[1]:
        kind = _PLUGINS.get(plugin or plugins.get(tag, ""))
        if kind is None and not plugin and tag.endswith("/text_summary"):
            kind = "text"
        if kind == "picture":
            batch = sum(number == 8 for number, *_ in fields(data, *tensor)) - 2
    if kind is None:
        return None
    return kind, tag.removesuffix("/text_summary") if kind == "text" else tag, batch


def content(place: MediaPlace, series: MediaSeries, item: MediaItem) -> MediaContent:
    """One summary."""
    data = item_bytes(place, item)
    parts: dict[int, tuple[int, int]] = {}
    try:
        for number, wire, at, stop in fields(data, 0, len(data)):
            if wire == BYTES:
                parts[number] = (at, stop)
        if not series.tag.endswith(_tag(data, parts, item)):
            raise MediaRefused(CHANGED)
        if series.kind == "picture":
            return ImageFile(_image(data, parts, int(item.form or 0)))
        if series.kind == "histogram":
            return _histogram(data, parts)
        if series.kind == "audio":
            return _audio(data, parts)
        tensor = _Tensor(data, *parts.get(8, (0, 0)))
    except Malformed:
        raise MediaRefused(CHANGED) from None
    if series.kind == "mesh":
        return _mesh(series.tag, tensor)
    return _pr_curve(tensor) if series.kind == "pr curve" else _text(tensor)


def _tag(data: bytes, parts: dict[int, tuple[int, int]], item: MediaItem) -> str:
    tag = text(data, *parts.get(1, (0, 0))).removesuffix("/text_summary")
    return f"{tag} #{int(item.form) + 1}" if item.form else tag


class _Tensor:
    """A TensorProto: its ``shape``, and its ``strings`` or ``numbers``."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.shape: tuple[int, ...] = ()
        self.strings: list[bytes] = []
        self._data, self._dtype = data, 0
        self._raw: tuple[int, int] | None = None
        self._packed: list[NDArray[np.float64]] = []
        for number, wire, at, stop in fields(data, start, end):
            if number == 1 and wire == VARINT:
                self._dtype = at
            elif number == 2 and wire == BYTES:
                self.shape = tuple(_dimensions(data, at, stop))
            elif number == 4 and wire == BYTES:
                self._raw = (at, stop)
            elif number == 8 and wire == BYTES:
                self.strings.append(data[at:stop])
            elif number in (5, 6) and wire == BYTES:
                self._packed.append(_floats(data, at, stop, 4 if number == 5 else 8))

    def numbers(self, *shape: int) -> NDArray[np.float64]:
        """The elements, in this shape. Raises ValueError when they do not have it."""
        if self._raw is not None and self._dtype in (1, 2):
            floats = _floats(self._data, *self._raw, 4 if self._dtype == 1 else 8)
        elif self._packed:
            floats = np.concatenate(self._packed)
        else:
            raise ValueError("its number type is not supported")
        return floats.reshape(shape)


def _floats(data: bytes, at: int, stop: int, width: int) -> NDArray[np.float64]:
    kind = "<f4" if width == 4 else "<f8"
    return np.frombuffer(data, kind, (stop - at) // width, at).astype(np.float64)


def _dimensions(data: bytes, start: int, end: int) -> Iterator[int]:
    for number, wire, at, stop in fields(data, start, end):
        if number == 2 and wire == BYTES:
            dimensions = [
                low for part, kind, low, _ in fields(data, at, stop) if part == 1 and kind == VARINT
            ]
            yield signed(dimensions[-1]) if dimensions else 0


def _image(data: bytes, parts: dict[int, tuple[int, int]], which: int) -> bytes:
    """The encoded image: field 4 of an Image, or a string of the plug-in's tensor, whose first two are
    width and height."""
    if 4 in parts:
        for number, wire, at, stop in fields(data, *parts[4]):
            if number == 4 and wire == BYTES:
                return data[at:stop]
        raise MediaRefused("it holds no image")
    strings = _Tensor(data, *parts.get(8, (0, 0))).strings
    if len(strings) < 3 + which:
        raise MediaRefused("it holds no image")
    return strings[2 + which]


def _histogram(data: bytes, parts: dict[int, tuple[int, int]]) -> Histogram:
    """Buckets of a HistogramProto (upper limits; the outermost are those of the numbers, not of the
    histogram), or rows (left, right, count) of the plug-in's tensor."""
    if 5 not in parts:
        rows = _Tensor(data, *parts.get(8, (0, 0))).numbers(-1, 3)
        if not len(rows):
            raise MediaRefused("a histogram without bins")
        return histogram([*rows[:, 0].tolist(), float(rows[-1, 1])], rows[:, 2].tolist())
    low = high = 0.0
    limits, counts = np.empty(0), np.empty(0)
    for number, wire, at, stop in fields(data, *parts[5]):
        if number == 1 and wire == FIXED64:
            low = double(data, at)
        elif number == 2 and wire == FIXED64:
            high = double(data, at)
        elif number == 6 and wire == BYTES:
            limits = np.append(limits, _floats(data, at, stop, 8))
        elif number == 7 and wire == BYTES:
            counts = np.append(counts, _floats(data, at, stop, 8))
    filled = np.flatnonzero(counts)
    if len(limits) != len(counts) or not len(filled):
        raise MediaRefused("a histogram without numbers in it")
    first, last = int(filled[0]), int(filled[-1])
    edges = [float(limits[first - 1]) if first else low, *limits[first : last + 1].tolist()]
    edges[0] = max(edges[0], low) if math.isfinite(low) else edges[0]
    edges[-1] = min(edges[-1], high) if math.isfinite(high) else edges[-1]
    edges = [min(max(edge, -_LARGEST), _LARGEST) for edge in edges]
    return histogram(sorted(edges), counts[first : last + 1].tolist())


def _audio(data: bytes, parts: dict[int, tuple[int, int]]) -> LoggedFile:
    """The encoded sound: field 4 of an Audio, with its rate and length; or the first string of the plug-in's
    tensor."""
    if 6 not in parts:
        strings = _Tensor(data, *parts.get(8, (0, 0))).strings
        if not strings:
            raise MediaRefused("it holds no sound")
        return LoggedFile(strings[0])
    rate, frames, sound = 0.0, 0, b""
    for number, wire, at, stop in fields(data, *parts[6]):
        if number == 1 and wire == FIXED32:
            rate = single(data, at)
        elif number == 3 and wire == VARINT:
            frames = at
        elif number == 4 and wire == BYTES:
            sound = data[at:stop]
    known = rate > 0 and math.isfinite(rate)
    return LoggedFile(sound, f"{frames / rate:.3g} s at {rate:,.0f} Hz" if known else "")


def _mesh(tag: str, tensor: _Tensor) -> LoggedFile:
    """One part of a mesh: its tag ends in the number of the part."""
    part = {"1": "point", "2": "face", "3": "colour"}.get(tag.rpartition("_")[2], "part")
    return LoggedFile(b"", plural(tensor.shape[1], part) if len(tensor.shape) == 3 else "")


def _pr_curve(tensor: _Tensor) -> PrCurve:
    """The plug-in's rows are true and false positives, true and false negatives, precision, recall; where
    nothing is called positive there is no precision, whatever it writes."""
    rows = tensor.numbers(6, -1)[:, :2000]
    rows = rows[:, rows[0] + rows[1] > 0]
    return PrCurve(tuple(rows[4].tolist()), tuple(rows[5].tolist()))


def _text(tensor: _Tensor) -> MediaContent:
    if not tensor.strings:
        raise MediaRefused("an empty text")
    words = [one[:MOST_TEXT].decode("utf-8", "replace") for one in tensor.strings[:5000]]
    if len(tensor.shape) == 2 and tensor.shape[1] > 0:
        across = tensor.shape[1]
        rows: list[object] = [words[i : i + across] for i in range(0, len(words), across)]
        first = rows[0]
        return table(list(first) if isinstance(first, list) else [], rows[1:])
    return LoggedText("\n\n".join(words)[:MOST_TEXT])
