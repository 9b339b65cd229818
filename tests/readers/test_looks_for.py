"""A reader that is not asked about a folder, as it has none of its names, would have claimed nothing."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from runwatch.domain.tree import FileStat, Folder
from runwatch.readers.base import Listing
from runwatch.readers.registry import LateReader, built_in
from runwatch.runs.catalogue import ReaderPanel
from runwatch.watch.tree import Tree

FIXTURES = Path(__file__).parents[1] / "fixtures"


def test_who_is_not_asked_claims_nothing_in_any_fixture() -> None:
    panel, tree = ReaderPanel(built_in()), Tree(str(FIXTURES))
    tree.scan()
    claims = asked = left_out = 0
    for folder in tree.top.walk():
        names = {name for name, _ in panel.of(folder)}
        for name, reader in panel.readers.items():
            found = list(reader.claim(Listing(folder, tree.root)))
            assert name in names or not found, f"{name} claims files of {folder.path}"
            claims += bool(found)
        asked += len(names)
        left_out += len(panel.readers) - len(names)
    assert claims > 20
    assert left_out > asked


class _Quiet:
    NAME = "quiet"

    def __init__(self, *looks_for: str) -> None:
        if looks_for:
            self.LOOKS_FOR = looks_for


def _asked(looks_for: tuple[str, ...], files: tuple[str, ...], folders: tuple[str, ...] = ()) -> bool:
    folder = Folder(".", files=dict.fromkeys(files, FileStat(0, 0, 0, 0, 0)))
    folder.folders = {name: Folder(name, folder) for name in folders}
    panel = ReaderPanel({"quiet": _Quiet(*looks_for)})  # type: ignore[dict-item]
    return bool(panel.of(folder))


def test_names_are_looked_for_whole_by_their_beginning_or_their_end() -> None:
    assert _asked(("run.json",), ("a", "run.json", "b"))
    assert _asked(("run.json",), ("Run.JSON",))
    assert not _asked(("run.json",), ("my-run.json", "run.json.old"))
    assert _asked(("*.csv",), ("a.b", "b.csv"))
    assert not _asked(("*.csv",), ("b.csv.gz",))
    assert _asked(("results*",), (), ("results_2",))
    assert not _asked(("results*",), ("my-results",))
    assert _asked(("*tfevents*",), ("x.tfevents.1",))
    assert not _asked(("*.csv",), ())


def test_a_reader_that_names_nothing_is_asked_about_every_folder() -> None:
    assert _asked((), (os.devnull,))
    assert _asked((), ())


def test_what_a_reader_says_of_itself_is_known_before_it_is_imported() -> None:
    late = [reader for reader in built_in().values() if isinstance(reader, LateReader)]
    assert len(late) > len(built_in()) - 4
    for reader in late:
        module = importlib.import_module(reader.module)
        assert (module.NAME, module.LOOKS_FOR) == (reader.NAME, reader.LOOKS_FOR)
