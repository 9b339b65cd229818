"""The counting kernel: each value's bin by a look-up, then counts and sums a bin."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from runwatch.data.arrays import spans
from runwatch.data.cells import BLOCK, bins
from runwatch.domain.borders import Arrow
from runwatch.domain.points import AnyArray
from runwatch.domain.profile import BUCKETS, SHAPES, Floats, Ints

_FEW_VALUES = 2048
_CONTINUATION = 0xC0


class Tally(NamedTuple):
    """Counts of one block."""

    counts: Ints
    """int64 ``[edges + 1]``."""
    sums: Floats
    """float64 ``[edges + 1]``, of the finite values."""
    nan: int
    neg_inf: int
    pos_inf: int
    low: float
    """The least finite value, +inf if there is none."""
    high: float
    """The greatest finite value, -inf if there is none."""


def tally(values: AnyArray, edges: AnyArray) -> Tally:
    """Counts and sums per bin of ``values`` (one dtype, no nulls, NaN allowed) on non-decreasing ``edges``;
    bin j is ``(edges[j-1], edges[j]]``."""
    kind = np.result_type(values, edges)
    edges = edges.astype(kind, copy=False)
    few = len(values) < _FEW_VALUES  # no look-up table pays for so few
    total = Tally(
        np.zeros(len(edges) + 1, dtype=np.int64),
        sums=np.zeros(len(edges) + 1),
        nan=0,
        neg_inf=0,
        pos_inf=0,
        low=np.inf,
        high=-np.inf,
    )
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK].astype(kind, copy=False)
        total = _added(total, _counted(block, edges, few))
    return total


def _added(a: Tally, b: Tally) -> Tally:
    return Tally(
        a.counts + b.counts,
        sums=a.sums + b.sums,
        nan=a.nan + b.nan,
        neg_inf=a.neg_inf + b.neg_inf,
        pos_inf=a.pos_inf + b.pos_inf,
        low=min(a.low, b.low),
        high=max(a.high, b.high),
    )


def _counted(values: AnyArray, edges: AnyArray, few: bool) -> Tally:
    low, high = values.min(), values.max()
    nan = neg = pos = 0
    if values.dtype.kind == "f" and not (np.isfinite(low) and np.isfinite(high)):
        nan, neg, pos = (int(mask.sum()) for mask in (np.isnan(values), values == -np.inf, values == np.inf))
        values = values[np.isfinite(values)]
        low, high = (values.min(), values.max()) if len(values) else (np.inf, -np.inf)
    at = np.searchsorted(edges, values) if few else bins(values, edges)
    counts = np.bincount(at, minlength=len(edges) + 1)
    with np.errstate(over="ignore", invalid="ignore"):
        sums: Arrow = np.bincount(at, weights=values, minlength=len(edges) + 1)
    counts[0] += neg
    counts[-1] += pos
    return Tally(counts, sums=sums, nan=nan, neg_inf=neg, pos_inf=pos, low=float(low), high=float(high))


def shapes(array: object) -> tuple[Ints, Ints]:
    """(length in characters int64 ``[n]``, counts int64 ``[64]`` of the rows' character shapes) of a string
    array without nulls. A shape is the set of classes that occur in the value: bit 0 lower-case letters,
    1 upper-case letters, 2 digits, 3 white space, 4 other ASCII, 5 beyond ASCII."""
    where, content = spans(array)
    sizes = np.diff(where)
    lengths = np.zeros(len(sizes), dtype=np.int64)
    masks = np.zeros(len(sizes), dtype=np.uint8)
    full = np.flatnonzero(sizes)
    if len(full):
        first, last = int(where[0]), int(where[-1])
        starts = (where[:-1] - first)[full]
        body = content[first:last]
        masks[full] = np.bitwise_or.reduceat(_CLASSES[body], starts)
        heads = (body & _CONTINUATION) != 0x80
        lengths[full] = np.add.reduceat(heads, starts, dtype=np.int64)
    return lengths, np.bincount(masks, minlength=SHAPES).astype(np.int64)


def _classes() -> NDArray[np.uint8]:
    table = np.full(256, 16, dtype=np.uint8)
    table[ord("a") : ord("z") + 1] = 1
    table[ord("A") : ord("Z") + 1] = 2
    table[ord("0") : ord("9") + 1] = 4
    table[[9, 10, 11, 12, 13, 32]] = 8
    table[128:] = 32
    return table


_CLASSES = _classes()


Hashes = NDArray[np.uint64]
_FACTORS = np.random.default_rng(20261130).integers(1, 1 << 63, size=1021, dtype=np.uint64) * np.uint64(
    2
) + np.uint64(1)
_BITS_A_VALUE = 16
_LEAST_BITS, _MOST_BITS = 16, 21


def mixed(values: Hashes) -> Hashes:
    """The finaliser of splitmix64."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    out: Hashes = values ^ (values >> np.uint64(31))
    return out


def hashed(array: object) -> Hashes:
    """A 64-bit hash a value, uint64 ``[n]``, of a string array without nulls: a sum of bytes times odd
    numbers that depend on their place (Dietzfelbinger 1996), then mixed. The same on every machine."""
    where, content = spans(array)
    sizes = np.diff(where)
    out = sizes.astype(np.uint64)
    full = np.flatnonzero(sizes)
    if len(full):
        first, last = int(where[0]), int(where[-1])
        starts = (where[:-1] - first)[full]
        place = np.arange(last - first) - np.repeat(starts, sizes[full])
        terms = (content[first:last].astype(np.uint64) + np.uint64(1)) * _FACTORS[place % len(_FACTORS)]
        out[full] += np.add.reduceat(terms, starts)
    return mixed(out)


def buckets(hashes: Hashes) -> Ints:
    """Which of the ``BUCKETS`` each hash falls into."""
    return (hashes >> np.uint64(56)).astype(np.int64) % BUCKETS


def bitmap(hashes: Hashes) -> bytes:
    """A Bloom filter (Bloom 1970) of two bits a hash: 16 bits a value, 256 KiB at most."""
    needed = int(np.ceil(np.log2(max(len(hashes) * _BITS_A_VALUE, 1))))
    bits = np.zeros(1 << min(max(needed, _LEAST_BITS), _MOST_BITS), dtype=np.uint8)
    for place in _places(hashes, len(bits)):
        bits[place] = 1
    return np.packbits(bits, bitorder="little").tobytes()


def known(hashes: Hashes, seen: bytes) -> NDArray[np.bool_]:
    """Which hashes may be among those of the bitmap ``seen``; one that is, always is."""
    bits = np.frombuffer(seen, dtype=np.uint8)
    out = np.ones(len(hashes), dtype=bool)
    for place in _places(hashes, 8 * len(bits)):
        out &= (bits[place >> 3] >> (place & 7).astype(np.uint8)) & 1 == 1
    return out


def _places(hashes: Hashes, bits: int) -> tuple[Ints, Ints]:
    mask = np.uint64(bits - 1)
    return (hashes & mask).astype(np.int64), ((hashes >> np.uint64(24)) & mask).astype(np.int64)
