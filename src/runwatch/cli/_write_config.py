"""Changing ``runwatch.toml`` on request, leaving everything else in it as it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from runwatch.cli import UsageError
from runwatch.cli._atomic import write_atomic
from runwatch.text.toml import toml_string


def write_baseline(root: str, run_id: str) -> str:
    """Set ``[baseline] run`` in ROOT/runwatch.toml (made if missing); gives its path."""
    path = Path(root) / "runwatch.toml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    line = f"run = {toml_string(run_id)}"
    save(path, _with_baseline(text, line))
    return str(path)


def _with_baseline(text: str, line: str) -> str:
    section = re.search(r"(?m)^\[baseline\][^\n]*\n", text)
    if section is None:
        return (text.rstrip("\n") + "\n\n" if text.strip() else "") + f"[baseline]\n{line}\n"
    end = re.search(r"(?m)^\[", text[section.end() :])
    stop = section.end() + end.start() if end else len(text)
    body = re.sub(r"(?m)^\s*(run|group|metrics)\s*=[^\n]*\n?", "", text[section.end() : stop])
    return text[: section.end()] + line + "\n" + body + text[stop:]


def save(path: Path, text: str) -> None:
    """Write a configuration whole or not at all, keeping the file's mode. Raises UsageError when it can't be
    written, or holds a name that TOML has no way to write (one that is not UTF-8)."""
    try:
        tomllib.loads(text.encode("utf-8", "backslashreplace").decode())
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        write_atomic(path, text, mode)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{path}: not written: TOML cannot hold a name in it ({error}); rename that run or file"
        ) from None
    except OSError as error:
        raise UsageError(
            f"{path}: can't be written: {error.strerror}; check the folder's permissions"
        ) from None
