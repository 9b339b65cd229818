"""What ``doctor`` checks on this machine. Nothing is changed."""

from __future__ import annotations

import importlib.util
import locale
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from runwatch import config
from runwatch.config.settings import ConfigError, Settings
from runwatch.system import inotify
from runwatch.system.folders import cache_dir, state_dir
from runwatch.system.mounts import mount_of
from runwatch.watch.tree import Tree

State = Literal["good", "note", "weak", "bad"]


class Diagnostic(msgspec.Struct, frozen=True):
    """One check. ``note``: fine, but worth knowing; ``weak``: works, with limits; ``bad``: needs fixing."""

    name: str
    state: State
    found: str
    advice: str = ""


def examine(roots: Sequence[str], config_file: str | None = None, terminal: bool = True) -> list[Diagnostic]:
    """All checks, for these roots; ``terminal``: is there one."""
    return [
        *_configuration(roots, config_file),
        *(_terminal() if terminal else ()),
        *_roots(roots),
        *_kernel(roots),
        *_own_places(),
        *_parts(),
    ]


def _configuration(roots: Sequence[str], config_file: str | None) -> Iterator[Diagnostic]:
    try:
        settings = tuple(config.load(tuple(roots), config_file).values())
    except ConfigError as error:
        yield Diagnostic("configuration", "bad", str(error), "runwatch cannot start with it")
        return
    files = {s.file for s in settings if s.file}
    problems = list(dict.fromkeys(problem for s in settings for problem in s.problems))
    for problem in problems:
        yield Diagnostic("configuration", "weak", f"{problem.file}: {problem.message}", problem.hint)
    if files or not problems:
        listed = ", ".join(sorted(files)) or "none needed; runwatch init writes one"
        yield Diagnostic("configuration", "good", listed)
    yield from _alerts(settings)
    yield from _secrets(settings)


def _alerts(every: Sequence[Settings]) -> Iterator[Diagnostic]:
    """What would keep alerts from being sent, before one is missed."""
    from runwatch.alerts.outbox import senders

    for settings in every:
        to, wrong = senders(settings.alerts)
        for words in wrong:
            yield Diagnostic("alerts", "bad", words, "no alert can be sent there")
        if settings.alerts.urls and importlib.util.find_spec("apprise") is None:
            yield Diagnostic("alerts", "bad", "[alerts] urls need Apprise", "pip install 'runwatch[notify]'")
        if to and not wrong:
            yield Diagnostic("alerts", "good", f"{settings.alerts.on} findings are sent")


def _secrets(every: Sequence[Settings]) -> Iterator[Diagnostic]:
    from runwatch.alerts.secrets import exposed

    for settings in every:
        alerts = settings.alerts
        if settings.alerts_file is None:
            continue
        warning = exposed(
            settings.alerts_file, [*alerts.urls, *alerts.webhooks, *([alerts.key] if alerts.key else [])]
        )
        if warning:
            yield Diagnostic(
                "secrets", "weak", warning, "chmod 600 it, or write ${NAME} and set it in the environment"
            )


def _terminal() -> Iterator[Diagnostic]:
    term, colours = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "")
    if term in ("", "dumb"):
        yield Diagnostic(
            "terminal", "bad", f"TERM={term}", "the dashboard cannot be drawn; use runwatch brief"
        )
    elif term in ("screen", "linux", "xterm"):
        yield Diagnostic(
            "terminal", "weak", f"TERM={term}: 16 colours", "in tmux: set -g default-terminal tmux-256color"
        )
    else:
        yield Diagnostic("terminal", "good", f"TERM={term}")
    if colours in ("truecolor", "24bit"):
        yield Diagnostic("colours", "good", "24 bit")
    else:
        advice = "in tmux: set -as terminal-features ',*:RGB'; else export COLORTERM=truecolor"
        yield Diagnostic("colours", "note", "256 or fewer; themes are drawn with the nearest ones", advice)
    if os.environ.get("TMUX"):
        yield Diagnostic("tmux", "note", "status line: set -g status-right '#(runwatch status --tmux)'")
    encoding = (locale.getpreferredencoding(False) or "").upper().replace("-", "")
    if encoding != "UTF8":
        yield Diagnostic(
            "locale", "weak", encoding or "unknown", "export LC_ALL=C.UTF-8, or signs may be wrong"
        )
    else:
        yield Diagnostic("locale", "good", "UTF-8")


