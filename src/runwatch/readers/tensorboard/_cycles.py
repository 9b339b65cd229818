"""Scalars that repeat in one order, as a training loop logs them: many rounds are read at once.

Cycles differ in wall times, steps and values only. CRC-32C is linear over GF(2), so a record's CRC xor the
share of its varying bytes (a table look-up each) is the same in every round."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.points import AnyArray
from runwatch.readers.tensorboard._record import FRAME, HEADER, SHORT, data_is_sound

Ints = NDArray[np.int64]

_AT_ONCE = 256 * 1024
"""Bytes looked at together: few enough to stay in cache."""


class ScalarColumn(NamedTuple):
    """Points of one tag: ``starts`` are the records' offsets, ascending."""

    tag: str
    starts: Ints
    steps: Ints
    walls: NDArray[np.float64]
    values: NDArray[np.float64]


class Cycles(NamedTuple):
    """Records that follow on each other again and again: their sizes, and the bytes of each step; each record
    is a wall time, a step, what names the tag, and a value of 4 bytes at the end."""

    sizes: tuple[int, ...]
    step_size: int


@cache
def shares() -> NDArray[np.uint32]:
    """A byte's share in the CRC-32C of a message: entry ``256 * after + byte``, ``after`` being the number
    of bytes behind it."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0x82F63B78), table >> 1).astype(np.uint32)
    rows = [table]
    for _ in range(SHORT - 1):
        rows.append((rows[-1] >> 8) ^ table[rows[-1] & 0xFF])
    return np.concatenate(rows)


def unmasked(stored: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """CRCs as they were before TFRecord masked them."""
    crcs = stored - np.uint32(0xA282EAD8)
    return (crcs >> np.uint32(17)) | (crcs << np.uint32(15))


class _Places(NamedTuple):
    """Where the records of a round begin; where their varying bytes lie (bytes of wall time, step, value and
    CRC; records); the entry in ``shares`` of those but the CRC's; which bytes of the round are fixed."""

    starts: Ints
    varying: Ints
    entries: Ints
    fixed: NDArray[np.bool_]


@lru_cache(maxsize=256)
def _places(rounds: Cycles) -> _Places:
    sizes = np.array(rounds.sizes, dtype=np.int64)
    starts = np.concatenate(((0,), np.cumsum(sizes + FRAME)[:-1]))
    inside = np.concatenate((np.arange(1, 9), np.arange(10, 10 + rounds.step_size)))
    head = np.repeat(inside[:, None], len(sizes), axis=1)
    tail = sizes - 4 + np.arange(8)[:, None]
    within = np.concatenate((head, tail))
    varying = starts + HEADER + within
    fixed = np.ones(int((sizes + FRAME).sum()), dtype=np.bool_)
    fixed[varying] = False
    entries = 256 * (sizes - 1 - within[:-4])
    return _Places(starts, varying, entries[:, :, None], fixed)


def read(data: bytes, at: int, rounds: Cycles, tags: list[str]) -> tuple[int, list[ScalarColumn]]:
    """How many whole rounds from ``at`` on are like the first one and sound, as far as was looked, and their
    points by record of a round."""
    width = sum(rounds.sizes) + FRAME * len(tags)
    places, most = _places(rounds), min((len(data) - at) // width, max(_AT_ONCE // width, 1))
    table = np.frombuffer(data, np.uint8, most * width, at).reshape(most, width)
    table = table[: _first(((table == table[0]) | ~places.fixed).all(axis=1))]
    bytes_, size = table.T[places.varying], rounds.step_size
    count = _first(_sound(bytes_, places) & _continued(bytes_[8 : 8 + size]))
    if not _is_sound(data, at, rounds):
        return 0, []
    walls, values = _joined(bytes_[:8], "<f8"), _joined(bytes_[8 + size : 12 + size], "<f4")
    steps = np.zeros(walls.shape, dtype=np.int64)
    for i in range(size):
        steps |= (bytes_[8 + i] & 0x7F).astype(np.int64) << (7 * i)
    starts = at + places.starts[:, None] + width * np.arange(count)
    wide = values.astype(np.float64)
    return count, [
        ScalarColumn(
            tag, starts=starts[i], steps=steps[i, :count], walls=walls[i, :count], values=wide[i, :count]
        )
        for i, tag in enumerate(tags)
    ]


def _first(good: NDArray[np.bool_]) -> int:
    """How many hold before the first that does not."""
    return len(good) if good.all() else int(good.argmin())


def _is_sound(data: bytes, at: int, rounds: Cycles) -> bool:
    """Whether the CRCs of the first round fit."""
    for size in rounds.sizes:
        if not data_is_sound(data, at, size):
            return False
        at += size + FRAME
    return True


def _sound(bytes_: NDArray[np.uint8], places: _Places) -> NDArray[np.bool_]:
    """Whether all CRCs of a round (rounds,) fit, if those of the first round do."""
    key = unmasked(_joined(bytes_[-4:], "<u4"))
    key ^= np.bitwise_xor.reduce(shares()[bytes_[:-4] + places.entries], axis=0)
    same: NDArray[np.bool_] = (key == key[:, :1]).all(axis=0)
    return same


def _continued(steps: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether all bytes of the steps (bytes, records, rounds) but the last say that another one follows."""
    more = steps >= 0x80
    continued: NDArray[np.bool_] = (more[:-1].all(axis=0) & ~more[-1]).all(axis=0)
    return continued


def _joined(bytes_: NDArray[np.uint8], dtype: str) -> AnyArray:
    """Numbers (records, rounds) out of their bytes (bytes, records, rounds)."""
    return np.ascontiguousarray(bytes_.transpose(1, 2, 0)).view(dtype)[:, :, 0]
