"""Laws that every reader holds, whatever its format: tried on all fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import FIXTURES, stat_of, tree

from runwatch.domain.operations import Append
from runwatch.domain.tree import Folder
from runwatch.readers.base import Claim, Cursor, Listing, Reader, Reading, SourceFile
from runwatch.readers.registry import built_in

READERS = built_in()
CASES = sorted(path for path in FIXTURES.iterdir() if path.is_dir())


def claimed(reader: Reader, folder: Folder, root: Path) -> list[Claim]:
    return [claim for one in folder.walk() for claim in reader.claim(Listing(one, str(root)))]


def turned(folder: Folder, parent: Folder | None = None) -> Folder:
    """The same folder as another file system lists it: the other way round."""
    made = Folder(folder.path, parent)
    made.files.update(reversed(folder.files.items()))
    for name, below in reversed(folder.folders.items()):
        made.folders[name] = turned(below, made)
    return made


def as_texts(claims: list[Claim]) -> list[str]:
    return sorted(repr((c.run_id, c.format, sorted(c.files), c.tag_prefix, c.priority)) for c in claims)


def points(found: Reading) -> list[Append]:
    every = (operation for operations in found.operations.values() for operation in operations)
    return [operation for operation in every if isinstance(operation, Append)]


@pytest.mark.parametrize("name", sorted(READERS))
class TestEveryReader:
    def test_claims_nothing_in_an_empty_folder(self, name: str, tmp_path: Path) -> None:
        assert claimed(READERS[name], tree(tmp_path), tmp_path) == []

    def test_claims_the_same_in_whatever_order_a_folder_is_listed(self, name: str) -> None:
        for root in CASES:
            folder = tree(root)
            first = as_texts(claimed(READERS[name], folder, root))
            assert first == as_texts(claimed(READERS[name], folder, root))
            assert first == as_texts(claimed(READERS[name], turned(folder), root)), root.name

    def test_reads_the_same_twice_and_nothing_new_of_what_did_not_grow(self, name: str) -> None:
        reader = READERS[name]
        for root in CASES:
            for claim in claimed(reader, tree(root), root):
                for file in claim.files:
                    source = SourceFile(str(root), file, stat_of(root / file))
                    first = reader.read(claim, source, Cursor(), final=True)
                    second = reader.read(claim, source, Cursor(), final=True)
                    assert repr(first.operations) == repr(second.operations), file
                    if not first.more:
                        rest = reader.read(claim, source, first.cursor, final=True)
                        assert not points(rest), f"{root.name}/{file} is told twice"

    def test_an_empty_or_foreign_file_is_no_exception(self, name: str, tmp_path: Path) -> None:
        reader = READERS[name]
        seen: set[str] = set()
        for root in CASES:
            for claim in claimed(reader, tree(root), root):
                for file in claim.files:
                    kind = "".join(Path(file).suffixes) or Path(file).name
                    if kind in seen:
                        continue
                    seen.add(kind)
                    for content in (b"", b"\0" * 100, b"\xff\xfe\x00words, and no more\n" * 20):
                        path = tmp_path / file
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(content)
                        source = SourceFile(str(tmp_path), file, stat_of(path))
                        found = reader.read(claim, source, Cursor(), final=True)
                        assert not points(found)
