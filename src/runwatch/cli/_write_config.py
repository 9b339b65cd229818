"""Changing ``runwatch.toml`` on request, leaving everything else in it as it is."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

from runwatch.cli import UsageError


def write_baseline(root: str, run_id: str) -> str:
    """Set ``[baseline] run`` in ROOT/runwatch.toml (made if missing); gives its path."""
    path = Path(root) / "runwatch.toml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    line = f"run = {json.dumps(run_id, ensure_ascii=False)}"
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
    """Write a file whole or not at all, keeping its mode. Raises UsageError when it can't be written."""
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise UsageError(
            f"{path}: can't be written: {error.strerror}; check the folder's permissions"
        ) from None
