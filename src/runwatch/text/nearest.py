"""What a mistyped word may have meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def did_you_mean(
    word: str, known: Iterable[str], cutoff: float = 0.6, shown: Callable[[str], str] = repr
) -> str:
    """The question after a word that is not known; "" where no known one is alike. ``cutoff``: how alike it
    must be, from 0 to 1."""
    import difflib

    near = difflib.get_close_matches(word, list(known), 1, cutoff)
    return f"did you mean {shown(near[0])}?" if near else ""
