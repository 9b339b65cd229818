"""Files that a person asks for: new ones only, never in a run's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from runwatch.domain.run import RunKey
from runwatch.show.text.export import form_of, write_new


def test_the_ending_says_the_form() -> None:
    assert [form_of(name) for name in ("a.MD", "b.csv", "c.json", "d.tex", "e.txt", "f")] == [
        "markdown", "csv", "json", "latex", None, None,
    ]  # fmt: skip


def test_a_file_is_written_once_and_never_over_another(tmp_path: Path) -> None:
    assert write_new(str(tmp_path / "a.md"), "| x |") == str(tmp_path / "a.md")
    assert (tmp_path / "a.md").read_text() == "| x |\n"
    with pytest.raises(FileExistsError):
        write_new(str(tmp_path / "a.md"), "other")
    (tmp_path / "link.md").symlink_to(tmp_path / "elsewhere.md")
    with pytest.raises(OSError):
        write_new(str(tmp_path / "link.md"), "other")
    assert not (tmp_path / "elsewhere.md").exists()


def test_no_file_lands_in_the_folder_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "exp-1" / "sub").mkdir(parents=True)
    (tmp_path / "exp-10").mkdir()
    run = RunKey(str(tmp_path), "exp-1")
    for folder in ("exp-1", "exp-1/sub"):
        with pytest.raises(PermissionError, match="folder of run exp-1"):
            write_new(str(tmp_path / folder / "a.csv"), "x", [run])
    write_new(str(tmp_path / "exp-10" / "a.csv"), "x", [run])
