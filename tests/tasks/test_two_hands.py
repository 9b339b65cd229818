"""A person's tasks, changed by runwatch and by an editor at any moment, even between our reading and our
writing: none is lost, none is doubled, and every word that the editor wrote stays."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from worlds import NOW, TODAY, day, finding

from runwatch.domain.intents import (
    AddTask,
    ArchiveTasks,
    FinishTask,
    Intent,
    ReopenTask,
    SetPriority,
    SnoozeTask,
    Undo,
)
from runwatch.store.state import State
from runwatch.tasks.file import TodoFile
from runwatch.tasks.task_list import RootTaskList
from runwatch.tasks.todotxt import complete, parse, reopen

FOUND = [finding("a"), finding("b", "critical")]
PERSONS = {"done": FinishTask, "reopen": ReopenTask, "snooze": SnoozeTask, "priority": SetPriority}
any_task = st.integers(0, 9)
ours = st.sampled_from(["add", "archive", "look", "undo", *PERSONS])
theirs = st.sampled_from(
    ["add", "done", "reopen", "words", "delete", "sort", "put away", "swap", "unterminated"]
)


class TwoHands(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self.place = Path(self._directory.name)
        self.path, self.done = self.place / "todo.txt", self.place / "done.txt"
        self.state = State(self.place / "state")
        self.list = RootTaskList(self.state, "r", TodoFile(self.path, self.place / "locks"))
        self.words: dict[str, set[str]] = {}
        self.tokens: list[str] = []
        self.count, self.at = 0, 0.0

    def teardown(self) -> None:
        self.state.close()
        self._directory.cleanup()

    def lines(self, path: Path) -> list[str]:
        return path.read_text().splitlines() if path.exists() else []

    def write(self, lines: list[str], end: str = "\n") -> None:
        self.path.write_text("\n".join(lines) + (end if lines else ""))

    def new(self) -> str:
        self.count += 1
        self.words[f"task{self.count}"] = set()
        return f"task{self.count}"

    @initialize()
    def three_tasks(self) -> None:
        self.write(
            [f"(B) {self.new()}", f"x 2026-09-01 {self.new()}", f"{self.new()} +p due:2026-10-01", "# note"]
        )

    @rule(
        how=ours, which=any_task, meanwhile=st.none() | st.tuples(theirs, any_task), moment=st.integers(1, 3)
    )
    def runwatch_does(self, how, which, meanwhile, moment) -> None:
        """``meanwhile`` the editor saves, just before our so-many-th fsync."""
        self.at += 6.0
        real, left = os.fsync, moment

        def fsync(fd: int) -> None:
            nonlocal left
            left -= 1
            if left == 0 and meanwhile:
                self.editor_does(*meanwhile)

        os.fsync = fsync
        try:
            self.ask(how, which)
        finally:
            os.fsync = real

    def ask(self, how: str, which: int) -> None:
        if how == "look":
            self.list.sync(FOUND[: which % 3], NOW + self.at, day(self.at))
            return
        token = f"task{which % self.count + 1}"
        task = next((t.id for t in self.list.current(TODAY).tasks if token in t.text.split()), token)
        extra = {"snooze": (day(self.at + 3e5),), "priority": ("C",)}.get(how, ())
        intent: Intent = {
            "add": lambda: AddTask(self.new(), "r"),
            "archive": lambda: ArchiveTasks("r"),
            "undo": lambda: Undo("r", self.tokens.pop() if self.tokens else ""),
        }.get(how, lambda: PERSONS[how]("r", task, *extra))()
        answer, _ = self.list.perform(intent, NOW + self.at, day(self.at))
        if how == "add":
            assert answer.ok
        elif answer.ok and answer.undo:
            self.tokens.append(answer.undo)

    @rule(how=theirs, which=any_task)
    def editor_does(self, how: str, which: int) -> None:
        lines = self.lines(self.path)
        mine = [n for n, line in enumerate(lines) if "task" in line]
        place = mine[which % len(mine)] if mine else None
        change: dict[str, Callable[[str], str]] = {
            "done": lambda line: complete(line, day(self.at)),
            "reopen": reopen,
            "words": lambda line: f"{line} {self.word(line)}",
        }
        if how == "add":
            lines.insert(which % (len(lines) + 1), f"2026-09-02 {self.new()} @c")
        elif how == "sort":
            lines.sort()
        elif how == "away":
            away = [line for line in lines if parse(line).done]
            self.done.write_text("".join(f"{line}\n" for line in [*self.lines(self.done), *away]))
            lines = [line for line in lines if not parse(line).done]
        elif how == "swap" and len(lines) > 1:
            lines[0], lines[-1] = lines[-1], lines[0]
        elif place is not None and how == "delete":
            del self.words[self.token(lines.pop(place))]
        elif place is not None and how in change:
            lines[place] = change[how](lines[place])
        self.write(lines, "" if how == "unterminated" else "\n")

    def token(self, line: str) -> str:
        return next(word for word in parse(line).text.split() if word.startswith("task"))

    def word(self, line: str) -> str:
        self.count += 1
        self.words[self.token(line)].add(f"word{self.count}")
        return f"word{self.count}"

    @invariant()
    def every_task_is_there_once_with_all_its_words(self) -> None:
        texts = [parse(line).text.split() for path in (self.path, self.done) for line in self.lines(path)]
        there = [(word, set(words)) for words in texts for word in words if word.startswith("task")]
        assert sorted(token for token, _ in there) == sorted(self.words)
        assert all(self.words[token] <= words for token, words in there)
        assert self.count == 0 or "# note" in self.lines(self.path)

    @invariant()
    def no_finding_has_two_tasks(self) -> None:
        tasks = [parse(line) for line in self.lines(self.path) if "rw:" in line]
        open_ones = [task.fingerprint for task in tasks if not task.done]
        assert len(open_ones) == len(set(open_ones))


TwoHands.TestCase.settings = settings(max_examples=20, stateful_step_count=15)
TestTwoHands = TwoHands.TestCase
