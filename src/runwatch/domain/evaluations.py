"""An evaluation, sample by sample."""

from __future__ import annotations

from collections.abc import Mapping

SampleKey = str
"""Which sample it is: its number and the hash of its document, equal on both sides of a comparison."""

Samples = Mapping[str, Mapping[SampleKey, float]]
"""By metric, the value of each sample."""
