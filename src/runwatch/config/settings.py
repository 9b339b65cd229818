"""The settings of one root, as ``runwatch.toml`` names them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runwatch.domain.errors import UserError


class ConfigError(UserError):
    """A configuration that can't be used; the text is the whole message, for people."""


@dataclass(frozen=True, slots=True)
class Watch:
    """``stalled_after``, ``reconcile`` in seconds (given as 900 or "15m")."""

    roots: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    mode: str = "auto"
    stalled_after: float | None = None
    follow: bool = False
    reconcile: float = 30.0


@dataclass(frozen=True, slots=True)
class BaselineSetting:
    run: str | None = None
    metrics: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class MetricSetting:
    direction: str | None = None
    tolerance: float | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """``at``: what is compared of finished runs, "last" or "best"."""

    primary: str | None = None
    at: str = "last"
    named: Mapping[str, MetricSetting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Columns:
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Data:
    name: str = ""
    reference: str | tuple[str, ...] = ""
    current: str | tuple[str, ...] = ""
    columns: Columns = field(default_factory=Columns)
    segments: tuple[str, ...] = ()
    target: str | None = None
    prediction: str | None = None
    score: str | None = None
    key: str | None = None
    importance: str | None = None
    every: float | None = None
    expect: Mapping[str, Any] = field(default_factory=dict)
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    tp: float = 0.0
    fp: float = 0.0
    fn: float = 0.0
    tn: float = 0.0


@dataclass(frozen=True, slots=True)
class Predictions:
    name: str = ""
    files: str | tuple[str, ...] = ""
    baseline: str = ""
    key: str | None = None
    target: str | None = None
    prediction: str | None = None
    score: str | tuple[str, ...] | None = None
    threshold: float | None = None
    positive: str | None = None
    task: str | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()
    primary: str | None = None
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """Model files that are run on what arrives. ``data``: the ``[[data]]`` they read; ``classes``: names of
    their class numbers, in order; ``score``: the ONNX output that holds scores; ``timeout``: seconds."""

    name: str = ""
    champion: str = ""
    challenger: str = ""
    data: str = ""
    features: tuple[str, ...] = ()
    target: str | None = None
    key: str | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()
    task: str | None = None
    classes: tuple[str, ...] = ()
    positive: str | None = None
    score: str | None = None
    threshold: float | None = None
    primary: str | None = None
    cost: Cost | None = None
    timeout: float = 300.0


@dataclass(frozen=True, slots=True)
class Tasks:
    file: str | None = None


@dataclass(frozen=True, slots=True)
class CustomRule:
    when: str = ""
    name: str = ""
    severity: str = "warning"
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Alerts:
    """``on``: the least severity that is sent. ``urls``: Apprise URLs; ``webhook``: http(s) URLs; ``format``:
    what these take; ``key``: PagerDuty's routing key, or a bearer token for the others; all may hold
    ``${ENVIRONMENT}`` names. ``bell``: "bell", "osc" or "off"."""

    on: str = "critical"
    urls: tuple[str, ...] = ()
    webhook: str | tuple[str, ...] | None = None
    bell: str = "bell"
    format: str = "auto"
    key: str | None = None

    @property
    def webhooks(self) -> tuple[str, ...]:
        return (self.webhook,) if isinstance(self.webhook, str) else self.webhook or ()


@dataclass(frozen=True, slots=True)
class Ui:
    theme: str | None = None
    keymap: Mapping[str, str] = field(default_factory=dict)
    layout: str = "auto"
    mouse: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """One root's settings. ``folder``: what relative paths are relative to; ``file``: where they came from,
    None when nothing is configured; ``alerts_file``: where ``[alerts]`` came from. ``rule_options``,
    ``reader_options``: ``[rules.NAME]``, ``[readers.NAME]``, checked by their owners. ``rule_places``: file
    and line of "rules[0]", "rules.NAME" and "rules.NAME.key"."""

    folder: str = "."
    file: str | None = None
    alerts_file: str | None = None
    id: str | None = None
    watch: Watch = field(default_factory=Watch)
    baseline: BaselineSetting = field(default_factory=BaselineSetting)
    metrics: Metrics = field(default_factory=Metrics)
    data: tuple[Data, ...] = ()
    predictions: tuple[Predictions, ...] = ()
    models: tuple[Model, ...] = ()
    tasks: Tasks = field(default_factory=Tasks)
    rules: tuple[CustomRule, ...] = ()
    rule_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rule_places: Mapping[str, str] = field(default_factory=dict)
    reader_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    alerts: Alerts = field(default_factory=Alerts)
    ui: Ui = field(default_factory=Ui)

    def path(self, name: str) -> str:
        """An absolute path of a path in the configuration; URLs stay as they are."""
        return (
            name if "://" in name else os.path.normpath(os.path.join(self.folder, os.path.expanduser(name)))
        )
