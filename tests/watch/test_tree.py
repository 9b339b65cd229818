"""The walk finds what changed, follows no directory link, and opens nothing."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.watch.tree import Tree


def _write(root: Path, file: str, text: str = "x") -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_first_scan_finds_all_files_and_folders(tmp_path: Path) -> None:
    _write(tmp_path, "a/metrics.csv")
    _write(tmp_path, "a/b/events.out.tfevents.1")
    changes = Tree(str(tmp_path)).scan()
    assert changes.files == {"a/metrics.csv", "a/b/events.out.tfevents.1"}
    assert {"a", "a/b"} <= changes.folders


def test_second_scan_tells_only_what_changed(tmp_path: Path) -> None:
    _write(tmp_path, "a/one.csv")
    _write(tmp_path, "a/two.csv")
    tree = Tree(str(tmp_path))
    tree.scan()
    _write(tmp_path, "a/one.csv", "longer")
    changes = tree.scan()
    assert changes.files == {"a/one.csv"}
    assert not changes.folders and not changes.removed


def test_a_removed_folder_takes_its_files_along(tmp_path: Path) -> None:
    _write(tmp_path, "a/b/one.csv")
    tree = Tree(str(tmp_path))
    tree.scan()
    (tmp_path / "a/b/one.csv").unlink()
    (tmp_path / "a/b").rmdir()
    assert tree.scan().removed == {"a/b/one.csv"}
    assert tree.folder("a/b") is None


def test_looking_at_an_unknown_path_lists_its_nearest_known_folder(tmp_path: Path) -> None:
    tree = Tree(str(tmp_path))
    tree.scan()
    _write(tmp_path, "new/deep/metrics.csv")
    changes = tree.refresh(["new/deep/metrics.csv"])
    assert changes.files == {"new/deep/metrics.csv"}
    assert tree.stat("new/deep/metrics.csv") is not None


def test_directory_links_and_loops_are_not_followed(tmp_path: Path) -> None:
    _write(tmp_path, "run/metrics.csv")
    os.symlink(tmp_path / "run", tmp_path / "latest")
    os.symlink(tmp_path, tmp_path / "run" / "loop")
    assert Tree(str(tmp_path)).scan().files == {"run/metrics.csv"}


def test_a_file_link_out_of_the_root_is_followed_only_on_request(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside.csv"
    root.mkdir()
    outside.write_text("x")
    os.symlink(outside, root / "link.csv")
    assert Tree(str(root)).scan().files == set()
    assert Tree(str(root), follow=True).scan().files == {"link.csv"}


def test_fifos_are_named_and_never_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "metrics.csv")
    tree = Tree(str(tmp_path))
    assert tree.scan().files == set()
    assert tree.top.irregular == ("metrics.csv",)


def test_what_is_ignored_is_not_seen(tmp_path: Path) -> None:
    _write(tmp_path, "run/checkpoints/a.csv")
    _write(tmp_path, "run/metrics.csv")
    _write(tmp_path, ".git/x.csv")
    _write(tmp_path, "node_modules/x.csv")
    assert Tree(str(tmp_path), ignore=["**/checkpoints/**"]).scan().files == {"run/metrics.csv"}


_NAMES = st.sampled_from(["a", "b", "a/x", "a/y", "b/x/z", "c/d"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_NAMES, st.booleans(), st.booleans()), max_size=12))
def test_any_sequence_of_looks_ends_where_a_fresh_walk_does(
    tmp_path_factory, steps: list[tuple[str, bool, bool]]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    tree = Tree(str(root))
    tree.scan()
    for number, (name, create, hinted) in enumerate(steps):
        file = root / name / "f.csv"
        if create:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("x" * number)
        elif file.exists():
            file.unlink()
        if hinted:
            tree.refresh([f"{name}/f.csv"])
    tree.scan()
    fresh = Tree(str(root))
    fresh.scan()
    assert _contents(tree) == _contents(fresh)


def _contents(tree: Tree) -> dict[str, object]:
    return {folder.path: dict(folder.files) for folder in tree.top.walk()}


def test_folders_deeper_than_are_walked_are_said(tmp_path: Path) -> None:
    deep = tmp_path.joinpath("top", *["e"] * 44)
    deep.mkdir(parents=True)
    tree = Tree(str(tmp_path))
    tree.scan()
    [problem] = tree.problems.values()
    assert problem.file.startswith("top/e/e") and "40 folders deep" in problem.message
