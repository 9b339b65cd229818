"""Another number of decimals is no drift; a shift of values that are rounded otherwise is."""

from __future__ import annotations

import numpy as np
import pytest
from drift_tables import profiled

from runwatch.domain.profile import NamedProfile
from runwatch.judge.drift.report import report


@pytest.mark.parametrize(("before", "now"), [(0, 3), (3, 0), (0, 1), (1, 0)])
def test_coarser_rounding_is_no_drift_and_a_shift_of_it_is(before: int, now: int) -> None:
    called = {0.0: 0, 2.0: 0}
    for seed in range(10):
        rng = np.random.default_rng(seed)
        reference = profiled({"x": rng.normal(50, 10, 20_000).round(before)})
        for shift in called:
            batch = profiled({"x": rng.normal(50 + shift, 10, 8000).round(now)}, reference.grid)
            called[shift] += report(reference, [NamedProfile("b", batch)]).verdict != "stable"
    assert called == {0.0: 0, 2.0: 10}
