"""Errors that are the user's to mend."""

from __future__ import annotations


class UserError(Exception):
    """The text is the whole message for people: what, what is wrong, and what to do."""
