"""Copying: to the terminal's clipboard, and into a file for terminals that take none."""

from __future__ import annotations

import os

from textual.dom import DOMNode

from runwatch.system.files import private_folder
from runwatch.system.folders import state_dir
from runwatch.system.saving import save_text
from runwatch.ui.host import host
from runwatch.ui.work import in_background

_NAME = "copied.txt"


def copy(node: DOMNode, words: str) -> None:
    """Hand ``words`` to the terminal (OSC 52; it cannot be asked whether it took them), and keep the newest
    in a file of the state directory, which its owner alone can read."""
    app, say, folder = node.app, host(node).say, state_dir()
    if not words:
        say("there is nothing to copy")
        return
    app.copy_to_clipboard(words)
    done = "copied (tmux takes it with set-clipboard on)" if os.environ.get("TMUX") else "copied"
    if folder is None:
        say(done)
        return
    path = folder / _NAME

    def job() -> None:
        try:
            private_folder(folder)
            save_text(path, words + "\n", 0o600)
        except OSError as error:
            app.call_from_thread(say, f"{done}; {path}: {error.strerror or error}", "warning")
        else:
            app.call_from_thread(say, f"{done}; also in {path}")

    in_background(node, "copy", job)
