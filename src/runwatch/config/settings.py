"""The settings of one root, as ``runwatch.toml`` names them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Literal, NewType

import msgspec

from runwatch.domain.comparison import At, Costs, PredictionTask
from runwatch.domain.errors import UserError
from runwatch.domain.finding import Severity
from runwatch.domain.run import Problem
from runwatch.system.files import is_really_below

Seconds = NewType("Seconds", float)
"""A length of time, written as 90 or "15m"."""
Place = Annotated[str, "place"]
"""A path, a glob or a URL: what leads out of its folder is not read or written before it is trusted."""


class ConfigError(UserError):
    """A configuration that cannot be used; the text is the whole message, for people."""


def listed(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """What may be written as one text or as a list of several."""
    return (value,) if isinstance(value, str) else value or ()


class Watch(msgspec.Struct, frozen=True):
    """``stalled_after``, ``reconcile`` in seconds (given as 900 or "15m")."""

    roots: tuple[Place, ...] = ()
    ignore: tuple[str, ...] = ()
    mode: Literal["auto", "native", "polling"] = "auto"
    stalled_after: Seconds | None = None
    follow: bool = False
    reconcile: Seconds = Seconds(30.0)


class BaselineSetting(msgspec.Struct, frozen=True):
    run: str | None = None
    metrics: Place | None = None
    group: str | None = None


class MetricSetting(msgspec.Struct, frozen=True):
    direction: Literal["min", "max"] | None = None
    tolerance: float | None = None


class Metrics(msgspec.Struct, frozen=True):
    """``at``: what is compared of finished runs, "last" or "best"."""

    primary: str | None = None
    at: At = "last"
    named: Mapping[str, MetricSetting] = msgspec.field(default_factory=dict)


class Columns(msgspec.Struct, frozen=True):
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    kinds: Mapping[str, Literal["numeric", "categorical", "boolean", "datetime", "text"]] = msgspec.field(
        default_factory=dict
    )


class RunFiles(msgspec.Struct, frozen=True):
    """Logs of one's own and what their columns are."""

    files: str = ""
    """A glob."""
    step: str = ""
    """The column of the step."""
    wall: str = ""
    """The column of the clock."""
    metrics: tuple[str, ...] = ()
    """The columns of metrics; ``*`` matches any part."""


class Data(msgspec.Struct, frozen=True):
    name: str = ""
    reference: Place | tuple[Place, ...] = ""
    current: Place | tuple[Place, ...] = ""
    columns: Columns = msgspec.field(default_factory=Columns)
    segments: tuple[str, ...] = ()
    target: str | None = None
    prediction: str | None = None
    score: str | None = None
    key: str | None = None
    group: str | None = None
    importance: Place | None = None
    every: Seconds | None = None
    expect: Mapping[str, object] = msgspec.field(default_factory=dict)
    schema: Place | None = None
    engine: Place | None = None


class Predictions(msgspec.Struct, frozen=True):
    name: str = ""
    files: Place | tuple[Place, ...] = ""
    baseline: Place = ""
    key: str | None = None
    target: str | None = None
    prediction: str | None = None
    score: str | tuple[str, ...] | None = None
    threshold: float | None = None
    positive: str | None = None
    task: PredictionTask | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()
    primary: str | None = None
    cost: Costs | None = None
    labels: Place | tuple[Place, ...] = ()


class Model(msgspec.Struct, frozen=True):
    """Model files that are run on what arrives."""

    name: str = ""
    champion: Place = ""
    challenger: Place = ""
    data: str = ""
    """The ``[[data]]`` they read."""
    features: tuple[str, ...] = ()
    target: str | None = None
    key: str | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()
    task: Literal["binary", "multiclass", "regression"] | None = None
    classes: tuple[str, ...] = ()
    """Names of their class numbers, in order."""
    positive: str | None = None
    score: str | None = None
    """The ONNX output that holds scores."""
    threshold: float | None = None
    primary: str | None = None
    cost: Costs | None = None
    timeout: Seconds = Seconds(300.0)
    labels: Place | tuple[Place, ...] = ()
    """Files of key and target, for truth that comes later."""


class Tasks(msgspec.Struct, frozen=True):
    file: Place | None = None