def _roots(roots: Sequence[str]) -> Iterator[Diagnostic]:
    for root in roots:
        if not os.access(root, os.R_OK | os.X_OK):
            yield Diagnostic("root", "bad", f"{root}: cannot be listed", "check its permissions")
            continue
        mount = mount_of(root)
        if mount.remote:
            yield Diagnostic(
                "root", "weak", f"{root}: {mount.kind}: polling", "events don't report other hosts' writes"
            )
        else:
            yield Diagnostic("root", "good", f"{root}: {mount.kind or 'watched by events'}")


def _kernel(roots: Sequence[str]) -> Iterator[Diagnostic]:
    watches, instances = inotify.limit("watches"), inotify.limit("instances")
    if watches is None or instances is None:
        yield Diagnostic(
            "inotify", "note", "not available here; other file events and regular scans are used"
        )
        return
    taken, folders = inotify.taken(), sum(map(_folders, roots))
    if why := inotify.refusal():
        state = f"{why.lower()} ({taken.instances:,} of your {instances:,} instances are in use): polling"
        advice = f"sudo sysctl fs.inotify.max_user_instances={max(4 * instances, 512)}, or close an editor"
        yield Diagnostic("inotify", "weak", state, advice)
    elif folders > watches - taken.watches:
        free = max(watches - taken.watches, 0)
        advice = f"sudo sysctl fs.inotify.max_user_watches={max(4 * (folders + taken.watches), 524288)}"
        state = (
            f"{folders:,} folders, but only {free:,} of your {watches:,} watches are free: the rest is polled"
        )
        yield Diagnostic("inotify", "weak", state, advice)
    else:
        yield Diagnostic(
            "inotify",
            "good",
            f"{folders:,} folders; in use: {taken.watches:,} of {watches:,} watches, "
            f"{taken.instances:,} of {instances:,} instances",
        )
    if not os.path.isdir("/proc/self/fd"):
        yield Diagnostic("processes", "note", "no /proc: the process that writes a run cannot be identified")


def _folders(root: str) -> int:
    tree = Tree(root)
    try:
        tree.scan()
    except OSError:
        return 0
    return sum(1 for _ in tree.top.walk())


def _own_places() -> Iterator[Diagnostic]:
    for name, place in (("state", state_dir()), ("cache", cache_dir())):
        if place is None:
            yield Diagnostic(
                name, "weak", "no home directory: kept in memory only", "set HOME or XDG_STATE_HOME"
            )
            continue
        near = place
        while not near.exists() and near != near.parent:
            near = near.parent
        if os.access(near, os.W_OK):
            mount = mount_of(str(near))
            yield Diagnostic(name, "good", f"{place}" + (f" ({mount.kind})" if mount.remote else ""))
        else:
            yield Diagnostic(
                name, "weak", f"{place}: not writable: kept in memory only", "check its permissions"
            )


def _parts() -> Iterator[Diagnostic]:
    from importlib.metadata import PackageNotFoundError, version

    yield Diagnostic("python", "good", sys.version.split()[0])
    for name in ("textual", "numpy", "pandas", "scikit-learn", "pyarrow", "watchdog"):
        try:
            yield Diagnostic(name, "good", version(name))
        except PackageNotFoundError:
            yield Diagnostic(name, "bad", "not installed", f"pip install {name}")
    extras = {
        "pynvml": ("gpu", "GPU metrics"),
        "apprise": ("notify", "alerts by mail, Slack, ntfy …"),
        "fsspec aiohttp s3fs paramiko": ("remote", "data behind URLs: HTTP, S3, SFTP"),
        "distributed": ("dask", "profiles on a Dask cluster"),
        "onnxruntime skops": ("models", "scoring champions and challengers"),
        "PIL": ("images", "images of runs, charts as PNG"),
        "mcp": ("mcp", "serving agents"),
    }
    for modules, (extra, what) in extras.items():
        missing = [module for module in modules.split() if importlib.util.find_spec(module) is None]
        if missing:
            yield Diagnostic(
                f"runwatch[{extra}]",
                "note",
                f"optional, {', '.join(missing)} not installed (needed for {what})",
                f"pip install 'runwatch[{extra}]'",
            )
        else:
            yield Diagnostic(f"runwatch[{extra}]", "good", what)
