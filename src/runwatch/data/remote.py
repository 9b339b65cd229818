"""Remote files through fsspec: which kinds of URL are opened, with which limits, and as whom."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from runwatch.data.errors import DataError, explained
from runwatch.text.safe import safe

PROTOCOLS = frozenset(
    {"http", "https", "ftp", "sftp", "ssh", "smb", "hdfs", "webhdfs", "s3", "s3a", "gs", "gcs", "az"}
    | {"abfs", "abfss", "adl", "oci", "oss", "hf", "memory"}
)
WRAPPERS = frozenset({"zip", "tar", "simplecache", "filecache", "blockcache"})
_CONNECT_S, _READ_S = 10, 60
_OF_A_HOST = frozenset({"sftp", "ssh", "ftp", "smb", "hdfs", "webhdfs"})
OF_EXTRA = ("fsspec", "aiohttp", "s3fs", "paramiko")
_OF_EXTRA_KINDS = frozenset({"http", "https", "s3", "s3a", "sftp", "ssh"})


def filesystem(url: str, chained: bool = True) -> tuple[Any, str]:
    """(fsspec file system, path in it). DataError when the kind of URL is none that we open, when it holds
    another one and ``chained`` is off, when fsspec or the protocol's package is missing, or the server cannot
    be reached."""
    _known_kind(url, chained)
    try:
        import fsspec

        address, options = _reached(url)
        system, path = fsspec.core.url_to_fs(address, **options)
        if hasattr(system, "stay_connected"):
            system.stay_connected()
    except ImportError as error:
        raise DataError(url, *_missing(url, error)) from error
    except Exception as error:  # each file system has errors of its own: a host that is away, a bad login
        raise explained(url, error) from error
    return system, path


def _known_kind(url: str, chained: bool) -> None:
    """DataError for a URL that would be opened by more than its own words say: fsspec has kinds that run
    other programs, read this machine, or wrap one another."""
    links = url.split("::")
    if len(links) > 1 and not chained:
        raise DataError(url, "holds another URL", "name the file itself; only the command line takes both")
    for number, link in enumerate(links, 1):
        kind, sign, _ = link.partition("://")
        here = not sign and number == len(links) > 1  # a file of this machine, by its path
        if not here and kind.lower() not in (PROTOCOLS if len(links) == 1 else PROTOCOLS | WRAPPERS):
            known = ", ".join(sorted(PROTOCOLS - {"memory"}))
            raise DataError(url, f"is of a kind that is not opened ({safe(kind, 40)})", f"use one of {known}")


def _missing(url: str, error: ImportError) -> tuple[str, str]:
    """What a URL needs that is not installed, and what to do."""
    kind = url.rpartition("::")[2].partition("://")[0].lower()
    name = error.name or getattr(error.__cause__, "name", None)
    if name in OF_EXTRA or kind in _OF_EXTRA_KINDS:
        return f"needs {name or 'packages that are not installed'}", "pip install 'runwatch[remote]'"
    return str(error).splitlines()[0], "install the file system's own package"


def _reached(url: str) -> tuple[str, dict[str, object]]:
    """(URL, options for fsspec): time limits for the file systems that have none of their own; for SFTP, what
    ssh itself would take."""
    if "::" in url:
        outer, _, last = url.rpartition("::")
        last, options = _reached(last)
        return f"{outer}::{last}", {last.partition("://")[0]: options}
    scheme = url.partition("://")[0].lower()
    if scheme in ("http", "https"):
        import aiohttp

        limit = aiohttp.ClientTimeout(sock_connect=_CONNECT_S, sock_read=_READ_S)
        return url, {"client_kwargs": {"timeout": limit}}
    if scheme in ("s3", "s3a"):
        limits = {"connect_timeout": _CONNECT_S, "read_timeout": _READ_S, "retries": {"max_attempts": 2}}
        return url, {"config_kwargs": limits}
    if scheme in ("sftp", "ssh"):
        from runwatch.data.sftp import login

        return login(url)
    return url, {}


def whole_url(url: str, system: Any, path: str) -> str:
    """The URL of a file that a listing of ``url`` named: with the host, which fsspec leaves out of paths."""
    if "://" in path:
        return path
    parts = urlsplit(url)
    if "::" not in url and parts.scheme.lower() in _OF_A_HOST:
        return f"{parts.scheme}://{parts.netloc}{path}"
    return str(system.unstrip_protocol(path))
