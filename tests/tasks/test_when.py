from datetime import date

import pytest

from runwatch.tasks.when import future_day

WEDNESDAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("2026-12-01", date(2026, 12, 1)),
        ("today", WEDNESDAY),
        ("tomorrow", date(2026, 11, 26)),
        ("mo", date(2026, 11, 30)),
        ("monday", date(2026, 11, 30)),
        ("Wed", date(2026, 12, 2)),
        ("thu", date(2026, 11, 26)),
        ("3d", date(2026, 11, 28)),
        ("+2 weeks", date(2026, 12, 9)),
        ("14m", date(2028, 1, 25)),
    ],
)
def test_days(words, day):
    assert future_day(words, WEDNESDAY) == day


@pytest.mark.parametrize("words", ["", "t", "w", "m", "someday", "2026-13-01", "-3d", "mondays", "9999y"])
def test_no_days(words):
    with pytest.raises(ValueError, match="give a date"):
        future_day(words, WEDNESDAY)
