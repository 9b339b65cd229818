"""``runwatch.toml`` → ``Settings``: checked, with errors that name the file, the line and the nearest key."""

from __future__ import annotations

import os
import stat
import tomllib

from msgspec.structs import replace

from runwatch.config.checking import Checker
from runwatch.config.settings import (
    Alerts,
    BaselineSetting,
    Columns,
    ConfigError,
    Cost,
    CustomRule,
    Data,
    Host,
    Metrics,
    MetricSetting,
    Model,
    Predictions,
    Settings,
    Tasks,
    Ui,
    Watch,
)

__all__ = [
    "Alerts",
    "BaselineSetting",
    "Columns",
    "ConfigError",
    "Cost",
    "CustomRule",
    "Data",
    "Host",
    "MetricSetting",
    "Metrics",
    "Model",
    "Predictions",
    "Settings",
    "Tasks",
    "Ui",
    "Watch",
    "configured_roots",
    "hosts",
    "load",
    "read",
    "user_settings",
]

from runwatch.system.folders import config_dir

FILE = "runwatch.toml"
MAX_BYTES = 1024 * 1024


def load(roots: tuple[str, ...], config: str | None = None) -> dict[str, Settings]:
    """Settings by root: ``--config``, else ``ROOT/runwatch.toml``, else the current directory's, each over
    the user's defaults. Raises ConfigError."""
    defaults = _user_defaults()
    found: dict[str, Settings] = {}
    for root in roots:
        own = config or _first(os.path.join(root, FILE), os.path.join(os.getcwd(), FILE))
        found[root] = read(own, defaults) if own else replace(defaults, folder=root, file=None)
        if found[root].hosts != defaults.hosts and not config:
            raise ConfigError(
                f"{own}: [[hosts]] counts only in your own configuration; move it to {_user_file()}"
            )
    return found


def configured_roots(config: str | None = None) -> tuple[str, ...]:
    """The roots that the current directory's configuration (or ``--config``) names, absolute; () if none."""
    file = config or _first(os.path.join(os.getcwd(), FILE))
    if file is None:
        return ()
    settings = read(file, Settings())
    return tuple(settings.path(root) for root in settings.watch.roots)


def hosts(config: str | None = None) -> dict[str, Host]:
    """The other machines by name, as the user's own configuration or ``--config`` knows them: a file that is
    found somewhere cannot have anything started. Raises ConfigError."""
    return {host.name: host for host in user_settings(config).hosts}


def user_settings(config: str | None = None) -> Settings:
    """The user's own settings, for roots that have no configuration here. Raises ConfigError."""
    defaults = _user_defaults()
    return read(config, defaults) if config else defaults


def read(file: str, defaults: Settings | None = None) -> Settings:
    """One file over ``defaults``. Raises ConfigError."""
    try:
        text = _contents(file).decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"{file}: can't be read: {error.strerror}; check the path and its permissions"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not UTF-8 (byte {error.start}); save it as UTF-8") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}; correct that line") from None
    checker = Checker(file, text)
    settings = checker.settings(table, defaults or Settings())
    if "alerts" in table:
        settings = replace(settings, alerts_file=file)
    return replace(settings, folder=os.path.dirname(os.path.abspath(file)), file=file)


def _contents(file: str) -> bytes:
    """All of a regular file, which is opened so that it can neither block nor take the terminal."""
    fd = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ConfigError(f"{file}: not a regular file; write the configuration to a file")
        with open(fd, "rb", closefd=False) as opened:
            data = opened.read(MAX_BYTES + 1)
    finally:
        os.close(fd)
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{file}: larger than {MAX_BYTES // 1024} KiB; this is hardly a configuration")
    return data


def _first(*files: str) -> str | None:
    return next((file for file in files if os.path.lexists(file) and not os.path.isdir(file)), None)


def _user_defaults() -> Settings:
    own = _user_file()
    file = _first(own) if own else None
    return read(file) if file else Settings()


def _user_file() -> str | None:
    folder = config_dir()
    return str(folder / FILE) if folder else None
