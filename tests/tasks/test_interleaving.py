"""Any interleaving of findings, editors, two runwatches and kills loses no line, invents none, settles."""

import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace
from worlds import DAY, NOW, day, finding

from runwatch.domain.intents import AddTask, FinishTask, ReopenTask, SnoozeTask, Undo
from runwatch.store.state import State
from runwatch.tasks.file import TodoFile
from runwatch.tasks.task_list import RootTaskList
from runwatch.tasks.todotxt import LineError, complete, parse, reopen, with_tag

GAPS = st.sampled_from([1.0, 6.0, 40.0, 700.0, 8 * DAY])
ASKED = st.sampled_from([FinishTask, ReopenTask, SnoozeTask])
KNOWN = [
    finding("a"),
    finding("b", rule="run-stalled", subject=""),
    finding("c", "critical", rule="run-crashed", subject="", lasting=True),
    finding("d", rule="data-drifted"),
]
TIMING = {"run-stalled": (20.0, 30.0), "data-drifted": (0.0, 60.0)}
PRINTS = {known.fingerprint for known in KNOWN}
indexes = st.integers(0, 30)


CALLS = ("open", "write", "fsync", "replace", "unlink", "close", "stat")


def killed_at(number: int, work: Callable[[], object]) -> None:
    """Does ``work`` in another process, which is killed at its so-many-th call of the system."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert status in (0, signal.SIGKILL), "an error in the other process"
        return
    left = number

    def killing(real):
        def call(*args, **options):
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **options)

        return call

    try:
        for name in CALLS:
            setattr(os, name, killing(getattr(os, name)))
        work()
        os._exit(0)
    except BaseException:
        os._exit(1)


class Interleaving(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self.place = Path(self._directory.name)
        self.path = self.place / "todo.txt"
        self.at = 0.0
        self.seen: set[str] = set()
        self.mine: list[str] = []
        self.banned: dict[str, str] = {}
        self.copies: dict[str, int] = {}
        self.tokens: list[str] = []
        self.added = 0
        self.held = ()
        self.states = [State(self.place / "here"), State(self.place / "there")]
        self.task_lists = [self._open_list(0), self._open_list(1)]

    def _open_list(self, which: int) -> RootTaskList:
        return RootTaskList(self.states[which], "r", TodoFile(self.path, self.place / "locks"))

    def teardown(self) -> None:
        for state in self.states:
            state.close()
        self._directory.cleanup()

    def _lines(self) -> list[str]:
        return self.path.read_bytes().decode().split("\r\n")[:-1] if self.path.exists() else []

    def _write(self, lines) -> None:
        self.path.write_bytes("".join(line + "\r\n" for line in lines).encode())

    @initialize()
    def a_file(self) -> None:
        self.mine = ["(A) mine  with spaces\tand tabs", "", "# a comment", "x 2026-01-01 done key:value"]
        self._write(self.mine)

    @rule(which=st.integers(0, 1), chosen=st.sets(st.integers(0, 3)), worse=st.booleans(), gap=GAPS)
    def look(self, which, chosen, worse, gap) -> None:
        self.at += gap
        self.held = tuple(
            replace(KNOWN[n], severity="critical") if worse else KNOWN[n] for n in sorted(chosen)
        )
        self._sync(which)

    @rule(which=st.integers(0, 1), gap=st.sampled_from([6.0, 700.0, 2 * DAY]))
    def look_at_the_same(self, which, gap) -> None:
        self.at += gap
        self._sync(which)

    def _sync(self, which: int) -> None:
        held = {f.fingerprint: f.severity for f in self.held}
        self.seen |= held.keys()
        for print_, severity in list(self.banned.items()):
            if held.get(print_) != severity:
                del self.banned[print_]
        self.task_lists[which].sync(self.held, NOW + self.at, day(self.at), timing=TIMING)

    @rule(which=st.integers(0, 1))
    def restart(self, which) -> None:
        self.states[which].close()
        self.states[which] = State(self.place / ("here", "there")[which])
        self.task_lists[which] = self._open_list(which)

    @rule(which=st.integers(0, 1), number=st.integers(1, 30), gap=GAPS, adds=st.booleans())
    def a_process_is_killed(self, which, number, gap, adds) -> None:
        """Anywhere in a look, or while it adds a line, which is then there once or not at all."""
        self.at += gap
        self.added += adds
        line = f"{day(self.at)} said {self.added} @c"
        held = {f.fingerprint: f.severity for f in self.held}
        self.seen |= held.keys()
        self.states[which].close()

        def work() -> None:
            self.states[which] = State(self.place / ("here", "there")[which])
            self.task_lists[which] = self._open_list(which)
            if adds:
                self.task_lists[which].perform(
                    AddTask(f"said {self.added} @c", "r"), NOW + self.at, day(self.at)
                )[0]
            else:
                self._sync(which)

        killed_at(number, work)
        self.restart(which)
        assert Counter(self._lines())[line] <= 1
        if adds and line in self._lines():
            self.mine.append(line)

    @rule(index=indexes)
    def editor_adds(self, index) -> None:
        self.added += 1
        line = f"2026-09-0{1 + self.added % 9} typed {self.added} +p due:2026-10-01"
        lines = self._lines()
        place = index % (len(lines) + 1)
        self._write([*lines[:place], line, *lines[place:]])
        self.mine.append(line)

    @rule(index=indexes, how=st.sampled_from(["x", "open", "snooze", "words", "priority"]))
    def editor_changes_a_line_of_ours(self, index, how) -> None:
        lines = self._lines()
        ours = [n for n, line in enumerate(lines) if "rw:" in line]
        if not ours:
            return
        place = ours[index % len(ours)]
        try:
            lines[place] = {
                "x": lambda line: complete(line, day(self.at)),
                "open": reopen,
                "snooze": lambda line: with_tag(line, "t", str(day(self.at) + timedelta(2))),
                "words": lambda line: line.replace("regressed", "got worse"),
                "priority": lambda line: line.replace("(B)", "(D)"),
            }[how](lines[place])
        except LineError:
            return
        self._write(lines)

    @rule(index=indexes)
    def editor_deletes_a_line_of_ours(self, index) -> None:
        """Both instances knew the line, and see that it is gone before anything else happens."""
        known = self._lines()
        self._both_look(1)
        lines = self._lines()
        ours = [n for n, line in enumerate(lines) if "rw:" in line and line in known]
        if not ours:
            return
        gone = parse(lines.pop(ours[index % len(ours)])).fingerprint
        self._write(lines)
        held = {f.fingerprint: f.severity for f in self.held}
        self._both_look(2)
        if gone in held and not any(f"rw:{gone}" in line for line in self._lines()):
            self.banned[gone] = held[gone]

    def _both_look(self, times: int) -> None:
        for _ in range(times):
            self.at += 6.0
            for which in (0, 1):
                self._sync(which)

    @rule()
    def editor_sorts(self) -> None:
        self._write(sorted(self._lines()))
        self.mine.sort()

    @rule(which=st.integers(0, 1))
    def runwatch_adds(self, which) -> None:
        self.added += 1
        answer = self.task_lists[which].perform(
            AddTask(f"said {self.added} @c", "r"), NOW + self.at, day(self.at)
        )[0]
        assert answer.ok
        self.tokens.append(answer.undo)
        self.mine.append(f"{day(self.at)} said {self.added} @c")

    @rule(which=st.integers(0, 1), index=st.integers(0, 3), how=ASKED)
    def runwatch_changes(self, which, index, how) -> None:
        extra = (day(self.at) + timedelta(3),) if how is SnoozeTask else ()
        intent = how("r", KNOWN[index].fingerprint, *extra)
        answer = self.task_lists[which].perform(intent, NOW + self.at, day(self.at))[0]
        if answer.ok:
            undone = self.task_lists[which].perform(Undo("r", answer.undo), NOW + self.at, day(self.at))[0]
            assert undone.ok
            assert self.task_lists[which].perform(Undo("r", undone.undo), NOW + self.at, day(self.at))[0].ok

    @invariant()
    def every_line_of_the_persons_is_there(self) -> None:
        others = [line for line in self._lines() if "rw:" not in line]
        assert sorted(others) == sorted(self.mine)

    @invariant()
    def no_line_is_invented(self) -> None:
        for line in self._lines():
            if "rw:" in line:
                assert parse(line).fingerprint in self.seen
        to_do = [parse(line).fingerprint for line in self._lines() if "rw:" in line and not parse(line).done]
        assert len(to_do) == len(set(to_do))

    @invariant()
    def what_was_deleted_stays_away(self) -> None:
        for line in self._lines():
            assert not any(f"rw:{print_}" in line for print_ in self.banned)

    @rule()
    def it_settles(self) -> None:
        for _ in range(4):
            self.at += 700.0
            for which in (0, 1):
                self._sync(which)
        settled = self.path.read_bytes()
        for which in (0, 1, 0):
            self.at += 6.0
            self._sync(which)
        assert self.path.read_bytes() == settled


@pytest.mark.parametrize("number", range(1, 41, 1))
def test_killed_at_any_call_the_list_is_as_before_or_as_after(tmp_path: Path, number: int) -> None:
    path = tmp_path / "todo.txt"
    path.write_bytes(b"mine\r\n")

    def work() -> None:
        task_list = RootTaskList(State(tmp_path / "here"), "r", TodoFile(path, tmp_path / "locks"))
        task_list.perform(AddTask("said", "r"), NOW, day(0))[0]

    killed_at(number, work)
    assert path.read_bytes() in (b"mine\r\n", f"mine\r\n{day(0)} said\r\n".encode())


Interleaving.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestInterleaving = Interleaving.TestCase
