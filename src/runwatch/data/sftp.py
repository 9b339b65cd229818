"""SFTP as the person's own ``ssh`` would log in: ``~/.ssh/config``, keys, and only hosts that are known.

fsspec's own class trusts whatever key a server shows, and so would give its password to anyone."""

from __future__ import annotations

import io
import os
from typing import Any
from urllib.parse import urlsplit

import fsspec
import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

from runwatch.data.errors import DataError
from runwatch.domain.borders import JsonDict

_BLOCK = 1 << 20
_LIMITS = {"timeout": 10, "banner_timeout": 10, "auth_timeout": 20}


class KnownHosts(SFTPFileSystem):  # type: ignore[misc]
    """The files of a host whose key ``~/.ssh/known_hosts`` has."""

    def _connect(self) -> None:
        self.client = paramiko.SSHClient()
        self.client.load_system_host_keys()
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        self.client.connect(self.host, **self.ssh_kwargs)
        self.ftp = self.client.open_sftp()

    def stay_connected(self) -> None:
        """Connect anew where the connection, which fsspec keeps, has ended meanwhile."""
        try:
            self.ftp.stat("/")
        except (OSError, EOFError, paramiko.SSHException):
            self._connect()

    def _open(self, path: str, mode: str = "rb", block_size: int | None = None, **_: Any) -> Any:
        raw = _File(self.ftp.open(path, mode))
        return io.BufferedReader(raw, block_size or _BLOCK)


class _File(io.RawIOBase):
    """paramiko's file as Python's: its ``seek`` returns nothing."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._file.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._file.seek(offset, whence)
        return int(self._file.tell())

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


for kind in KnownHosts.protocol:
    fsspec.register_implementation(kind, KnownHosts, clobber=True)


def login(url: str) -> tuple[str, JsonDict]:
    """The URL with what ``~/.ssh/config`` says of its host (unless the URL says it), and what else to log in
    with."""
    parts = urlsplit(url)
    configured = _configured(parts.hostname or "")
    if "proxyjump" in configured or "proxycommand" in configured:
        what = "is reached through another machine (ProxyJump), which is not supported here"
        raise DataError(url, what, "mount it, or add the machine as a [[hosts]]")
    user, at, _ = parts.netloc.rpartition("@")
    user = user + at if at else configured["user"] + "@" if "user" in configured else ""
    port = parts.port or configured.get("port")
    host = configured.get("hostname", parts.hostname) + (f":{port}" if port else "")
    keys = {"key_filename": configured["identityfile"]} if "identityfile" in configured else {}
    return parts._replace(netloc=user + host).geturl(), {**_LIMITS, **keys}


def _configured(host: str) -> Any:
    path = os.path.expanduser("~/.ssh/config")
    try:
        return paramiko.SSHConfig.from_path(path).lookup(host)
    except (OSError, paramiko.SSHException, ImportError):  # none, or more than paramiko understands
        return {}
