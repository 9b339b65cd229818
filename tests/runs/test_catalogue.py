"""Claims are settled in one place: priorities, parts, lonely consoles, plug-ins that fail."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from runwatch.readers.base import Claim, Listing
from runwatch.runs.catalogue import Catalogue, settle
from runwatch.watch.tree import Tree


def _claim(reader: str, run_id: str, *files: str, **more: object) -> Claim:
    return Claim(reader, more.pop("format", reader), run_id, files, **more)  # type: ignore[arg-type]


def test_a_file_goes_to_the_higher_priority() -> None:
    runs = settle([_claim("csv", "a", "a/m.csv", priority=10), _claim("keras", "a", "a/m.csv", priority=50)])
    assert [claim.reader for claim in runs["a"]] == ["keras"]


def test_side_files_without_a_format_word_are_shared() -> None:
    side = _claim("hparams", "a", "a/m.csv", format="", role="part")
    runs = settle([_claim("csv", "a", "a/m.csv"), side])
    assert {claim.reader for claim in runs["a"]} == {"csv", "hparams"}


def test_a_part_joins_the_run_above_and_makes_none() -> None:
    part = _claim("console", "a/logs", "a/logs/out.log", role="part")
    assert set(settle([part])) == set()
    runs = settle([_claim("csv", "a", "a/m.csv"), part])
    assert len(runs["a"]) == 2


def test_a_lonely_log_is_a_run_only_where_no_run_is_at_or_below() -> None:
    log = _claim("console", "a", "a/train.log", role="lonely")
    assert set(settle([log])) == {"a"}
    below = settle([log, _claim("csv", "a/version_0", "a/version_0/m.csv")])
    assert set(below) == {"a/version_0"}
    assert [claim.reader for claim in below["a/version_0"]] == ["csv"]


def test_what_a_log_says_above_the_only_run_is_said_of_that_run() -> None:
    logs = [_claim("console", "a", "a/train.log", role="lonely", format=word) for word in ("", "console")]
    version_0 = _claim("csv", "a/logs/version_0", "a/logs/version_0/m.csv")
    alone = settle([*logs, version_0])
    assert [claim.format for claim in alone["a/logs/version_0"]] == ["", "csv"]
    several = settle([*logs, version_0, _claim("csv", "a/logs/version_1", "a/logs/version_1/m.csv")])
    assert [[claim.format for claim in run] for run in several.values()] == [["csv"], ["csv"]]
    store = _claim("mlflow", "a/mlflow.db", "a/mlflow.db", role="many")
    assert len(settle([*logs, version_0, store])["a/logs/version_0"]) == 1


class _Everything:
    NAME = "everything"

    def claim(self, listing: Listing) -> list[Claim]:
        return [_claim("everything", listing.path, listing.join(name)) for name in listing.files]


class _Broken:
    NAME = "broken"

    def claim(self, listing: Listing) -> list[Claim]:
        raise RuntimeError("boom")


def test_a_new_folder_becomes_a_run_and_a_removed_one_goes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    tree, catalogue = Tree(str(tmp_path)), Catalogue(str(tmp_path), {"everything": _Everything()})  # type: ignore[dict-item]
    tree.scan()
    catalogue.update_all(tree.top)
    assert set(catalogue.runs) == {"a"}
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_text("1")
    catalogue.update(tree.top, tree.scan().folders)
    assert set(catalogue.runs) == {"a", "b"}
    (tmp_path / "a" / "x").unlink()
    (tmp_path / "a").rmdir()
    catalogue.update(tree.top, tree.scan().folders)
    assert set(catalogue.runs) == {"b"}


def test_a_reader_that_raises_costs_a_problem_not_the_run(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("1")
    readers = {"broken": _Broken(), "everything": _Everything()}
    tree, catalogue = Tree(str(tmp_path)), Catalogue(str(tmp_path), readers)  # type: ignore[arg-type]
    tree.scan()
    catalogue.update_all(tree.top)
    assert set(catalogue.runs) == {"."}
    assert "broken" in catalogue.problems[0].message


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roots may read everything, so the refusal is made here."""
    from runwatch.readers.registry import built_in

    for name in ("metrics.csv", "log.jsonl", "events.out.tfevents.1.host"):
        (tmp_path / name).write_text("step,loss\n1,0.5\n")

    def opened(path: str, flags: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "open", opened)
    tree, catalogue = Tree(str(tmp_path)), Catalogue(str(tmp_path), built_in())
    tree.scan()
    catalogue.update_all(tree.top)
    assert {(p.file, p.message, p.hint) for p in catalogue.problems} == {
        (name, "cannot be read: Permission denied", "check its permissions")
        for name in ("metrics.csv", "log.jsonl")
    }


def test_a_sibling_that_arrives_late_joins_the_run_it_belongs_to(tmp_path: Path) -> None:
    """Keras: ``train/`` is a run by itself until ``validation/`` stands beside it."""
    from runwatch.readers.registry import built_in

    def event(folder: str) -> None:
        (tmp_path / "run" / folder).mkdir(parents=True)
        (tmp_path / "run" / folder / "events.out.tfevents.1.host").write_bytes(b"")

    event("train")
    tree, catalogue = Tree(str(tmp_path)), Catalogue(str(tmp_path), built_in())
    tree.scan()
    catalogue.update_all(tree.top)
    event("validation")
    catalogue.update(tree.top, tree.refresh(["run/validation/events.out.tfevents.1.host"]).folders)
    assert set(catalogue.runs) == {"run"}
