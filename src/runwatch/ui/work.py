"""Work off the event loop, whose errors are seen."""

from __future__ import annotations

from collections.abc import Callable

from textual.dom import DOMNode

from runwatch.ui.messages import ViewFailed


def in_background(node: DOMNode, what: str, job: Callable[[], None], group: str) -> None:
    """Run ``job`` on a thread; a newer job of the group cancels the older. An exception becomes a
    ``ViewFailed`` of the app: it is shown and logged, and the screen goes on."""
    app = node.app

    def guarded() -> None:
        try:
            job()
        except Exception as error:
            app.post_message(ViewFailed(what, error))

    node.run_worker(guarded, thread=True, exclusive=True, group=group, exit_on_error=False)
