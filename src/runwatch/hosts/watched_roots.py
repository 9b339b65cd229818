"""There: what is looked at, once or for as long as the board is open."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

from runwatch import config
from runwatch.config.settings import Metrics, Settings
from runwatch.domain.intents import Intent, IntentAnswer
from runwatch.domain.points import Points
from runwatch.domain.run import RunKey
from runwatch.domain.situation import Snapshot
from runwatch.hosts.messages import Open
from runwatch.hosts.wire import WireError
from runwatch.monitor.board import Board, BoardResult
from runwatch.monitor.live import Monitor
from runwatch.monitor.once import resolve_roots
from runwatch.monitor.wanted import MachineSource, Wanted

FRAME_S = 0.2
ANSWER_S = 60.0

Pause = Callable[[float], bool]


def opened(request: Open, machine: MachineSource | None = None) -> Watched:
    """What a board asks for. ``machine``: who knows the one that has the runs, None: it is this one. Raises
    RootError, ConfigError."""
    roots = resolve_roots(request.roots, None)
    settings = config.load(roots)
    wanted = Wanted(request.data, request.judging, request.machine, machine)
    if request.once or request.idle:
        return LoadedOnce(roots, settings, wanted, request.idle)
    return LiveRoots(roots, settings, wanted, request.keep)


class _Rooted:
    """Roots of this machine, as the server needs them. ``snapshots``: each newer one, and whether all has
    been looked at; ``pause`` waits so many seconds and says whether to go on."""

    def __init__(self, roots: tuple[str, ...], settings: Mapping[str, Settings]) -> None:
        self.roots, self.settings = roots, settings

    @property
    def metrics(self) -> dict[str, Metrics]:
        return {root: one.metrics for root, one in self.settings.items()}


class LoadedOnce(_Rooted):
    """One look, as a command takes it, or none."""

    monitor: Monitor | None = None

    def __init__(
        self, roots: tuple[str, ...], settings: Mapping[str, Settings], wanted: Wanted, idle: bool
    ) -> None:
        super().__init__(roots, settings)
        self._idle, self._wanted = idle, wanted
        self._result: BoardResult | None = None
        self._looked = threading.Event()

    def snapshots(self, pause: Pause) -> Iterator[tuple[Snapshot, bool]]:
        if self._idle:
            return
        self._result = Board(self.roots, self.settings, self._wanted, apart=True).judge_once()
        self._looked.set()
        yield self._result.snapshot, True

    def series(self, key: RunKey, tag: str) -> Points:
        self._looked.wait(ANSWER_S)
        if self._result is None:
            raise WireError("nothing has been read yet; ask again")
        return self._result.series(key, tag)

    def close(self) -> None:
        """Nothing is open."""


class LiveRoots(_Rooted):
    """The watch loop, as a dashboard has it. Only the newest snapshot is kept for the board."""

    def __init__(
        self, roots: tuple[str, ...], settings: Mapping[str, Settings], wanted: Wanted, keep: bool
    ) -> None:
        super().__init__(roots, settings)
        self._loop = Monitor(roots, settings, keep=keep, wanted=wanted)
        self._newest: Snapshot | None = None
        self._wakeup = threading.Event()
        self._loop.start(self._publish)

    @property
    def monitor(self) -> Monitor:
        return self._loop

    def _publish(self, snapshot: Snapshot) -> None:
        self._newest = snapshot
        self._wakeup.set()

    def snapshots(self, pause: Pause) -> Iterator[tuple[Snapshot, bool]]:
        while pause(0.0):
            if self._wakeup.wait(0.5) and pause(FRAME_S):
                self._wakeup.clear()
                if self._newest is not None:
                    yield self._newest, self._loop.judged

    def series(self, key: RunKey, tag: str) -> Points:
        return self._loop.series(key, tag)

    def handle(self, intent: Intent) -> IntentAnswer:
        """Have an intent done by the loop. Raises WireError when it takes too long."""
        done: list[IntentAnswer] = []
        answered = threading.Event()

        def take(answer: IntentAnswer) -> None:
            done.append(answer)
            answered.set()

        self._loop.submit(intent, take)
        if not answered.wait(ANSWER_S):
            raise WireError("no answer yet; it will be done when the disk answers")
        return done[0]

    def close(self) -> None:
        self._loop.stop()


Watched = LoadedOnce | LiveRoots
