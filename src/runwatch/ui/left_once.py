"""Screens that are left once, however often that is asked for."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

T = TypeVar("T")


class LeftOnce(Screen[T]):
    """What was on its way when the screen was left (Enter behind Escape on a busy machine) asks once more:
    Textual would then take the screen below away, or end the app."""

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_active else AwaitComplete()
