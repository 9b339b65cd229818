"""Real servers on the loopback: S3 (moto), SFTP (OpenSSH) and HTTP, filled from a folder."""

from __future__ import annotations

import http.server
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from patience import PATIENCE_S, free_port

SSHD = shutil.which("sshd") or (os.path.exists("/usr/sbin/sshd") and "/usr/sbin/sshd") or None


class Http(http.server.SimpleHTTPRequestHandler):
    """Files of a folder. ``asked``: (method, path) of each request; ``sized``: whether lengths are said;
    ``dated``: whether a state is; ``denied``: the status of every answer, 0 for none."""

    asked: list[tuple[str, str]]
    sized = dated = True
    denied = 0

    def log_message(self, *args: object) -> None:
        pass

    def send_head(self):  # type: ignore[no-untyped-def]
        self.asked.append((self.command, self.path))
        if self.denied:
            return self.send_error(self.denied)
        return super().send_head()

    def send_header(self, keyword: str, value: str) -> None:
        if (keyword == "Content-Length" and not self.sized) or (
            keyword == "Last-Modified" and not self.dated
        ):
            return
        super().send_header(keyword, value)


@contextmanager
def http_server(folder: Path, **kind: object) -> Iterator[tuple[str, type[Http]]]:
    """(address, the handler, whose fields may be changed)."""
    handler = type("Handler", (Http,), {"asked": [], **kind})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def sftp_server(folder: Path) -> Iterator[tuple[int, Path, Callable[[], None]]]:
    """(port, a HOME whose ``~/.ssh`` can log in there as ``files``, what ends all sessions)."""
    home, own = folder / "home", folder / "server"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    own.mkdir()
    for key in (own / "host", home / ".ssh" / "id_ed25519"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    shutil.copy(home / ".ssh" / "id_ed25519.pub", own / "authorized")
    port = free_port()
    (own / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {own}/host\nPidFile {own}/pid\n"
        "StrictModes no\nUsePAM no\n"
        f"AuthorizedKeysFile {own}/authorized\nPasswordAuthentication no\nPermitRootLogin yes\n"
        "Subsystem sftp internal-sftp\n"
    )
    known = (own / "host.pub").read_text()
    (home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{port} {known}")
    (home / ".ssh" / "config").write_text(f"Host files\n HostName 127.0.0.1\n Port {port}\n")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    server = subprocess.Popen(
        [str(SSHD), "-D", "-e", "-f", str(own / "config")], stderr=(own / "log").open("wb")
    )

    def end_sessions() -> None:
        for process in psutil.Process(server.pid).children(recursive=True):
            process.kill()

    try:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port, home, end_sessions
    finally:
        end_sessions()
        server.kill()
        server.wait()
