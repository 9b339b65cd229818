"""Who speaks for a tag: ranks, superseding tables, purges, rewritten files, consoles."""

from __future__ import annotations

from runwatch.domain.directions import direction_of
from runwatch.domain.operations import Append, Operation, PurgeFrom, Rank, Replace
from runwatch.domain.points import Points
from runwatch.runs.source_data import Source
from runwatch.runs.sources import RunMemory
from runwatch.runs.summary import Summariser


def _source_of(format_: str, file: str = "f", order: int = 0, **more: object) -> Source:
    options = {"priority": 50, "supersedes": frozenset(), "exclusive": False, **more}
    return Source(f"{format_}-claim", format_, file, order, **options)  # type: ignore[arg-type]


def _append(tag: str, steps: list[int], values: list[float]) -> Operation:
    return Append(tag, Points.of(steps, values))


def _values(memory: RunMemory, tag: str) -> list[float]:
    return memory.points(tag, memory.sources_by_tag()[tag]).values.tolist()


def test_of_an_exclusive_claim_the_greatest_rank_speaks_alone() -> None:
    memory = RunMemory()
    for order, (file, rank, last) in enumerate([("old", 10, 1.0), ("new", 20, 2.0)]):
        source = _source_of("huggingface", file, order, exclusive=True)
        memory.apply(source, [Rank(rank), _append("loss", [1], [last])])
    assert _values(memory, "loss") == [2.0]


def test_a_table_hides_events_that_repeat_it_but_not_those_ahead_of_it() -> None:
    memory = RunMemory()
    table = _source_of("huggingface", "t", supersedes=frozenset({"tensorboard"}))
    events = _source_of("tensorboard", "e")
    memory.apply(table, [_append("loss", [1, 2], [1.0, 2.0])])
    memory.apply(events, [_append("train/loss", [1, 2], [1.0, 2.0])])
    assert set(memory.sources_by_tag()) == {"loss"}
    memory.apply(events, [_append("train/loss", [3], [3.0])])
    assert set(memory.sources_by_tag()) == {"loss", "train/loss"}


def test_a_purge_reaches_earlier_files_of_the_claim_only() -> None:
    memory = RunMemory()
    memory.apply(_source_of("tensorboard", "2", 1), [PurgeFrom(2), _append("loss", [2], [20.0])])
    memory.apply(_source_of("tensorboard", "1", 0), [_append("loss", [1, 2, 3], [1.0, 2.0, 3.0])])
    assert _values(memory, "loss") == [1.0, 20.0]


def test_a_purge_in_a_later_file_reaches_tags_that_are_not_in_it() -> None:
    memory = RunMemory()
    memory.apply(_source_of("tensorboard", "1", 0), [_append("loss", [10, 57, 147], [1.0, 2.0, 3.0])])
    memory.apply(_source_of("tensorboard", "2", 1), [PurgeFrom(60), _append("acc", [60], [0.5])])
    summary = Summariser(direction_of, lambda tag: False).summarise(memory, {}, None)
    assert (summary.metrics["loss"].last_step, summary.metrics["loss"].count, summary.step) == (57, 2, 60)


def test_a_rewritten_file_takes_its_points_back() -> None:
    memory = RunMemory()
    source = _source_of("csv")
    memory.apply(source, [_append("loss", [1, 2], [1.0, 2.0])])
    change = memory.apply(source, [Replace(), _append("loss", [1], [9.0])])
    assert "loss" in change.rewritten and _values(memory, "loss") == [9.0]


def test_lightning_on_resume_keeps_the_history_below_the_first_new_step() -> None:
    memory = RunMemory()
    source = _source_of("lightning")
    memory.apply(source, [_append("loss", [1, 2, 3], [1.0, 2.0, 3.0])])
    memory.apply(source, [Replace(keep_history=True), _append("loss", [3, 4], [30.0, 40.0])])
    assert _values(memory, "loss") == [1.0, 2.0, 30.0, 40.0]


def test_console_numbers_are_the_last_resort() -> None:
    memory = RunMemory()
    memory.apply(_source_of("console", "c", priority=5), [_append("loss", [1], [1.0])])
    assert set(memory.sources_by_tag()) == {"loss"}
    memory.apply(_source_of("csv", "f"), [_append("val_loss", [1], [2.0])])
    assert set(memory.sources_by_tag()) == {"val_loss"}


def test_tags_past_the_limit_are_counted_not_kept(monkeypatch) -> None:
    monkeypatch.setattr("runwatch.runs.sources.MAX_TAGS", 2)
    memory = RunMemory()
    memory.apply(_source_of("csv"), [_append(f"t{i}", [1], [1.0]) for i in range(5)])
    assert len(memory.sources_by_tag()) == 2
    assert next(iter(memory.sources.values())).skipped_tags == 3
