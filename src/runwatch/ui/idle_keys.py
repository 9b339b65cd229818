"""Keys that have an action which can't act now."""

from __future__ import annotations

from textual.actions import parse

from runwatch.ui.host import AnyScreen


def why_idle(screen: AnyScreen, key: str) -> str:
    """Why a key that nothing took does nothing; "" where it has no action, or one that can act."""
    chain = screen.focused.ancestors_with_self if screen.focused else [screen, screen.app]
    bound = [(node, b) for node in chain for b in node._bindings.key_to_bindings.get(key, ())]
    actions = [(node, *parse(binding.action)[1:]) for node, binding in bound]
    if not actions or any(node.check_action(action, given) for node, action, given in actions):
        return ""
    node, action, _ = actions[0]
    why_not = getattr(node, "why_not", None)
    return str(why_not(action)) if why_not is not None else ""
