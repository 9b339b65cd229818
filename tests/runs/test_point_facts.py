"""A few points are told by Python, many by numpy: both say the same."""

from __future__ import annotations

import math
from unittest.mock import patch

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runwatch.domain.points import Points
from runwatch.runs import point_facts
from runwatch.runs.point_facts import FEW, facts_of, step_facts

_STEPS = st.one_of(
    st.integers(-3, 3), st.integers(0, 2**40), st.sampled_from([-(2**62), 2**31 - 1, 2**31, 2**62])
)
_VALUES = st.sampled_from([0.0, -0.0, 0.1, 0.5, 1e300, -1e300, math.nan, math.inf, -math.inf, 3.0])
_WALLS = st.sampled_from([math.nan, 1.7e9, 1.7e9 + 1, 1.8e9])


@given(st.lists(st.tuples(_STEPS, _WALLS, _VALUES), min_size=2, max_size=8), st.booleans())
@example([(-(2**62), math.nan, 0.0), (2**62, math.nan, 0.0)], False)
@example([(2**62, math.nan, 0.0), (-(2**62), math.nan, 0.0)], False)
@settings(max_examples=400, deadline=None)
def test_the_facts_do_not_depend_on_how_many_they_are_told_for(
    rows: list[tuple[int, float, float]], even: bool
) -> None:
    steps = range(rows[0][0], rows[0][0] + 7 * len(rows), 7) if even else [row[0] for row in rows]
    points = Points.of(list(steps), [row[2] for row in rows], [row[1] for row in rows])
    few = facts_of(points)
    with patch.object(point_facts, "FEW", 0):
        many = facts_of(points)
    assert few[:1] + few[2:] == many[:1] + many[2:]
    assert few.gap == many.gap or (math.isnan(few.gap) and math.isnan(many.gap))


def test_many_steps_are_told_as_few_are() -> None:
    rng = np.random.default_rng(1)
    for steps in (
        np.arange(3, 3 + 5 * (FEW + 9), 5),
        np.arange(FEW + 9)[::-1].copy(),
        np.zeros(FEW + 9, dtype=np.int64),
        np.cumsum(rng.integers(1, 4, FEW + 9)),
        np.cumsum(rng.integers(0, 3, FEW + 9)),
        rng.integers(0, 40, FEW + 9),
    ):
        with patch.object(point_facts, "FEW", len(steps)):
            few = step_facts(steps)
        assert step_facts(steps) == few
