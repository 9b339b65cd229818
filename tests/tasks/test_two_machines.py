"""One to-do file, two machines with a run of the same name: each has its own line."""

from __future__ import annotations

from datetime import date

import pytest

from runwatch.config.settings import Settings, Tasks
from runwatch.domain.finding import Finding
from runwatch.domain.intents import FinishTask
from runwatch.monitor.root_state import place_of
from runwatch.store.state import State
from runwatch.tasks.file import TodoFile
from runwatch.tasks.task_list import RootTaskList

NOW, TODAY = 1_790_000_000.0, date(2026, 9, 21)
CRASH = Finding(
    "run-crashed", "critical", "exp-1", "", "exp-1 crashed", "exp-1 crashed", "look", since=NOW, lasting=True
)


@pytest.fixture
def workspace(tmp_path):
    """Makes the list of a machine; the state and the file are shared."""
    state = State(tmp_path / "state")

    def made(host: str) -> RootTaskList:
        return RootTaskList(
            state, f"root-{host}", TodoFile(tmp_path / "todo.txt", tmp_path / "locks", host=host)
        )

    yield made
    state.close()


def look(task_list: RootTaskList, *findings: Finding, at: float = NOW):
    listed, _ = task_list.sync(findings, at, TODAY)
    return [task for task in listed.tasks if task.state == "open"]


def test_each_machine_opens_its_own_line(workspace, tmp_path):
    alpha, beta = workspace("alpha"), workspace("beta")
    look(alpha, CRASH)
    look(beta, CRASH)
    lines = (tmp_path / "todo.txt").read_text().splitlines()
    assert sorted(line.partition(" host:")[2] for line in lines) == ["alpha", "beta"]
    look(alpha, CRASH, at=NOW + 10)
    look(beta, CRASH, at=NOW + 10)
    assert (tmp_path / "todo.txt").read_text().splitlines() == lines


def test_what_is_done_on_one_stays_open_on_the_other(workspace):
    alpha, beta = workspace("alpha"), workspace("beta")
    look(alpha, CRASH)
    look(beta, CRASH)
    assert alpha.perform(FinishTask("", CRASH.fingerprint), NOW + 1, TODAY)[0].ok
    left = look(beta, CRASH, at=NOW + 10)
    assert [task.tags["host"] for task in left] == ["beta"]


def test_a_line_without_a_host_is_everybodys(workspace, tmp_path):
    plain = f"(A) 2026-09-21 exp-1 crashed @runs rw:{CRASH.fingerprint} by:runwatch\n"
    (tmp_path / "todo.txt").write_text(plain)
    assert len(look(workspace("alpha"), CRASH)) == 1


def test_only_a_file_that_other_roots_may_share_names_the_machine(tmp_path):
    root = tmp_path / "runs"
    root.mkdir()

    def host(file: str | None, own_id: str | None = None) -> str:
        settings = Settings(folder=str(root), id=own_id, tasks=Tasks(file))
        return place_of(str(root), settings).host

    assert host(str(tmp_path / "todo.txt"))
    assert not host("todo.txt") and not host(None) and not host(str(tmp_path / "todo.txt"), "team")
