"""While a large tree is walked for the first time, runs are shown, and in the end they are as ever."""

from __future__ import annotations

import time
from pathlib import Path

from trees import append_csv, write_csv

from runwatch import config
from runwatch.domain.health import HealthSign
from runwatch.domain.run import Run, RunKey
from runwatch.monitor.roots import Roots
from runwatch.store.cache import CacheFile

SAMPLES = Path(__file__).parents[2] / "sample_runs"


def made(root: Path, cache: CacheFile | None = None) -> Roots:
    return Roots((str(root),), config.load((str(root),)), cache or CacheFile(None))


def told(roots: Roots, now: float) -> dict[str, tuple[object, ...]]:
    return {
        run.id: (run.status, run.formats, {tag: (m.last, m.count) for tag, m in run.metrics.items()})
        for run in roots.runs(now)
    }


def walked_with_pauses(root: Path, roots: Roots, most: int) -> list[int]:
    """How many runs were known at each folder of the first walk."""
    known: list[int] = []

    def pulse() -> None:
        roots.take_some(str(root), most, lambda: True)
        known.append(len(roots.runs(time.time())))

    with roots.lock:
        roots.scan(str(root), pulse)
        roots.read_all()
    return known


def test_runs_are_known_before_the_walk_ends_and_are_the_same_after_it(tmp_path: Path) -> None:
    for number in range(80):
        write_csv(tmp_path, f"runs/r{number:02d}", 5)
    early, plain = made(tmp_path), made(tmp_path)
    known = walked_with_pauses(tmp_path, early, 10)
    assert 0 < known[len(known) * 3 // 4] < 80
    with plain.lock:
        plain.scan(str(tmp_path))
        plain.read_all()
    now = time.time()
    assert told(early, now) == told(plain, now)
    assert len(told(early, now)) == 80


def test_what_was_taken_early_changes_no_run_of_any_format() -> None:
    early, plain = made(SAMPLES), made(SAMPLES)
    walked_with_pauses(SAMPLES, early, 3)
    with plain.lock:
        plain.scan(str(SAMPLES))
        plain.read_all()
    now = time.time()
    assert told(early, now) == told(plain, now)


def test_at_the_second_start_what_was_taken_early_is_not_read_again(tmp_path: Path) -> None:
    root, cache = tmp_path / "root", CacheFile(tmp_path / "kept")
    for number in range(60):
        write_csv(root, f"r{number:02d}", 5)
    first = made(root, cache)
    walked_with_pauses(root, first, 10)
    first.runs(time.time())
    with first.lock:
        first.signs(time.time())
    first.keep()
    again = made(root, cache)
    with again.lock:
        again.scan(str(root), lambda: again.take_some(str(root), 10, lambda: True))
    assert again.waiting == 0
    cache.close()
    now = time.time()
    assert told(again, now) == told(first, now)


def signs_of(roots: Roots, root: Path, later: float) -> dict[RunKey, tuple[HealthSign, ...]]:
    with roots.lock:
        roots.scan(str(root))
        roots.read_all()
        roots.runs(later)
        return roots.signs(later)


def test_a_run_that_was_over_and_goes_on_has_the_signs_of_all_its_points(tmp_path: Path) -> None:
    write_csv(tmp_path, "a", 40)
    csv = tmp_path / "a" / "metrics.csv"
    append_csv(csv, 41, float("nan"))
    roots = made(tmp_path)
    month_on = time.time() + 30 * 86400
    before = signs_of(roots, tmp_path, month_on)
    assert before
    for step in range(42, 60):
        append_csv(csv, step, 0.01)
    again = signs_of(roots, tmp_path, month_on)
    fresh = signs_of(made(tmp_path), tmp_path, month_on)
    assert again == fresh


def test_a_run_is_one_run_object_while_nothing_changes(tmp_path: Path) -> None:
    write_csv(tmp_path, "a", 5)
    roots = made(tmp_path)
    with roots.lock:
        roots.scan(str(tmp_path))
        roots.read_all()
    now = time.time()
    runs: tuple[Run, ...] = roots.runs(now)
    assert roots.runs(now) is runs
