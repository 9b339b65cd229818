"""One file a form in which a receiver takes alerts, found by its being here; its name stands in
``config.settings.Alerts.format`` as well."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import cast

from runwatch.alerts.forms.base import Form

_OWN = "runwatch"


@cache
def forms() -> Mapping[str, Form]:
    """All forms by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base")
    return {name: cast(Form, importlib.import_module(f"{__name__}.{name}")) for name in names}


def form_of(url: str, form: str) -> str:
    """The form that ``url`` takes; ``form`` is the configured one, "auto": by the URL, else runwatch's."""
    if form != "auto":
        return form
    return next((name for name, one in forms().items() if one.takes(url)), _OWN)