class CustomRule(msgspec.Struct, frozen=True):
    when: str = ""
    name: str = ""
    severity: Severity = "warning"
    advice: str = ""
    where: str = ""


class Alerts(msgspec.Struct, frozen=True):
    """What is sent where. ``urls``, ``webhook`` and ``key`` may hold ``${ENVIRONMENT}`` names."""

    on: Severity = "critical"
    """The least severity that is sent."""
    urls: tuple[str, ...] = ()
    """Apprise URLs."""
    webhook: str | tuple[str, ...] | None = None
    """http(s) URLs."""
    bell: Literal["bell", "osc", "off"] = "bell"
    format: Literal["auto", "runwatch", "alertmanager", "pagerduty", "ntfy"] = "auto"
    """What the webhooks take."""
    key: str | None = None
    """PagerDuty's routing key, or a bearer token for the others."""
    filter: str = ""
    """Of the runs that are spoken of."""

    @property
    def webhooks(self) -> tuple[str, ...]:
        return listed(self.webhook)


class Ui(msgspec.Struct, frozen=True):
    theme: str | None = None
    keymap: Mapping[str, str] = msgspec.field(default_factory=dict)
    layout: Literal["auto", "panes", "tabs"] = "auto"
    mouse: bool = True


class HostSettings(msgspec.Struct, frozen=True):
    """Another machine."""

    name: str = ""
    ssh: str | tuple[str, ...] | None = None
    """What ssh takes as its destination, or a whole ssh command."""
    roots: tuple[str, ...] = ()
    """Paths there."""
    command: str | tuple[str, ...] | None = None
    """How runwatch is called there (text), or a local command that calls it (a list)."""


DERIVED = frozenset({"folder", "file", "alerts_file", "bounds", "withheld", "problems", "digest"})
"""What of ``Settings`` is known of the configuration, and not written in it."""


class Settings(msgspec.Struct, frozen=True):
    """One root's settings."""

    folder: str = "."
    """What relative paths are relative to."""
    file: str | None = None
    """Where they came from, None when nothing is configured."""
    alerts_file: str | None = None
    """Where ``[alerts]`` came from."""
    id: str | None = None
    watch: Watch = msgspec.field(default_factory=Watch)
    baseline: BaselineSetting = msgspec.field(default_factory=BaselineSetting)
    metrics: Metrics = msgspec.field(default_factory=Metrics)
    runs: tuple[RunFiles, ...] = ()
    data: tuple[Data, ...] = ()
    predictions: tuple[Predictions, ...] = ()
    models: tuple[Model, ...] = ()
    tasks: Tasks = msgspec.field(default_factory=Tasks)
    rules: tuple[CustomRule, ...] = ()
    rule_options: Mapping[str, Mapping[str, object]] = msgspec.field(default_factory=dict)
    """``[rules.NAME]``, checked by the rules."""
    rule_places: Mapping[str, str] = msgspec.field(default_factory=dict)
    """File and line of "rules[0]", "rules.NAME" and "rules.NAME.key"."""
    reader_options: Mapping[str, Mapping[str, object]] = msgspec.field(default_factory=dict)
    """``[readers.NAME]``, checked by the readers."""
    alerts: Alerts = msgspec.field(default_factory=Alerts)
    ui: Ui = msgspec.field(default_factory=Ui)
    hosts: tuple[HostSettings, ...] = ()
    bounds: tuple[str, ...] = ()
    """The folders outside of which nothing that the configuration names is read or written; none: no
    bounds."""
    withheld: tuple[str, ...] = ()
    """What it asks for and is not given before its user trusts it, in words."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with it."""
    digest: str = ""
    """Names the file as it was read; "" for one that its user named."""

    def allows(self, path: str) -> bool:
        """Whether what an absolute path means, links followed, may be read and written."""
        return not self.bounds or any(is_really_below(path, folder) for folder in self.bounds)

    def path(self, name: str) -> str:
        """An absolute path of a path in the configuration; URLs stay as they are."""
        return (
            name if "://" in name else os.path.normpath(os.path.join(self.folder, os.path.expanduser(name)))
        )

    def paths(self, names: str | tuple[str, ...]) -> tuple[str, ...]:
        """``path`` of one name or several."""
        return tuple(map(self.path, listed(names)))
