"""A GPU that is too hot, or slows itself down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import host_finding
from runwatch.rules.engine.options import number
from runwatch.text.units import number as shown

NAME = "gpu-hot"
DESCRIPTION = "A GPU is above 90 degrees, or throttled, for five minutes."
DEFAULTS: Mapping[str, object] = {"degrees": 90.0}
HOLD, KEEP, MANY = 300.0, _KEEP, ""
SUBJECTS = ("host",)
WORDS = ("gpu hot", "gpu hot")
PLAIN = "A graphics card is too hot: {part}."


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """A warning."""
    for gpu in situation.machine.gpus if situation.machine is not None else ():
        hot = gpu.temperature is not None and gpu.temperature > number(options, "degrees")
        if not hot and not gpu.throttled:
            continue
        how = "throttled" if gpu.throttled else "hot"
        yield host_finding(
            situation,
            NAME,
            "warning",
            f"gpu {gpu.index}",
            f"GPU {gpu.index} is {how} at {shown(gpu.temperature, 3)} °C",
            f"GPU {gpu.index} is too hot",
            "Runs on it are slower than they should be: check fans, air flow and the power limit.",
            evidence={"temperature": gpu.temperature, "throttled": gpu.throttled},
        )
