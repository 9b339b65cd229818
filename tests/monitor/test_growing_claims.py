"""Whose file it is, is asked again while its beginning is still being written."""

from __future__ import annotations

from pathlib import Path

from runwatch.config.settings import Settings
from runwatch.monitor.reading import RootReader
from runwatch.readers.registry import built_in

LIGHTGBM = "".join(
    ["[LightGBM] [Info] Number of positive: 195, number of negative: 205\n"]
    + ["[LightGBM] [Info] [binary:BoostFromScore]: pavg=0.48 -> initscore=-0.05\n"]
    + [f"[{i}]\tvalid_0's auc: {0.5 + i / 100}\n" for i in range(1, 13)]
)


def _look(reader: RootReader) -> dict[str, list[str]]:
    reader.scan()
    while reader.read_some(lambda: False):
        pass
    return {run_id: sorted(entry.memory.sources_by_tag()) for run_id, entry in reader.entries.items()}


def _watched(root: Path, *writes: tuple[str, str]) -> dict[str, list[str]]:
    """What is known after each of the writes was seen."""
    reader = RootReader(str(root), Settings(), built_in())
    _look(reader)
    for name, text in writes:
        with (root / name).open("a") as out:
            out.write(text)
        _look(reader)
    return _look(reader)


def test_a_log_is_the_boosters_once_its_first_round_is_there(tmp_path: Path) -> None:
    lines = LIGHTGBM.splitlines(keepends=True)
    assert _watched(tmp_path, *(("train.log", line) for line in lines)) == {".": ["valid_0's auc"]}


def test_the_logs_of_two_jobs_are_two_runs_once_the_second_one_tells_something(tmp_path: Path) -> None:
    writes = [
        ("slurm-10.out", "step 1 loss 3.0\n"),
        ("slurm-11.out", ""),
        ("slurm-11.out", "step 1 loss 2.0\n"),
    ]
    assert _watched(tmp_path, *writes) == {"slurm-10": ["loss"], "slurm-11": ["loss"]}


def test_a_table_without_numbers_is_no_run_any_more(tmp_path: Path) -> None:
    assert _watched(tmp_path, ("log.csv", "step,loss\n"), ("log.csv", "a,b\nc,d\n")) == {}
