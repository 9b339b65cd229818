"""Changing ``runwatch.toml`` on request, leaving everything else in it as it is."""

from __future__ import annotations

import contextlib
import re
import tomllib
from pathlib import Path
from typing import NamedTuple

from runwatch.cli import UsageError
from runwatch.config.trust import TrustError, digest, is_trusted, trust
from runwatch.system.saving import save_text
from runwatch.text.toml import toml_string

_HEADER = re.compile(r"""(?m)^[ \t]*\[[ \t]*["']?baseline["']?[ \t]*\][^\n]*(?:\n|\Z)""")


class Written(NamedTuple):
    """A file that was changed, and its text before (None: there was no file)."""

    path: Path
    before: str | None

    def put_back(self) -> None:
        if self.before is None:
            self.path.unlink()
        else:
            save(self.path, self.before)


def write_baseline(root: str, run_id: str) -> Written:
    """Set ``[baseline] run`` in ROOT/runwatch.toml (made if missing)."""
    path = Path(root) / "runwatch.toml"
    before = path.read_bytes().decode("utf-8") if path.exists() else None
    save(path, _with_baseline(before or "", f"run = {toml_string(run_id)}"))
    return Written(path, before)


def _with_baseline(text: str, line: str) -> str:
    end_of_line = "\r\n" if "\r\n" in text else "\n"
    line += end_of_line
    section = _HEADER.search(text)
    if section is None:
        above = text.rstrip("\r\n") + 2 * end_of_line if text.strip() else text
        return f"{above}[baseline]{end_of_line}{line}"
    head = section[0] if section[0].endswith("\n") else section[0] + end_of_line
    end = re.search(r"(?m)^[ \t]*\[", text[section.end() :])
    stop = section.end() + end.start() if end else len(text)
    body = re.sub(r"(?m)^\s*(run|group|metrics)\s*=[^\n]*\n?", "", text[section.end() : stop])
    return text[: section.start()] + head + line + body + text[stop:]


def save(path: Path, text: str) -> None:
    """Write a configuration whole or not at all, keeping the file's mode. Raises UsageError when it cannot be
    written, or holds a name that TOML has no way to write (one that is not UTF-8)."""
    file = str(path.absolute())
    try:
        tomllib.loads(text.removeprefix("\ufeff").encode("utf-8", "backslashreplace").decode())
        vouched = not path.exists() or is_trusted(digest(file, path.read_bytes()))
        save_text(path, text)
        if vouched:  # what its user has us write stays as trusted as it was
            with contextlib.suppress(TrustError):
                trust(file, digest(file, path.read_bytes()))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not written: {_why(text, error)}") from None
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}; check the folder's permissions"
        ) from None


def _why(text: str, error: tomllib.TOMLDecodeError) -> str:
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        return f"TOML cannot hold a name in it ({error}); rename that run or file"
    return f"its [baseline] has a form that only an editor can change ({error}); write it there"
