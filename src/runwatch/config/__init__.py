"""``runwatch.toml`` → ``Settings``: checked, with errors that name the file, the line and the nearest key."""

from __future__ import annotations

import os
import re
import shlex
import tomllib

from msgspec.structs import replace

from runwatch.config.bounds import bounded
from runwatch.config.checking import Checker
from runwatch.config.settings import ConfigError, HostSettings, Settings
from runwatch.config.trust import digest, is_trusted
from runwatch.domain.address import split
from runwatch.domain.run import Problem
from runwatch.system.files import read_regular, read_with_stat
from runwatch.system.folders import config_dir
from runwatch.text.safe import safe

FILE = "runwatch.toml"
MAX_BYTES = 1024 * 1024
_MOST_PARTS = 64  # the parser's time grows with their square
_DEEP_KEY = re.compile(
    rf"""(?:(?>[\w-]++|"[^"\n]{{0,200}}+"|'[^'\n]{{0,200}}+')[ \t]*+\.[ \t]*+){{{_MOST_PARTS}}}"""
)


def load(roots: tuple[str, ...], config: str | None = None) -> dict[str, Settings]:
    """Settings by root: ``--config``, else ``ROOT/runwatch.toml``, else the current directory's, each over
    the user's defaults. One that was found, and not named by the user, has its say within its own folder
    until it is trusted; one that is no readable file is a problem, and the rest holds. Raises ConfigError."""
    defaults = _user_defaults()
    return {root: read(config, defaults) if config else _settings_of(root, defaults) for root in roots}


def configured_roots(config: str | None = None) -> tuple[str, ...]:
    """The roots that the current directory's configuration (or ``--config``) names, absolute; () if none."""
    settings = read(config, Settings()) if config else _settings_of(os.getcwd(), Settings())
    return tuple(settings.path(root) for root in settings.watch.roots)


def hosts(config: str | None = None) -> dict[str, HostSettings]:
    """The other machines by name, as the user's own configuration or ``--config`` knows them: a file that is
    found somewhere cannot have anything started. Raises ConfigError."""
    settings: dict[str, HostSettings] = {}
    for host in user_settings(config).hosts:
        if split(f"{host.name}:") is None or host.name in settings:
            why = "is used twice" if host.name in settings else "cannot be written as HOST:PATH"
            raise ConfigError(f"[[hosts]]: name {host.name!r} {why}; give each machine its own name")
        if host.command in ("", ()) or host.ssh in ("", ()):
            raise ConfigError(f"[[hosts]]: {host.name}: an empty command or ssh; leave it out, or fill it in")
        settings[host.name] = host
    return settings


def user_settings(config: str | None = None) -> Settings:
    """The user's own settings, for roots that have no configuration here. Raises ConfigError."""
    defaults = _user_defaults()
    return read(config, defaults) if config else defaults


def read(file: str, defaults: Settings | None = None) -> Settings:
    """One file over ``defaults``, all of it. Raises ConfigError."""
    try:
        return _parsed(file, read_regular(file, MAX_BYTES), defaults or Settings())
    except OSError as error:
        hint = "check the path and its permissions"
        raise ConfigError(f"{file}: cannot be read: {_why(error)}; {hint}") from None


def _settings_of(root: str, defaults: Settings) -> Settings:
    file = _first(os.path.join(root, FILE), os.path.join(os.getcwd(), FILE))
    plain = replace(defaults, folder=root, file=None)
    if file is None:
        return plain
    try:
        data = read_regular(file, MAX_BYTES)
    except OSError as error:
        problem = Problem(file, None, f"configuration not used: {_why(error)}", "write it to a regular file")
        return replace(plain, problems=(problem,))
    settings = replace(_parsed(file, data, defaults), digest=digest(file, data))
    if settings.hosts is not defaults.hosts:
        message, hint = "[[hosts]] counts only in your own configuration", f"move it to {_user_file()}"
        problem = Problem(file, None, message, hint)
        settings = replace(settings, hosts=defaults.hosts, problems=(problem,))
    if is_trusted(settings.digest):
        return settings
    settings = bounded(settings, defaults, root)
    if not settings.withheld:
        return settings
    message = f"it may not {', or '.join(settings.withheld)} before you trust it"
    problem = Problem(file, None, message, f"read it, then: runwatch trust {shlex.quote(safe(root))}")
    return replace(settings, problems=(*settings.problems, problem))


def _parsed(file: str, data: bytes, defaults: Settings) -> Settings:
    try:
        text = data.decode("utf-8-sig")
        if _DEEP_KEY.search(text):
            raise ConfigError(f"{file}: a key with more than {_MOST_PARTS} dots; use fewer levels")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}; correct that line") from None
    except RecursionError:
        raise ConfigError(f"{file}: nested too deeply; use fewer levels") from None
    settings = Checker(file, text).settings(table, defaults)
    if "alerts" in table:
        settings = replace(settings, alerts_file=file)
    return replace(settings, folder=os.path.dirname(os.path.abspath(file)), file=file)


def _why(error: OSError) -> str:
    return error.strerror or str(error)


def _first(*files: str) -> str | None:
    return next((file for file in files if os.path.lexists(file)), None)


def _user_defaults() -> Settings:
    """The user's own file. One that belongs to somebody else is not used."""
    own = _user_file()
    file = _first(own) if own else None
    if file is None:
        return Settings()
    try:
        data, info = read_with_stat(file, MAX_BYTES)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {_why(error)}; check it") from None
    if info.st_uid not in (os.geteuid(), 0):
        raise ConfigError(f"{file}: belongs to another user; make it yours (chown), or remove it")
    return _parsed(file, data, Settings())


def _user_file() -> str | None:
    folder = config_dir()
    return str(folder / FILE) if folder else None
