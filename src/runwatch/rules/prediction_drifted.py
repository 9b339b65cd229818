"""A model's outputs that moved away from the reference's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.drift import Role
from runwatch.domain.finding import Finding
from runwatch.domain.situation import Situation
from runwatch.rules.engine.drifting import drifted_columns

NAME = "prediction-drifted"
DESCRIPTION = "The predictions on the newest batch are distributed differently from the reference."
DEFAULTS: Mapping[str, object] = {"at_once": 0.25}
HOLD, KEEP, MANY = 0.0, 0.0, "predictions of {scope} drifted"
SUBJECTS = ("data", "models")
WORDS = ("drifted", "drifted")
PLAIN = "The answers of {name} have changed."
TOPIC = "drift"

_ROLES: frozenset[Role] = frozenset({"prediction"})
_ADVICE = (
    "Check first whether the features drifted too: then the model is seeing different data. If they "
    "did not, the model or its threshold was changed."
)


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """As for columns: a warning where they moved a little, critical where they drifted."""
    for data in situation.data:
        yield from drifted_columns(
            data, _ROLES, NAME, options, "Predictions {column} drifted in {data}", _ADVICE
        )
