"""Which configurations found on disk their user has allowed to act beyond their own folder: by content, so
that one that changes is asked about anew. In the state directory, in a file that only its user may write."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import msgspec

from runwatch.domain.errors import UserError
from runwatch.system.files import private_folder, read_with_stat
from runwatch.system.folders import state_dir
from runwatch.system.saving import save_text

_FILE = "trusted.json"
_MOST_BYTES = 1024 * 1024


class TrustError(UserError):
    """Trust cannot be kept; the text is the whole message, for people."""


class Trusted(msgspec.Struct, frozen=True):
    """What was allowed: the file, the digest of its path and content."""

    file: str
    digest: str


def digest(file: str, content: bytes) -> str:
    """What names a file as it stands: where it is, and what it says."""
    path = os.fsencode(os.path.realpath(os.path.dirname(file))) + b"/" + os.fsencode(os.path.basename(file))
    return hashlib.sha256(path + b"\0" + content).hexdigest()


def is_trusted(content: str) -> bool:
    """Whether the user has allowed what this digest names."""
    return any(one.digest == content for one in trusted())


def trust(file: str, as_it_stood: str) -> None:
    """Allow a file with the content of this digest; what was allowed of it before is forgotten. Raises
    TrustError."""
    _write([*(one for one in trusted() if one.file != file), Trusted(file, as_it_stood)])


def forget(file: str) -> bool:
    """Take it back; False when it was not allowed. Raises TrustError."""
    known = trusted()
    left = [one for one in known if one.file != file]
    if len(left) == len(known):
        return False
    _write(left)
    return True


def trusted() -> list[Trusted]:
    """All that was allowed. A file that is broken, or is another user's, allows nothing."""
    folder = state_dir()
    if folder is None:
        return []
    try:
        data, info = read_with_stat(folder / _FILE, _MOST_BYTES)
        if info.st_uid != os.geteuid():
            return []
        return [Trusted(str(one["file"]), str(one["digest"])) for one in json.loads(data)["trusted"]]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return []


def _write(entries: list[Trusted]) -> None:
    folder = state_dir()
    if folder is None:
        raise TrustError("there is no directory to remember it in; set HOME or XDG_STATE_HOME")
    rows = [{"file": one.file, "digest": one.digest} for one in entries]
    try:
        private_folder(folder)
        save_text(Path(folder / _FILE), json.dumps({"trusted": rows}, indent=1), 0o600)
    except OSError as error:
        raise TrustError(f"{folder / _FILE}: cannot be written: {error.strerror}; check the folder") from None
