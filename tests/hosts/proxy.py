"""A wire that delays, cuts, stalls: a TCP proxy on the loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque


class Wire:
    """Forwards to ``port``; each way takes ``delay`` seconds. ``cut``: bytes wait and nobody is told, as with
    a pulled cable; ``broken``: connections are reset. ``carried``: bytes so far, both ways."""

    def __init__(self, port: int, delay: float = 0.0) -> None:
        self.delay, self.cut, self.broken, self.carried = delay, False, False, 0
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                if self.broken:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                return
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        waiting: deque[tuple[float, bytes]] = deque()
        some = threading.Condition()

        def deliver() -> None:
            while True:
                with some:
                    some.wait_for(lambda: waiting)
                    due, data = waiting.popleft()
                time.sleep(max(due - time.monotonic(), 0.0))
                while self.cut:
                    time.sleep(0.05)
                try:
                    if not data:
                        sink.shutdown(socket.SHUT_WR)
                        return
                    sink.sendall(data)
                except OSError:
                    return

        threading.Thread(target=deliver, daemon=True).start()
        while True:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            self.carried += len(data)
            with some:
                waiting.append((time.monotonic() + self.delay, data))
                some.notify()
            if not data:
                return

    def break_all(self) -> None:
        """Reset what is open, and refuse what comes."""
        self.broken = True
        for each in self._open:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._open.clear()

    def close(self) -> None:
        self.break_all()
        self._listener.close()
