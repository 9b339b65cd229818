"""Here: one other machine, connected for as long as it is wanted, asked and listened to."""

from __future__ import annotations

import contextlib
import itertools
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from runwatch import __version__
from runwatch.config.settings import Metrics
from runwatch.domain.address import joined
from runwatch.domain.intents import MarkLooked, PinBaseline, Rescan, from_json, to_json
from runwatch.domain.run import RunKey
from runwatch.domain.situation import HostLink, Snapshot
from runwatch.hosts import messages as m
from runwatch.hosts.link import Link, LinkError, StartTimeout
from runwatch.hosts.remote_snapshot import RemoteSnapshot
from runwatch.hosts.targets import Target
from runwatch.hosts.wire import PROTOCOL, Inward, Outward, UnknownMessageError, WireError, decoder

if TYPE_CHECKING:
    from runwatch.hosts.mirror import InProcess, Mirror

PING_S = 3.0
LOST_S = 8.0
GIVE_UP_S = 20.0
ANSWER_S = 20.0
SETTLE_S = 20.0
MOST_WAITING = 64
MOST_A_SECOND = 1000
BREATH_S = 0.1
_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_STEADY_S = 30.0
_CLOCK_S = 5.0
_PART_S = 1.5


class Remote:
    """``changed`` is called, on the machine's own thread, whenever there is something new to show. ``hello``:
    what it said of itself; ``notes``: what of a mirrored machine is not copied; ``alerting``:
    whether it sends alerts itself."""

    def __init__(self, target: Target, opening: m.Open, changed: Callable[[], None]) -> None:
        self.name = target.name
        self.target, self._opening, self._changed = target, opening, changed
        self._state = HostLink(target.name, "connecting")
        self._remote = RemoteSnapshot(target.name)
        self._next: RemoteSnapshot | None = None
        self._next_since = 0.0
        self._metrics: dict[str, Metrics] = {}
        self._named = tuple(joined(target.name, path) for path in target.roots)
        self._lock = threading.Lock()
        self.hello: m.Hello | None = None
        self.alerting = False
        self._wake = threading.Event()
        self._stopped = False
        self._out: Outward | None = None
        self._link: Link | None = None
        self._numbers = itertools.count(1)
        self._names: Mapping[str, str] = {}
        self._mirrored_by: Mirror | None = None
        self.notes: tuple[str, ...] = ()
        self._waiting: dict[int, Future[m.Reply]] = {}
        self._heard = 0.0
        self._pinged = 0.0
        self._shared = True
        self._owed: int | None = None
        self._owed_at = self._counted_since = 0.0
        self._counted = 0
        self._version = 0
        self._thread = threading.Thread(target=self._run, name=f"runwatch-host-{target.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the connection."""
        self._stopped = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(_PART_S)
        link = self._link
        if self._thread.is_alive() and link is not None:
            link.abandon()
            self._thread.join(_PART_S)

    def wake(self) -> None:
        """Try again now, if it is waiting to."""
        self._wake.set()

    @property
    def state(self) -> HostLink:
        return self._state

    @property
    def roots(self) -> tuple[str, ...]:
        """As they are told there, HOST:PATH; before that, as they were asked for."""
        return self._named

    @property
    def metrics(self) -> Mapping[str, Metrics]:
        """What the roots' configuration says of metrics."""
        return self._metrics

    @property
    def judged(self) -> bool:
        """Whether all that was asked for has been looked at there."""
        return self._remote.judged or (self._opening.idle and self._state.state == "live")

    @property
    def rings(self) -> bool:
        return self._remote.rings

    def snapshot(self, now: float) -> Snapshot:
        """What is known of it."""
        with self._lock:
            self._version += 1
            return self._remote.snapshot(self._version, now)

    def ask(self, question: Callable[[int], m.Question], timeout: float = ANSWER_S) -> Any:
        """The answer. Raises WireError: none came, or it was refused."""
        out, number = self._out, next(self._numbers)
        coming: Future[m.Reply] = Future()
        message = self._as_known_there(question(number))
        with self._lock:
            if out is None or self._state.state != "live":
                raise WireError(self._state.message or f"{self.name} is not connected")
            if len(self._waiting) >= MOST_WAITING:
                raise WireError(f"{self.name} does not keep up with requests")
            self._waiting[number] = coming
        if isinstance(message, m.AskMediaContents) and (mirror := self._mirrored_by) is not None:
            mirror.bring(message.root, [item.file for item in message.wanted.items], timeout)
        try:
            out.send(message)
            reply = coming.result(timeout)
        except TimeoutError:
            now = self.state
            lost = now.message if now.state == "lost" else ""
            raise WireError(lost or f"{self.name}: no answer in {timeout:.0f} s") from None
        except OSError as error:
            raise WireError(f"{self.name}: {error}") from None
        finally:
            self._waiting.pop(number, None)
        if reply.error:
            raise WireError(f"{self.name}: {reply.error}")
        return decoder(m.BODIES[type(message)])(reply.body)

    def _as_known_there(self, question: m.Question) -> m.Question:
        """The question with the root that is watched: of a mirrored machine a copy here."""
        copies = {there: here for here, there in self._names.items()}
        if isinstance(question, m.Do) and copies and (intent := from_json(question.intent)) is not None:
            if isinstance(intent, PinBaseline):
                run = intent.run
                intent = replace(intent, run=RunKey(copies.get(run.root, run.root), run.id))
            elif not isinstance(intent, MarkLooked | Rescan):
                intent = replace(intent, root=copies.get(intent.root, intent.root))
            return m.Do(question.number, to_json(intent))
        root = getattr(question, "root", None)
        if root in copies:
            return msgspec.structs.replace(question, root=copies[root])
        return question

    def _root(self, root: str) -> str:
        return joined(self.name, self._names.get(root, root))

    def _run(self) -> None:
        tries = 0
        while not self._stopped:
            began = time.monotonic()
            try:
                self._session()
                self._shared = True
            except (WireError, OSError) as error:
                self._shared = not isinstance(error, StartTimeout)
                self._lose(self._why(error))
            if time.monotonic() - began > _STEADY_S:
                tries = 0
            pause = _PAUSES_S[min(tries, len(_PAUSES_S) - 1)] * random.uniform(0.8, 1.2)
            tries += 1
            self._wake.wait(0.0 if self._stopped else pause)
            self._wake.clear()

    def _why(self, error: Exception) -> str:
        """Why the link ended, with the machine's name."""
        words = str(error).removeprefix(f"{self.name}: ")
        if isinstance(error, WireError) and not isinstance(error, LinkError):
            words += "; something else answers there, or writes into runwatch's output: see its `command`"
        return f"{self.name}: {words}"

    def _session(self) -> None:
        """One connection, from its start to its end. Raises WireError, OSError."""
        link = self._link = Link(self.target, self._shared)
        try:
            mirrored, data = link.started()
            if mirrored:
                self._mirror(link, data)
            else:
                self._set(mirrored=False)
                self._converse(link, data, self._opening)
        finally:
            self._out = self._link = None
            link.close()

    def _mirror(self, link: Link, data: bytes) -> None:
        """Nothing is installed there: copy what is new, and watch the copies here."""
        from runwatch.hosts.mirror import InProcess, Mirror

        self._set(mirrored=True)
        if self._state.state == "connecting":
            self._set(message=f"{self.name}: runwatch is not installed there; copying its files")
        mirror = Mirror(self.target, link, data, whole=self._opening.once)
        self._names, self.notes = mirror.names, tuple(mirror.notes)
        mirror.start()
        self._mirrored_by = mirror
        inside = InProcess(lambda: mirror.machine)
        try:
            copies = msgspec.structs.replace(self._opening, roots=tuple(mirror.names))
            self._converse(inside, inside.started(), copies, mirror)
        finally:
            self._mirrored_by = None
            mirror.stop()
            inside.close()
            self._names = {}

    def _converse(
        self, link: Link | InProcess, data: bytes, opening: m.Open, mirror: Mirror | None = None
    ) -> None:
        inward, decode, out = Inward(), decoder(m.FromThere), Outward(link.write)
        self._next, self._next_since = RemoteSnapshot(self.name, self._names), time.monotonic()
        self._heard = self._pinged = time.monotonic()
        self._owed = None
        while not self._stopped:
            for raw in inward.feed(data):
                self._heard = time.monotonic()
                self._count(self._heard)
                with contextlib.suppress(UnknownMessageError):  # a later version's, and not needed
                    self._take(decode(raw), len(raw), out, opening)
            if mirror is not None:
                if mirror.failed:
                    raise LinkError(mirror.failed)
                self._heard, self.notes = mirror.heard, tuple(mirror.notes)
            self._keep_alive(out)
            data = link.read(1.0 if self._owed is None else BREATH_S)

    def _count(self, now: float) -> None:
        """Raises WireError for more messages a second than anybody means to send."""
        if now - self._counted_since > 1.0:
            self._counted_since, self._counted = now, 0
        self._counted += 1
        if self._counted > MOST_A_SECOND:
            raise WireError(f"{self.name}: it sends more than {MOST_A_SECOND} messages a second")

    def _keep_alive(self, out: Outward) -> None:
        now = time.monotonic()
        if self._owed is not None and now >= self._owed_at:
            out.send(m.UpdateReceived(self._owed))
            self._owed = None
        if now - self._pinged >= PING_S:
            self._pinged = now
            out.send(m.Ping())
        silence = now - self._heard
        if silence > GIVE_UP_S:
            raise StartTimeout(f"{self.name}: silent for {silence:.0f} s")
        if silence > LOST_S and self._state.state == "live":
            self._set(state="lost", message=f"{self.name}: silent; waiting for it")

    def _take(self, message: object, size: int, out: Outward, opening: m.Open) -> None:
        match message:
            case m.Hello():
                self._greet(message)
                out.send(opening)
            case m.RootsOpened(roots, metrics, alerting):
                self._metrics = {self._root(root): one for root, one in metrics.items()}
                self._named = tuple(map(self._root, roots))
                self.alerting = alerting
                self._out = out
                if self._opening.idle:
                    self._set(state="live", heard=time.time())
            case m.Update():
                if self._owed is not None:
                    raise WireError(f"{self.name}: it sends without waiting for this side")
                self._update(message, size)
                if not message.more:
                    self._owed = message.number
                    self._owed_at = time.monotonic() + BREATH_S
            case m.Reply(number):
                if (coming := self._waiting.pop(number, None)) is not None:
                    coming.set_result(message)
            case m.RequestRefused(words):
                raise LinkError(f"{self.name}: {words}")
            case m.Pong():
                self._set(heard=time.time())

    def _greet(self, hello: m.Hello) -> None:
        if hello.protocol != PROTOCOL:
            raise LinkError(
                f"{self.name}: runwatch {hello.version} there speaks protocol {hello.protocol}, {__version__}"
                f" here {PROTOCOL}; update the older one"
            )
        ahead = hello.clock - time.time()
        self.hello = hello
        self._set(version=hello.version, clock=ahead if abs(ahead) > _CLOCK_S else 0.0)

    def _update(self, update: m.Update, size: int) -> None:
        with self._lock:
            remote = self._next or self._remote
            remote.take(update, size)
            settled = remote.judged or time.monotonic() - self._next_since > SETTLE_S
            first = not self._remote.whole and remote.begun
            if self._next is not None and (first or settled or self._opening.once):
                self._remote, self._next = remote, None
        self._set(state="live", heard=time.time(), message="; ".join(self.notes[:2]))
        self._changed()

    def _lose(self, words: str) -> None:
        if self._stopped:
            return
        self._set(state="lost", message=words)
        with self._lock:
            left, self._waiting = self._waiting, {}
        for coming in left.values():
            coming.set_exception(WireError(words))

    def _set(self, **what: object) -> None:
        before = self._state
        self._state = replace(before, **what)
        if replace(self._state, heard=before.heard) != before:
            self._changed()


def opening(target: Target, **how: object) -> m.Open:
    return msgspec.structs.replace(m.Open(target.roots), **how)
