"""What a configuration that was found, and is not trusted yet, may say: all about the folder it lies
in, nothing that sends, expands, fetches, loads or reaches beyond it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cache
from typing import TypeVar, get_args, get_type_hints

import msgspec
from msgspec.structs import replace

from runwatch.config.settings import Data, Place, Predictions, Settings, listed
from runwatch.text.safe import safe

_TODO_ENDING = ".txt"
_SHOWN = 120
_HOST = re.compile(
    r"(?:https?|jsons?|xmls?|forms?|mailtos?|gotifys?|mqtts?|apprises?)://(?:[^/@?#]*@)?"
    r"([A-Za-z0-9.-]+(?::\d+)?)(?=[/?#]|$)"
)
"""Schemes, Apprise's too, that have a host where others have a token."""


Entry = TypeVar("Entry", Data, Predictions)


def bounded(settings: Settings, base: Settings, root: str) -> Settings:
    """``settings``, read over ``base``, without what needs trust; ``withheld`` says what that is."""
    made = replace(settings, bounds=(settings.folder, root))
    withheld: list[str] = []
    for ask in (_alerts, _tasks, _watch, _baseline, _tables, _models, _others):
        made = ask(made, base, withheld)
    return replace(made, withheld=tuple(withheld))


def _alerts(settings: Settings, base: Settings, withheld: list[str]) -> Settings:
    if settings.alerts is base.alerts:
        return settings
    to = [*settings.alerts.urls, *settings.alerts.webhooks]
    hosts = dict.fromkeys(map(_host, to))
    withheld.append(f"send alerts to {', '.join(hosts)}" if to else "set when alerts are sent")
    return replace(settings, alerts=base.alerts, alerts_file=base.alerts_file)


def _host(url: str) -> str:
    """Where a URL leads, without what may be secret in it."""
    found = _HOST.match(url)
    return found[1] if found else f"{_shown(url.partition(':')[0])}:…"


def _more(rest: Sequence[object]) -> str:
    return f" and {len(rest) - 1} more" if len(rest) > 1 else ""


def _tasks(settings: Settings, base: Settings, withheld: list[str]) -> Settings:
    file = settings.tasks.file
    if file is None or settings.tasks is base.tasks:
        return settings
    if file.lower().endswith(_TODO_ENDING) and not _beyond(settings, file):
        return settings
    withheld.append(f"write tasks to {_shown(file)}")
    return replace(settings, tasks=base.tasks)


def _watch(settings: Settings, base: Settings, withheld: list[str]) -> Settings:
    if settings.watch is base.watch:
        return settings
    beyond = [root for root in settings.watch.roots if _beyond(settings, root)]
    if beyond:
        withheld.append(f"watch {_shown(beyond[0])}{_more(beyond)}")
    follow = settings.watch.follow and not base.watch.follow
    if follow:
        withheld.append("follow links out of the root")
    inside = tuple(root for root in settings.watch.roots if root not in beyond)
    return replace(
        settings, watch=replace(settings.watch, roots=inside, follow=settings.watch.follow and not follow)
    )


def _baseline(settings: Settings, base: Settings, withheld: list[str]) -> Settings:
    file = settings.baseline.metrics
    if file is None or settings.baseline is base.baseline or not _beyond(settings, file):
        return settings
    withheld.append(f"read the baseline {_shown(file)}")
    return replace(settings, baseline=base.baseline)


def _tables(settings: Settings, base: Settings, withheld: list[str]) -> Settings:
    data = _within_bounds(settings, settings.data, base.data, "data", withheld)
    predictions = _within_bounds(settings, settings.predictions, base.predictions, "predictions", withheld)
    return replace(settings, data=data, predictions=predictions)


def _within_bounds(
    settings: Settings, entries: tuple[Entry, ...], before: tuple[Entry, ...], kind: str, withheld: list[str]
) -> tuple[Entry, ...]:
    """The entries that stay inside."""
    if entries is before:
        return entries
    good = []
    for entry in entries:
        beyond = [path for path in _places(entry) if _beyond(settings, path)]
        if beyond:
            withheld.append(f"read {_shown(beyond[0])} for [[{kind}]] {_shown(entry.name)}")
        else:
            good.append(entry)
    return tuple(good)


def _places(entry: msgspec.Struct) -> list[str]:
    """All that a table of the configuration names on disk or on the network."""
    values = (getattr(entry, name) for name in _place_names(type(entry)))
    return [path for value in values for path in listed(value) if path]


@cache
def _place_names(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(name for name, hint in hints.items() if _holds_place(hint))


def _holds_place(hint: object) -> bool:
    return hint == Place or any(map(_holds_place, get_args(hint)))


def _models(settings: Settings, base: Settings, withheld: list[str]) -> Settings:
    if settings.models is base.models or not settings.models:
        return settings
    withheld.append(f"load the model {_shown(settings.models[0].champion)}{_more(settings.models)}")
    return replace(settings, models=base.models)


def _others(settings: Settings, base: Settings, withheld: list[str]) -> Settings:
    if settings.id is not None and settings.id != base.id:
        withheld.append(f"be identified as {_shown(settings.id)}")
        settings = replace(settings, id=base.id)
    changed = [
        name
        for name, options in settings.reader_options.items()
        if options is not base.reader_options.get(name)
    ]
    if changed:
        withheld.append(f"give options to the reader {_shown(changed[0])}{_more(changed)}")
        settings = replace(settings, reader_options=base.reader_options)
    return settings


def _beyond(settings: Settings, path: str) -> bool:
    """Whether a path of the configuration leads out of its bounds: a URL, or something elsewhere on disk."""
    if "://" in path:
        return True
    plain = settings.path(path)
    while any(sign in plain for sign in "*?["):
        plain = os.path.dirname(plain)
    return not settings.allows(plain)


def _shown(text: object) -> str:
    return safe(str(text), _SHOWN)
