"""Everything known, put together: the roots' runs, what is beside them, the judges' verdicts, the rules'
findings, the tasks. Belongs to one thread, but for ``series`` and ``distribution``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from runwatch.config.settings import Settings
from runwatch.domain.clock import ClockJumps, elapsed
from runwatch.domain.comparison import Baseline, Comparison
from runwatch.domain.finding import Finding
from runwatch.domain.intents import Intent, IntentAnswer
from runwatch.domain.points import Points
from runwatch.domain.run import Problem, Run, RunKey
from runwatch.domain.situation import Situation, Snapshot, WatchState
from runwatch.domain.task import TaskList
from runwatch.monitor.background_work import BackgroundWork
from runwatch.monitor.baselines import baseline_of, expects_baseline
from runwatch.monitor.compare_runs import Comparisons
from runwatch.monitor.root_state import TaskState
from runwatch.monitor.roots import Roots
from runwatch.monitor.rule_runner import RuleRunner
from runwatch.monitor.wanted import RootError, Wanted
from runwatch.store.cache import CacheFile
from runwatch.system.folders import cache_dir
from runwatch.system.identity import host_name

if TYPE_CHECKING:
    from runwatch.monitor.alerting import Alerting

KEEP_EVERY_S, KEEP_FIRST_S = 60.0, 3.0


class Board:
    """``keep``: this process may become the writer of the roots' tasks; ``wake``: called when something is
    known that was not; ``apart``: tables are read in another process, as they always are while watching."""

    def __init__(
        self,
        names: tuple[str, ...],
        settings: Mapping[str, Settings],
        wanted: Wanted,
        keep: bool = False,
        wake: Callable[[], None] | None = None,
        apart: bool = False,
    ) -> None:
        self.settings = settings
        self._names = names
        self._wanted = wanted
        self._wake = wake
        self._cache = CacheFile(cache_dir())
        self.roots = Roots(names, settings, self._cache)
        self.background = BackgroundWork(self.roots, settings, self._cache, wanted, self._notify, apart)
        self._comparisons = Comparisons(settings, self.roots.series, self.roots.noise)
        self._compared: Mapping[RunKey, Comparison] = {}
        self._expecting: dict[str, tuple[int, bool]] = {}
        self.task_state = TaskState(names, settings, writes=keep)
        self._inspector = RuleRunner(settings)
        self._sends = keep
        self._alerting: Alerting | None = None
        self._findings: tuple[Finding, ...] = ()
        self._rule_problems: tuple[Problem, ...] = ()
        self._tasks: Mapping[str, TaskList] = {}
        self._stamps: tuple[object, ...] = ()
        self._lost: dict[str, float] = {}
        self._unlisted: list[Problem] = []
        self._since: dict[str, float] = {}
        self._kept_at = time.time()
        self._judged_once = self._kept_once = False
        self._news = False
        self._version = 0
        self._jumps = ClockJumps()

    def judge_once(self, now: float | None = None) -> BoardResult:
        """Walk, read all, judge; nothing is watched, and the board's files are closed afterwards. Raises
        ConfigError."""
        try:
            return self._judge_once(time.time() if now is None else now)
        finally:
            self.background.stop()
            self._cache.close()
            self.task_state.close()

    def _judge_once(self, moment: float) -> BoardResult:
        if self._wanted.judging:
            self._inspector.load()
        self.roots.load_plugins()
        with self.roots.lock:
            for root in self._names:
                self._walk(root, moment)
            self.roots.read_all()
            self.roots.runs(moment)
            self.roots.read_all()
            self.background.judge_once(moment)
            snapshot = self.snapshot(moment, WatchState("live"), judged=self._wanted.judging)
        if self._wanted.judging:
            situation = replace(snapshot.situation, forecasts=self.background.forecasts.known)
            snapshot = replace(snapshot, situation=situation)
            self.roots.keep()
        return BoardResult(snapshot, self.settings, self.roots)

    def _walk(self, root: str, moment: float) -> None:
        """One root that cannot be listed is a problem; raises RootError when there is no other."""
        try:
            self.roots.scan(root)
        except OSError as error:
            what = f"cannot be listed: {error.strerror or error}"
            if len(self._names) == 1:
                raise RootError(f"{root}: {what}; check its permissions") from None
            self.lost(root, moment)
            self._unlisted.append(Problem(root, None, what, "check its permissions"))

    def open(self, now: float) -> None:
        """Begin to watch: load what is only needed then. Raises ConfigError."""
        self._inspector.check()
        self.task_state.beat(now)
        self._tasks = self.task_state.current(date.fromtimestamp(now))

    def open_background(self) -> None:
        """After the first paint: plug-ins, alerts, data, the machine."""
        if self._sends:
            from runwatch.monitor.alerting import Alerting

            self._alerting = Alerting(self.settings, self.task_state)
        self.roots.load_plugins()
        self.background.start()

    def tick(self, now: float) -> bool:
        """Now and then: stay the writer, notice edits of the to-do files. True if something changed."""
        self.roots.observations.shift(self._jumps.jump(time.monotonic(), now))
        self.task_state.beat(now)
        pause = KEEP_EVERY_S if self._kept_once else KEEP_FIRST_S
        if self._judged_once and elapsed(self._kept_at, now) >= pause and not self.roots.waiting:
            self._kept_at, self._kept_once = now, True
            self.roots.keep()
        self.background.tick(now)
        news, self._news = self._news, False
        return news or self.task_state.write_due(now) or self.task_state.stamps() != self._stamps

    def close(self, now: float) -> None:
        """The watching ends; what was learned is kept."""
        self.background.stop()
        if self._alerting is not None:
            self._alerting.close()
        self.roots.keep()
        self._cache.close()
        self.task_state.close()

    def fold_over(self, now: float) -> None:
        """Of what was just read, keep little of runs that are over, unless comparing them with a baseline
        would ask for their series again."""
        with self.roots.lock:
            for root in self._names:
                self.roots.fold_over(root, now, fold=not self._compares(root))

    def _compares(self, root: str) -> bool:
        ids = self.roots.readers[root].entries
        count, compares = self._expecting.get(root, (-1, False))
        if count != len(ids):
            compares = expects_baseline(self.settings[root], self.task_state.pin(root), ids)
            self._expecting[root] = len(ids), compares
        return compares

    def snapshot(self, now: float, watch: WatchState, judged: bool) -> Snapshot:
        """What is known at ``now``; with ``judged`` the judges and rules look at it first."""
        situation = self._situation(now, judged)
        bell = self._judge(situation) if judged else ""
        if judged:
            situation = replace(situation, problems=self._problems())  # a rule may just have failed
        self._version += 1
        snapshot = Snapshot(
            version=self._version,
            situation=situation,
            findings=self._findings,
            tasks=self._tasks,
            watch=self._watched(watch, now),
            looked=self.task_state.looked,
            assumptions=self._assumptions(situation),
            bell=bell,
            overlooked=self.background.overlooked,
        )
        if judged:
            self._judged_once = True
            self.task_state.keep(snapshot, date.fromtimestamp(now))
        return snapshot

    def _watched(self, watch: WatchState, now: float) -> WatchState:
        """With the marks of the tasks' keeper, and since when each holds."""
        marks = tuple(dict.fromkeys((*watch.marks, *self.task_state.marks)))
        self._since = {mark: self._since.get(mark, now) for mark in marks}
        return replace(watch, marks=marks, since=self._since)

    def _judge(self, situation: Situation) -> str:
        """Rules, tasks, alerts; the characters that ring the terminal."""
        now = situation.now
        self.background.forecast(situation)
        self._findings, self._rule_problems = self._inspector.findings(situation)
        self._tasks = self.task_state.sync(
            self._findings,
            now,
            date.fromtimestamp(now),
            self._inspector.timing,
            situation.unreadable,
            self._inspector.about(self.background.unjudged),
        )
        self._stamps = self.task_state.stamps()
        return self._alerts(now)

    def _alerts(self, now: float) -> str:
        if self._alerting is None:
            return ""
        runs = self.roots.newest
        return self._alerting.update(self._findings, self._tasks, self._inspector.timing, now, runs)

    def _situation(self, now: float, judged: bool) -> Situation:
        with self.roots.lock:
            health = self.roots.signs(now) if judged else {}
            runs = self.roots.runs(now)
        baselines = self._baselines_among(runs)
        if judged:
            for key, sign in self.roots.stalls(now).items():
                health[key] = (*health.get(key, ()), sign)
            self._compared = self._comparisons.of(runs, baselines)
        return Situation(
            now=now,
            host=host_name(),
            roots=self._names,
            runs=runs,
            health=health,
            baselines=baselines,
            forecasts=self.background.forecasts.known,
            comparisons=self._compared,
            predictions=self.background.predictions,
            data=self.background.data,
            machine=self.background.machine,
            problems=self._problems(),
            unreadable=dict(self._lost),
            unjudged=(*self.background.unjudgeable, *self._comparisons.problems),
            open_fingerprints=self.task_state.open_fingerprints,
        )

    def _problems(self) -> tuple[Problem, ...]:
        alerts = self._alerting.problems if self._alerting else ()
        configured = dict.fromkeys(p for one in self.settings.values() for p in one.problems)
        return (
            *configured,
            *self.task_state.problems,
            *self._unlisted,
            *self.roots.problems,
            *self.background.problems,
            *alerts,
            *self._comparisons.problems,
            *self._rule_problems,
        )

    def _baselines_among(self, runs: tuple[Run, ...]) -> dict[str, Baseline]:
        baselines: dict[str, Baseline] = {}
        for root in self._names:
            own = [run for run in runs if run.root == root]
            baseline = baseline_of(root, self.settings[root], self.task_state.pin(root), own)
            if baseline is not None:
                baselines[root] = baseline
        return baselines

    def _assumptions(self, situation: Situation) -> tuple[str, ...]:
        """What was assumed because no configuration says it."""
        baselines = [
            f"baseline {baseline.name} ({baseline.source})"
            for baseline in situation.baselines.values()
            if baseline.origin == "assumed"
        ]
        return (*baselines, *self.background.assumptions)

    def lost(self, root: str, now: float) -> None:
        """The root cannot be listed."""
        self._lost.setdefault(root, now)

    def reachable(self, root: str) -> None:
        self._lost.pop(root, None)

    def handle(self, intent: Intent, now: float) -> IntentAnswer:
        """Do what a person asks."""
        answer = self.task_state.handle(intent, now, date.fromtimestamp(now))
        self._tasks = self.task_state.current(date.fromtimestamp(now))
        return answer

    def _notify(self) -> None:
        """Something is known that was not: the loop shall look."""
        self._news = True
        if self._wake is not None:
            self._wake()


class BoardResult(msgspec.Struct, frozen=True, eq=False):
    """One finished look."""

    snapshot: Snapshot
    settings: Mapping[str, Settings]
    roots: Roots

    def series(self, key: RunKey, tag: str) -> Points:
        return self.roots.series(key, tag)
