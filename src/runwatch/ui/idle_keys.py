"""Keys that have an action which can't act now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.actions import parse
from textual.binding import Binding
from textual.dom import DOMNode

from runwatch.ui.host import AnyScreen


def idle_bindings(screen: AnyScreen) -> Iterator[tuple[DOMNode, Binding, str]]:
    """The bindings of a screen that cannot act now, each with its node and the reason."""
    active = screen.active_bindings
    for node in _chain(screen):
        for key, bindings in node._bindings.key_to_bindings.items():
            reason = "" if key in active else why_idle(screen, key)
            if reason:
                yield node, bindings[0], reason


def _chain(screen: AnyScreen) -> Sequence[DOMNode]:
    return screen.focused.ancestors_with_self if screen.focused else [screen, screen.app]


def why_idle(screen: AnyScreen, key: str) -> str:
    """Why a key that nothing took does nothing; "" where it has no action, or one that can act."""
    chain = _chain(screen)
    bound = [(node, b) for node in chain for b in node._bindings.key_to_bindings.get(key, ())]
    actions = [(node, *parse(binding.action)[1:]) for node, binding in bound]
    if not actions or any(node.check_action(action, given) for node, action, given in actions):
        return ""
    node, action, _ = actions[0]
    why_not = getattr(node, "why_not", None)
    return str(why_not(action)) if why_not is not None else ""
