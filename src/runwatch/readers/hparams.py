"""Hyperparameters, configuration and environment in files beside a run: params, config, args, requirements.

These files never make a run; they tell of the run in their folder (or just above it)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Literal

from runwatch.domain.operations import HParams, Operation
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json, bounded_yaml
from runwatch.readers.common.documents import read_whole

NAME = "hparams"
PRIORITY = 20
LOOKS_FOR = ("*.json", "*.yaml", "*.yml", "*.txt")
SIZE = 4 * limits.MIB

Section = Literal["hparams", "config", "environment"]

_PARAMETERS = re.compile(
    r"(?:params|hparams|hyperparameters|hyper_parameters|hyperparams|args|arguments|opt|hyp|config|cfg|settings|options|"
    r"(?:train|training|model|run|exp|experiment|agent)[-_]?(?:config|args|params|cfg))\.(?:json|ya?ml)"
)
_MODEL = re.compile(r"(?:model[-_]?config|adapter_config)\.(?:json|ya?ml)")
_ENVIRONMENT = re.compile(
    r"(?:conda|environment|env|git|git[-_]?(?:info|meta|metadata|state)|system|system[-_]?info|versions)\.(?:json|ya?ml)"
)
_REQUIREMENTS = re.compile(r"(?:(?:pip[-_])?requirements|pip[-_]?freeze|freeze|packages)\.txt")
_COMMIT = re.compile(r"(?:git[-_])?(?:commit|sha|hash|revision)(?:[-_](?:id|hash|sha))?\.txt|git\.txt")
_PIN = re.compile(r"\s{0,8}([A-Za-z0-9][\w.-]{0,100})(?:\[[^\]]{0,100}\])?\s{0,8}(.{0,200})")


def claim(listing: Listing) -> Iterable[Claim]:
    """All such files of one folder, in one claim without a format."""
    if not listing.files or listing.name == ".hydra":
        return []
    names = [name for name in listing.files if _section(name) is not None]
    if listing.name == "files" and "config.yaml" in names and _is_wandb(listing.parent):
        names.remove("config.yaml")
    if not names:
        return []
    files = tuple(listing.join(name) for name in sorted(names))
    return [Claim(NAME, "", listing.path, files, priority=PRIORITY, role="part")]


def _is_wandb(folder: Listing | None) -> bool:
    """W&B's ``files/config.yaml`` wraps each value, and its own reader knows it."""
    return folder is not None and folder.name.startswith(("run-", "offline-run-"))


def _section(name: str) -> Section | None:
    lower = name.lower()
    if not lower.endswith((".json", ".yaml", ".yml", ".txt")):
        return None
    if _MODEL.fullmatch(lower):
        return "config"
    if _PARAMETERS.fullmatch(lower):
        return "hparams"
    if _ENVIRONMENT.fullmatch(lower) or _REQUIREMENTS.fullmatch(lower) or _COMMIT.fullmatch(lower):
        return "environment"
    return None


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """The file anew when it changed; a torn or broken one changes nothing but adds a problem."""
    name = source.file.rpartition("/")[2].lower()
    return read_whole(claim, source, cursor, partial(_operations, name), SIZE)


def _operations(name: str, data: bytes) -> Iterator[Operation]:
    values = parameters(name, data)
    if values:
        yield HParams(values, _section_of(name, values))


def parameters(name: str, data: bytes) -> Mapping[str, object]:
    """What a parameter file of this (lower-case) name says. ValueError when it cannot be understood."""
    if name.endswith(".txt"):
        return _from_text(name, data.decode("utf-8", "backslashreplace"))
    if not data.strip():
        return {}
    value = bounded_json.parse(data) if name.endswith(".json") else bounded_yaml.parse(data)
    if isinstance(value, dict):
        return value
    stem = name.rpartition(".")[0]
    return {} if value is None else {stem: value}


def _section_of(name: str, values: Mapping[str, object]) -> Section:
    """A Hugging Face ``config.json`` describes the model, not the training."""
    if name == "config.json" and ("model_type" in values or "architectures" in values):
        return "config"
    return _section(name) or "hparams"


def _from_text(name: str, text: str) -> Mapping[str, object]:
    lines = [line.split("#")[0].strip() for line in text.splitlines()[:10_000]]
    if _COMMIT.fullmatch(name):
        first = next((line for line in lines if line), "")
        return {"git": first[:200]} if first else {}
    packages: dict[str, object] = {}
    for line in lines:
        pin = None if line.startswith("-") else _PIN.fullmatch(line)
        if pin is not None:
            packages[pin[1]] = pin[2].removeprefix("==").strip()
    return {"packages": packages} if packages else {}
