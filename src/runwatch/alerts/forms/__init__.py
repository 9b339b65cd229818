"""One file a form in which a receiver takes alerts, found by its being here; its name stands in
``config.settings.Alerts.format`` as well."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import cast

from runwatch.alerts.forms.base import Form
from runwatch.domain.plugins import modules_in

_OWN = "runwatch"


@cache
def forms() -> Mapping[str, Form]:
    """All forms by name."""
    named = {module.__name__.rpartition(".")[2]: cast(Form, module) for module in modules_in(__name__)}
    return {name: form for name, form in named.items() if name != "base"}


def form_of(url: str, form: str) -> str:
    """The form that ``url`` takes; ``form`` is the configured one, "auto": by the URL, else runwatch's."""
    if form != "auto":
        return form
    return next((name for name, one in forms().items() if one.takes(url)), _OWN)
