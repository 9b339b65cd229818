"""What runwatch writes for itself only its user may read, whatever the umask."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from looking import write

from runwatch.cli import main
from runwatch.cli._log import log_to
from runwatch.system.files import append_private, private_folder


@pytest.fixture
def open_umask() -> object:
    before = os.umask(0)
    yield
    os.umask(before)


def _loose(folder: Path) -> list[str]:
    return [str(path) for path in [folder, *folder.rglob("*")] if path.stat().st_mode & 0o077]


def test_state_and_cache_are_closed(root: Path, own_places: Path, open_umask: object) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    for words in (["check", str(root)], ["tasks", "add", "x"], ["baseline", "set", "a", "--root", str(root)]):
        main(words)
    for name in ("xdg_state_home", "xdg_cache_home"):
        assert not _loose(own_places / name / "runwatch")
        assert list((own_places / name / "runwatch").iterdir())


def test_the_log_is_closed_even_if_it_was_open_before(tmp_path: Path, open_umask: object) -> None:
    file = tmp_path / "state" / "deep" / "runwatch.log"
    log_to(file)
    try:
        logging.getLogger("runwatch").warning("x")
        assert not _loose(tmp_path / "state") and file.read_text().endswith("runwatch: x\n")
    finally:
        for name in ("runwatch", "watchdog"):
            for handler in list(logging.getLogger(name).handlers):
                logging.getLogger(name).removeHandler(handler)
                handler.close()
    file.chmod(0o666)
    os.close(append_private(file))
    assert not _loose(tmp_path / "state")


def test_a_link_where_the_log_should_be_is_not_written_through(tmp_path: Path) -> None:
    victim = write(tmp_path / "victim", "mine\n")
    (tmp_path / "runwatch.log").symlink_to(victim)
    with pytest.raises(OSError):
        append_private(tmp_path / "runwatch.log")
    assert victim.read_text() == "mine\n"


def test_folders_above_that_exist_stay_as_they_are(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private_folder(tmp_path / "a" / "b")
    assert tmp_path.stat().st_mode & 0o777 == 0o755
