"""The counting kernel and the merge law."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from runwatch.data.formats.base import ColumnBlock
from runwatch.data.grid import make_column, make_edges, make_grid
from runwatch.data.kernel import shapes, tally
from runwatch.data.profile import Counter
from runwatch.domain.profile import SHAPES, ProfileGrid, TableProfile, empty_profile, merge

any_float = st.floats(allow_nan=True, allow_infinity=True, width=64)
vectors = arrays(np.float64, st.integers(0, 200), elements=any_float)


@given(vectors, arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e6, 1e6)))
@settings(max_examples=60, deadline=None)
def test_counts_are_what_comparing_each_value_gives(values: np.ndarray, edges: np.ndarray) -> None:
    edges = np.unique(edges)
    found = tally(values, edges)
    present = values[~np.isnan(values)]
    bounds = np.concatenate([[-np.inf], edges, [np.inf]])
    for j in range(len(edges) + 1):
        inside = (present > bounds[j]) & (present <= bounds[j + 1])
        if j == 0:
            inside |= present == -np.inf
        assert found.counts[j] == inside.sum()
    assert found.nan == np.isnan(values).sum()
    assert found.neg_inf == (values == -np.inf).sum()
    assert found.pos_inf == (values == np.inf).sum()
    finite = values[np.isfinite(values)]
    if len(finite):
        assert (found.low, found.high) == (finite.min(), finite.max())


def test_sums_are_of_the_finite_values_of_each_bin() -> None:
    values = np.array([1.0, 2.0, 3.0, np.inf, np.nan, 10.0, -np.inf, -4.0])
    found = tally(values, np.array([0.0, 2.5]))
    assert found.sums.tolist() == [-4.0, 3.0, 13.0]
    assert found.counts.tolist() == [2, 2, 3]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64, np.float32, np.float64])
def test_values_are_compared_in_their_own_type(dtype: type) -> None:
    edges, _, _ = make_edges(np.array([1, 2, 2, 3, 100], dtype=dtype))
    assert edges.dtype == dtype
    found = tally(np.array([1, 2, 2, 3, 100], dtype=dtype), edges)
    assert found.counts.sum() == 5


def test_integers_past_two_to_the_53_stay_apart() -> None:
    big = 2**60
    edges, _, _ = make_edges(np.array([big, big + 1, big + 2], dtype=np.int64))
    counts = tally(np.array([big + 1], dtype=np.int64), edges).counts
    assert counts.sum() == 1
    assert counts.argmax() != tally(np.array([big], dtype=np.int64), edges).counts.argmax()


def test_an_atom_has_a_bin_of_its_own_and_no_other_bin_is_large() -> None:
    rng = np.random.default_rng(0)
    values = np.where(rng.random(20_000) < 0.6, 0.0, rng.exponential(size=20_000))
    edges, _, _ = make_edges(values)
    found = tally(values, edges)
    at = int(np.searchsorted(edges, 0.0))
    assert found.counts[at] == (values == 0).sum()
    others = np.delete(found.counts, at)
    assert others.max() <= len(values) / 240 + 1


def test_deciles_are_edges_of_the_grid() -> None:
    values = np.random.default_rng(1).normal(size=5000)
    edges, deciles, _ = make_edges(values)
    inner = np.unique(np.quantile(values, np.linspace(0, 1, 11)[1:-1]))
    assert len(deciles) == 9
    for edge, point in zip(edges[list(deciles)], inner, strict=True):
        assert edge < point <= np.nextafter(edge, np.inf)


def test_shapes_of_text() -> None:
    lengths, kinds = shapes(pa.array(["ab", "", "A1", "é x", "日本"]))
    assert lengths.tolist() == [2, 0, 2, 3, 2]
    assert kinds.sum() == 5 and len(kinds) == SHAPES
    assert kinds[0] == 1 and kinds[1] == 1 and kinds[2 | 4] == 1 and kinds[32] == 1


def test_shapes_of_a_sliced_array() -> None:
    lengths, _ = shapes(pa.array(["skip", "abc", "", "de"]).slice(1))
    assert lengths.tolist() == [3, 0, 2]


def _columns(rng: np.random.Generator, n: int) -> list[tuple[str, pa.Array]]:
    numbers = rng.normal(size=n)
    return [
        ("x", pa.array(np.where(rng.random(n) < 0.1, np.nan, numbers))),
        ("k", pa.array(rng.integers(-3, 4, n))),
        ("c", pa.array([None if i % 7 == 0 else f"w{i % 90}" for i in rng.integers(0, 900, n)])),
        ("b", pa.array(rng.random(n) < 0.3)),
        ("t", pa.array([f"some text number {i} " * 4 for i in rng.integers(0, 10**6, n)])),
    ]


def _grid() -> ProfileGrid:
    columns = _columns(np.random.default_rng(5), 400)
    return make_grid(make_column(name, array.slice(0, 60 if name == "c" else 400)) for name, array in columns)


GRID = _grid()


def _profile(columns: list[tuple[str, pa.Array]]) -> TableProfile:
    counter = Counter(GRID)
    counter.add(ColumnBlock(len(columns[0][1]), columns))
    return counter.result(())


def _same(a: TableProfile, b: TableProfile) -> bool:
    scale = np.abs(a.sums).sum() + 1.0
    return (
        a.rows == b.rows
        and np.array_equal(a.counts, b.counts)
        and np.array_equal(a.scalars, b.scalars)
        and np.array_equal(a.low, b.low)
        and np.array_equal(a.high, b.high)
        and a.others == b.others
        and bool(np.abs(a.sums - b.sums).max() <= 1e-9 * scale)
    )


@given(st.integers(0, 2**32), st.lists(st.integers(0, 500), max_size=6), st.randoms())
@settings(max_examples=25, deadline=None)
def test_any_split_in_any_order_adds_up_to_the_same_profile(seed, cuts, shuffler) -> None:
    columns = _columns(np.random.default_rng(seed), 500)
    bounds = [0, *sorted(cuts), 500]
    pieces = [
        _profile([(name, array.slice(a, b - a)) for name, array in columns]) for a, b in pairwise(bounds)
    ]
    shuffler.shuffle(pieces)
    assert _same(reduce(merge, pieces, empty_profile(GRID)), _profile(columns))


def test_profiles_of_different_grids_do_not_add_up() -> None:
    other = make_grid([make_column("x", pa.array([1.0, 2.0]))])
    with pytest.raises(ValueError, match="different grids"):
        merge(empty_profile(GRID), empty_profile(other))


def test_other_words_are_counted_and_named() -> None:
    index = GRID.index["c"]
    array = pa.array(["brand new"] * 3 + [GRID.columns[index].words[0]])
    found = _profile([("c", array)]).column(index)
    assert found.counts[-1] == 3 and found.counts[0] == 1
    assert found.others == {"brand new": 3}


def test_dictionaries_count_like_plain_strings() -> None:
    index = GRID.index["c"]
    array = pa.array(["w1", None, "zzz", "w1", "w2", "zzz"])
    plain, coded = (_profile([("c", a)]).column(index) for a in (array, array.dictionary_encode()))
    assert np.array_equal(plain.counts, coded.counts)
    assert plain.others == coded.others and plain.null == coded.null == 1
