"""Real ssh for tests: Debian's sshd on the loopback, keys made here, a "host" a key, each with its HOME."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from patience import PATIENCE_S, free_port

SSHD = shutil.which("sshd") or (os.path.exists("/usr/sbin/sshd") and "/usr/sbin/sshd") or None
SSH = shutil.which("ssh")
KEYGEN = shutil.which("ssh-keygen")
SOURCE = Path(__file__).resolve().parents[2] / "src"

RUNWATCH = f"""#!/bin/sh
PYTHONPATH={SOURCE} exec {sys.executable} -m runwatch "$@"
"""


def reason() -> str:
    """Why there is no real ssh here, "" when there is."""
    return "" if SSHD and SSH and KEYGEN else "openssh-server is not installed"


class Sshd:
    """``host(name)`` makes a machine: a HOME of its own and, where the kernel lets us, a host name too.
    ``bin`` goes to the front of PATH: its ``ssh`` uses this server only."""

    source = SOURCE

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        self.port = free_port()
        self._keygen(folder / "host_key")
        (folder / "authorized_keys").touch(0o600)
        (folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\nPidFile {folder}/pid\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n"
            "MaxStartups 100:30:200\n"
        )
        key = (folder / "host_key.pub").read_text()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key}")
        (folder / "ssh_config").write_text("")
        self._ssh = self.bin / "ssh"
        self._ssh.write_text(f'#!/bin/sh\nexec {SSH} -F {folder}/ssh_config "$@"\n')
        self._ssh.chmod(0o755)
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    def _keygen(self, path: Path) -> None:
        subprocess.run(
            [str(KEYGEN), "-q", "-t", "ed25519", "-N", "", "-f", str(path)],
            check=True,
            stdin=subprocess.DEVNULL,
        )

    def start(self) -> None:
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        self._server = subprocess.Popen(
            [str(SSHD), "-D", "-e", "-f", str(self.folder / "sshd_config")],
            stderr=(self.folder / "sshd.log").open("ab"),
            start_new_session=True,
        )
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "sshd.log").read_text())

    def stop(self) -> None:
        """End the server and all that it serves."""
        if self._server is not None:
            own = children(self._server.pid)
            for pid in [*own, self._server.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self._server.wait()

    def host(
        self, name: str, runwatch: str | None = RUNWATCH, port: int | None = None, python: bool = True
    ) -> Path:
        """A machine; its HOME. ``runwatch``: the text of ~/.local/bin/runwatch there, None: not installed;
        ``port``: of something that stands between; ``python``: whether it has python3."""
        home = self.folder / "homes" / name
        (home / ".local/bin").mkdir(parents=True)
        if runwatch is not None:
            program = home / ".local/bin/runwatch"
            program.write_text(runwatch)
            program.chmod(0o755)
        key = self.folder / f"key-{name}"
        self._keygen(key)
        enter = 'exec "${SHELL:-/bin/bash}" -c "$SSH_ORIGINAL_COMMAND"'
        own_name = ["unshare", "--uts", "sh", "-c", f"hostname {name} && {enter}"]
        if subprocess.run([*own_name[:3], "-c", "hostname x"], capture_output=True, check=False).returncode:
            own_name = ["sh", "-c", enter]
        clean = [
            "env",
            "-u",
            "XDG_STATE_HOME",
            "-u",
            "XDG_CONFIG_HOME",
            "-u",
            "XDG_CACHE_HOME",
            f"HOME={home}",
        ]
        path = "/usr/local/bin:/usr/bin:/bin"
        if not python:
            (home / "bin").mkdir()
            for tool in ("sh", "bash", "env", "unshare", "hostname", "sleep", "cat"):
                (home / "bin" / tool).symlink_to(str(shutil.which(tool)))
            (home / "bin/csh").symlink_to(str(shutil.which("bash")))
            clean.append(f"SHELL={home}/bin/csh")
            path = f"{home}/bin"
        command = shlex.join([*clean, f"PATH={path}", *own_name]).replace('"', '\\"')
        with (self.folder / "authorized_keys").open("a") as file:
            file.write(f'command="cd {home} && {command}" {key.with_suffix(".pub").read_text()}')
        with (self.folder / "ssh_config").open("a") as file:
            file.write(
                f"Host {name}\n HostName 127.0.0.1\n Port {port or self.port}\n IdentityFile {key}\n"
                f" HostKeyAlias [127.0.0.1]:{self.port}\n"
                f" IdentitiesOnly yes\n UserKnownHostsFile {self.folder}/known_hosts\n"
                " StrictHostKeyChecking yes\n"
            )
        return home


def children(pid: int) -> list[int]:
    """All processes below ``pid``, the deepest first."""
    import psutil

    try:
        return [child.pid for child in reversed(psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return []
