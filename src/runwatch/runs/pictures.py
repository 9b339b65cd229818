"""Pictures that a run wrote: found by name, decoded one by one when somebody looks at them."""

from __future__ import annotations

import importlib.util
import io
import os
import re
import warnings
from collections.abc import Collection

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.run import RunKey
from runwatch.system.files import TooLarge, read_regular
from runwatch.text.units import size

MOST_BYTES = 32 * 1024 * 1024
MOST_PIXELS = 40_000_000
_ENDINGS = (".png", ".jpg", ".jpeg")
_DEEPEST, _MOST_ENTRIES, _MOST_PICTURES = 5, 20_000, 5_000
_NUMBER = re.compile(r"\d+")

Pixels = NDArray[np.uint8]


class Picture(msgspec.Struct, frozen=True):
    """A file with a picture: ``path`` relative to the root, ``series``: its name without the step, ``step``:
    the last number of its name (None without one), ``mtime`` in seconds since the epoch."""

    path: str
    series: str
    step: int | None
    size: int
    mtime: float


class Refused(ValueError):
    """Why a picture is not shown, in words."""


def can_decode() -> bool:
    """Whether Pillow is installed."""
    return importlib.util.find_spec("PIL") is not None


def find_pictures(key: RunKey, others: Collection[str]) -> dict[str, list[Picture]]:
    """The run's PNG and JPEG files by series, each in order of step. Links are not followed, folders of
    ``others`` (ids of runs of this root) not entered; at most 5,000 pictures, 5 folders deep."""
    folder = os.path.normpath(os.path.join(key.root, key.id))
    skipped = {os.path.normpath(os.path.join(key.root, run)) for run in others if run != key.id}
    found: list[Picture] = []
    seen = 0
    waiting = [(folder, 0)] if os.path.isdir(folder) else []
    while waiting and seen < _MOST_ENTRIES and len(found) < _MOST_PICTURES:
        here, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError:
            continue
        seen += len(entries)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if depth < _DEEPEST and entry.path not in skipped and not entry.name.startswith("."):
                    waiting.append((entry.path, depth + 1))
            elif entry.name.lower().endswith(_ENDINGS) and entry.is_file(follow_symlinks=False):
                found += _picture(entry, key.root, folder)
    series: dict[str, list[Picture]] = {}
    for picture in sorted(found[:_MOST_PICTURES], key=lambda p: (p.series, p.step or 0, p.path)):
        series.setdefault(picture.series, []).append(picture)
    return series


def _picture(entry: os.DirEntry[str], root: str, folder: str) -> list[Picture]:
    try:
        stat = entry.stat(follow_symlinks=False)
    except OSError:
        return []
    inside = os.path.relpath(entry.path, folder)
    name, ending = os.path.splitext(inside)
    numbers = list(_NUMBER.finditer(name))
    step, series = None, inside
    if numbers and len(numbers[-1].group()) <= 15:
        last = numbers[-1]
        step, series = int(last.group()), f"{name[: last.start()]}*{name[last.end() :]}{ending}"
    return [Picture(os.path.relpath(entry.path, root), series, step, stat.st_size, stat.st_mtime)]


def decoded(root: str, path: str, width: int, height: int) -> tuple[Pixels, tuple[int, int]]:
    """The picture as RGB, made to fit into ``width`` by ``height`` pixels (its proportions kept), and its own
    (width, height). Bytes are counted before they are read, pixels by the header before they are decoded.
    Raises Refused."""
    try:
        data = read_regular(os.path.join(root, path), MOST_BYTES)
    except TooLarge:
        raise Refused(f"larger than {size(MOST_BYTES)}: not opened") from None
    except OSError as error:
        raise Refused(f"can't be read: {error.strerror or error}") from None
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
                own = image.size
                if own[0] * own[1] > MOST_PIXELS:
                    raise Refused(f"{own[0]} × {own[1]} pixels, more than 40 million: not decoded")
                scale = min(width / own[0], height / own[1])
                fit = max(round(own[0] * scale), 1), max(round(own[1] * scale), 1)
                image.draft("RGB", fit)
                return _rgb(image, fit), own
    except Refused:
        raise
    except Image.DecompressionBombError:
        raise Refused("more than 40 million pixels: not decoded") from None
    except UnidentifiedImageError:
        raise Refused("no PNG or JPEG, whatever its name says") from None
    except Exception as error:  # whatever a broken or hostile file makes the decoder say
        raise Refused(f"no whole PNG or JPEG: {error}") from None


def _rgb(image: object, fit: tuple[int, int]) -> Pixels:
    from PIL import Image

    assert isinstance(image, Image.Image)
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, dtype=np.float64)
        low, high = float(values.min()), float(values.max())
        image = Image.fromarray(((values - low) / max(high - low, 1e-12) * 255).astype(np.uint8))
    if image.has_transparency_data:
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, (255, 255, 255, 255)), over)
    method = Image.Resampling.LANCZOS if fit[0] < image.width else Image.Resampling.NEAREST
    return np.asarray(image.convert("RGB").resize(fit, method), dtype=np.uint8)
