"""What a configuration that was found, and that nobody has vouched for, may say: all about the folder it lies
in, nothing that sends, expands, fetches, loads or reaches beyond it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from msgspec.structs import replace

from runwatch.config.settings import Data, Model, Predictions, Settings
from runwatch.text.safe import safe

_TODO_ENDING = ".txt"
_SHOWN = 120
_WEB = re.compile(r"https?://(?:[^/@?#]*@)?([A-Za-z0-9.-]+(?::\d+)?)(?=[/?#]|$)")


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=_Named)


def bounded(settings: Settings, base: Settings, root: str) -> Settings:
    """``settings``, read over ``base``, without what needs trust; ``withheld`` says what that is."""
    made = replace(settings, bounds=(settings.folder, root))
    withheld: list[str] = []
    for ask in (_alerts, _tasks, _watch, _baseline, _tables, _models, _others):
        made = ask(made, base, withheld)
    return replace(made, withheld=tuple(withheld))


def _alerts(made: Settings, base: Settings, withheld: list[str]) -> Settings:
    if made.alerts is base.alerts:
        return made
    to = [*made.alerts.urls, *made.alerts.webhooks]
    withheld.append(f"send alerts to {_host(to[0])}{_more(to)}" if to else "set when alerts are sent")
    return replace(made, alerts=base.alerts, alerts_file=base.alerts_file)


def _host(url: str) -> str:
    """Where a URL leads, without what may be secret in it."""
    web = _WEB.match(url)
    return web[1] if web else f"{_shown(url.partition(':')[0])}:…"


def _more(rest: Sequence[object]) -> str:
    return f" and {len(rest) - 1} more" if len(rest) > 1 else ""


def _tasks(made: Settings, base: Settings, withheld: list[str]) -> Settings:
    file = made.tasks.file
    if file is None or made.tasks is base.tasks:
        return made
    if file.lower().endswith(_TODO_ENDING) and not _beyond(made, file):
        return made
    withheld.append(f"write tasks to {_shown(file)}")
    return replace(made, tasks=base.tasks)


def _watch(made: Settings, base: Settings, withheld: list[str]) -> Settings:
    if made.watch is base.watch:
        return made
    beyond = [root for root in made.watch.roots if _beyond(made, root)]
    if beyond:
        withheld.append(f"watch {_shown(beyond[0])}{_more(beyond)}")
    follow = made.watch.follow and not base.watch.follow
    if follow:
        withheld.append("follow links out of the root")
    inside = tuple(root for root in made.watch.roots if root not in beyond)
    return replace(made, watch=replace(made.watch, roots=inside, follow=made.watch.follow and not follow))


def _baseline(made: Settings, base: Settings, withheld: list[str]) -> Settings:
    file = made.baseline.metrics
    if file is None or made.baseline is base.baseline or not _beyond(made, file):
        return made
    withheld.append(f"read the baseline {_shown(file)}")
    return replace(made, baseline=base.baseline)


def _tables(made: Settings, base: Settings, withheld: list[str]) -> Settings:
    data = _kept(made, made.data, base.data, _data_paths, "data", withheld)
    predictions = _kept(made, made.predictions, base.predictions, _prediction_paths, "predictions", withheld)
    return replace(made, data=data, predictions=predictions)


def _kept(
    made: Settings,
    entries: tuple[Entry, ...],
    before: tuple[Entry, ...],
    paths: Callable[[Entry], Iterable[str]],
    kind: str,
    withheld: list[str],
) -> tuple[Entry, ...]:
    """The entries that stay inside."""
    if entries is before:
        return entries
    good = []
    for entry in entries:
        beyond = [path for path in paths(entry) if _beyond(made, path)]
        if beyond:
            withheld.append(f"read {_shown(beyond[0])} for [[{kind}]] {_shown(entry.name)}")
        else:
            good.append(entry)
    return tuple(good)


def _data_paths(entry: Data) -> list[str]:
    return [
        *_listed(entry.reference),
        *_listed(entry.current),
        *_given(entry.importance, entry.schema, entry.engine),
    ]


def _prediction_paths(entry: Predictions) -> list[str]:
    return [*_listed(entry.files), *_given(entry.baseline)]


def _models(made: Settings, base: Settings, withheld: list[str]) -> Settings:
    if made.models is base.models or not made.models:
        return made
    names: tuple[Model, ...] = made.models
    withheld.append(f"load the model {_shown(names[0].champion)}{_more(names)}")
    return replace(made, models=base.models)


def _others(made: Settings, base: Settings, withheld: list[str]) -> Settings:
    if made.id is not None and made.id != base.id:
        withheld.append(f"be identified as {_shown(made.id)}")
        made = replace(made, id=base.id)
    told = [
        name for name, options in made.reader_options.items() if options is not base.reader_options.get(name)
    ]
    if told:
        withheld.append(f"give options to the reader {_shown(told[0])}{_more(told)}")
        made = replace(made, reader_options=base.reader_options)
    return made


def _beyond(made: Settings, path: str) -> bool:
    """Whether a path of the configuration leads out of its bounds: a URL, or something elsewhere on disk."""
    if "://" in path:
        return True
    plain = made.path(path)
    while any(sign in plain for sign in "*?["):
        plain = os.path.dirname(plain)
    return not made.allows(plain)


def _listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _given(*values: str | None) -> list[str]:
    return [value for value in values if value]


def _shown(text: Any) -> str:
    return safe(str(text), _SHOWN)
