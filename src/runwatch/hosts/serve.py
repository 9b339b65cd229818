"""There: ``runwatch serve --stdio``. Watches this machine's runs for a board on another one, for as long as
the connection is open: the end of standard input, or its long silence, ends the process."""

from __future__ import annotations

import os
import platform
import select
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from runwatch import __version__
from runwatch.domain.errors import UserError
from runwatch.hosts import messages as m
from runwatch.hosts.answering import Answers
from runwatch.hosts.snapshot_diff import SnapshotDiff
from runwatch.hosts.watched_roots import Watched, opened
from runwatch.hosts.wire import (
    MARKER,
    MAX_FRAME,
    PROTOCOL,
    Inward,
    Outward,
    UnknownMessageError,
    WireError,
    decoder,
    encode,
)
from runwatch.monitor.wanted import MachineSource
from runwatch.system.files import write_all
from runwatch.system.identity import host_name, user_name

SILENCE_S = 30.0
MOST_WAITING = 64
MOST_BODY = MAX_FRAME - 1024 * 1024
_READ = 64 * 1024


class Server:
    """One board's other side."""

    def __init__(self, stdin: int, stdout: int, machine: MachineSource | None = None) -> None:
        """``machine``: who knows the one that has the runs, None: it is this one."""
        self._machine = machine
        self._stdin, self._stdout = stdin, stdout
        self._out = Outward(partial(write_all, stdout))
        self._watched: Watched | None = None
        self._answers: Answers | None = None
        self._pool = ThreadPoolExecutor(4, "runwatch-serve")
        self._waiting = 0
        self._wakeup = threading.Condition()
        self._seen = self._sent = 0
        self._ended = False
        self._woken, self._waker = os.pipe()

    def run(self) -> int:
        """Serve until the other side is gone; the exit code."""
        try:
            write_all(self._stdout, MARKER)
            python = platform.python_version()
            self._out.send(m.Hello(PROTOCOL, __version__, python, host_name(), user_name(), time.time()))
            self._listen()
        except (WireError, UserError) as error:
            self._refuse(str(error))
            return 2
        except OSError:
            return 1
        finally:
            self._end()
        return 0

    def _listen(self) -> None:
        """Take what comes until the other side is gone."""
        inward, decode = Inward(), decoder(m.FromHere)
        while True:
            ready, _, _ = select.select([self._stdin, self._woken], [], [], SILENCE_S)
            data = os.read(self._stdin, _READ) if ready == [self._stdin] else b""
            if not data:
                return
            for message in inward.feed(data):
                try:
                    self._handle(decode(message))
                except UnknownMessageError as error:
                    if error.number:
                        words = f"runwatch {__version__} there cannot do that; update it"
                        self._out.send(m.Reply(error.number, error=words))

    def _handle(self, message: Any) -> None:
        match message:
            case m.Open():
                self._open(message)
            case m.Ping():
                self._out.send(m.Pong(time.time()))
            case m.UpdateReceived(number):
                with self._wakeup:
                    self._seen = max(self._seen, number)
                    self._wakeup.notify_all()
            case _:
                self._answer(message)

    def _open(self, request: m.Open) -> None:
        if self._watched is not None:
            raise WireError("the board asked twice for roots")
        self._watched = opened(request, self._machine)
        self._answers = Answers(self._watched)
        alerts = [one.alerts for one in self._watched.settings.values()]
        sends = request.keep and any(one.urls or one.webhook for one in alerts)
        self._out.send(m.RootsOpened(self._watched.roots, self._watched.metrics, sends))
        threading.Thread(target=self._send_update, name="runwatch-telling", daemon=True).start()

    def _answer(self, question: m.Question) -> None:
        """Answers are looked for on threads: one that hangs on a dead mount holds up no other."""
        answers = self._answers
        if answers is None or self._waiting >= MOST_WAITING:
            self._out.send(m.Reply(question.number, error="too many questions at once; ask again"))
            return
        self._waiting += 1
        self._pool.submit(self._reply, answers, question)

    def _reply(self, answers: Answers, question: m.Question) -> None:
        try:
            body = encode(answers.to(question))
            if len(body) > MOST_BODY:
                raise WireError(f"the answer has {len(body):,} bytes, more than may be sent")
            self._send(m.Reply(question.number, body))
        except (UserError, OSError, KeyError, ValueError) as error:
            self._send(m.Reply(question.number, error=str(error) or type(error).__name__))
        except Exception as error:  # the board must not wait for ever: what went wrong is said there
            self._send(m.Reply(question.number, error=f"internal error there: {error!r}"))
        finally:
            self._waiting -= 1

    def _send(self, message: m.FromThere) -> None:
        try:
            self._out.send(message)
        except OSError:
            self._stop_listening()

    def _send_update(self) -> None:
        """The newest snapshot each time that the other side has seen the one before: a slow link or board
        skips what is between, and nothing piles up."""
        assert self._watched is not None
        diff, watched = SnapshotDiff(), self._watched
        try:
            for snapshot, judged in watched.snapshots(self._pause):
                for update in diff.updates(snapshot, judged):
                    self._out.send(update)
                    self._sent = update.number
                    if not update.more:
                        self._wait_seen()
                if self._ended:
                    return
        except UserError as error:
            self._refuse(str(error))
            self._stop_listening()
        except OSError:
            self._stop_listening()
        except Exception as error:
            self._refuse(f"internal error there: {error!r}; please report it")
            self._stop_listening()

    def _wait_seen(self) -> None:
        with self._wakeup:
            while self._seen < self._sent and not self._ended:
                self._wakeup.wait()

    def _pause(self, seconds: float) -> bool:
        """Wait; False when it is over."""
        with self._wakeup:
            if not self._ended:
                self._wakeup.wait_for(lambda: self._ended, seconds)
        return not self._ended

    def _refuse(self, message: str) -> None:
        self._send(m.RequestRefused(message))

    def _stop_listening(self) -> None:
        with self._wakeup:
            if not self._ended:
                self._ended = True
                self._wakeup.notify_all()
                os.write(self._waker, b"!")

    def _end(self) -> None:
        with self._wakeup:
            self._ended = True
            self._wakeup.notify_all()
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._watched is not None:
            self._watched.close()
        os.close(self._woken)
        os.close(self._waker)


def run_stdio() -> int:
    """A server on this process's own standard input and output; whatever else prints, prints to standard
    error. Ends within seconds of the board, even if a thread hangs on a dead mount."""
    stdout = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    code = Server(0, stdout).run()
    sys.stderr.flush()
    os._exit(code)
