"""The border to pyarrow, which ships no types of its own."""

from __future__ import annotations

from typing import Any

Arrow = Any
"""An array, a chunked array, a scalar, a type, a table or a reader of pyarrow."""
