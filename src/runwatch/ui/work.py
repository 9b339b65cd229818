"""Work off the event loop, whose errors are seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual.dom import DOMNode

from runwatch.ui.messages import ViewFailed

T = TypeVar("T")


def in_background(node: DOMNode, what: str, job: Callable[[], object]) -> None:
    """Run ``job`` on a thread; a newer job of that name cancels the node's older one. An exception becomes a
    ``ViewFailed`` of the app: it is shown and logged, and the screen goes on."""
    app = node.app

    def guarded() -> None:
        try:
            job()
        except Exception as error:
            app.post_message(ViewFailed(what, error))

    node.run_worker(guarded, thread=True, exclusive=True, group=what, exit_on_error=False)


def fetch(node: DOMNode, what: str, get: Callable[[], T], then: Callable[[T], object]) -> None:
    """Call ``get`` on a thread, and ``then`` with what it gave on the event loop, unless the node is gone."""
    in_background(node, what, lambda: node.call_later(then, get()))
