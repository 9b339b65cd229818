"""How to have runwatch started: a systemd user unit with timers, cron lines, a line for a login script."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable, Mapping

from runwatch.domain.errors import UserError

_UNIT = """\
# ~/.config/systemd/user/runwatch.service
[Unit]
Description=runwatch: watch trainings, data and models
Documentation=https://github.com/runwatch/runwatch/tree/main/docs

[Service]
# the secrets that runwatch.toml names as ${{NAME}}: lines NAME=value, chmod 600; the file may be missing
EnvironmentFile=-%h/.config/runwatch/environment
ExecStart={program} watch --quiet {root}
Restart=on-failure
RestartSec=30
Nice=10

[Install]
WantedBy=default.target

# ~/.config/systemd/user/runwatch-check.service
[Unit]
Description=runwatch: what cannot wait until morning

[Service]
Type=oneshot
EnvironmentFile=-%h/.config/runwatch/environment
# --send: through the channels of [alerts]; the exit code then only says what was found
ExecStart={program} check --tonight --fail-on critical --send {root}
SuccessExitStatus=1 2

# ~/.config/systemd/user/runwatch-check.timer
[Unit]
Description=runwatch: the last check of the day

[Timer]
OnCalendar=*-*-* 21:55
Persistent=true

[Install]
WantedBy=timers.target

# then:
#   systemctl --user daemon-reload
#   systemctl --user enable --now runwatch.service runwatch-check.timer
#   runwatch alerts test            # does it reach you?
#   loginctl enable-linger          # a user's units end at the last logout; lingering keeps them running, and
#                                   # starts them at boot. Undo: loginctl disable-linger"""

_CRON = """\
# crontab -e
# cron knows neither your PATH nor your secrets: those that runwatch.toml names as ${{NAME}} go into this
# file as lines NAME=value (chmod 600). What a line prints is mailed to MAILTO.
SHELL=/bin/sh
ENVIRONMENT=.config/runwatch/environment
@reboot {secrets} {program} watch --quiet {root}
45 8 * * 1-5 {program} brief {root}
0 9 * * 1 {program} brief --since 7d --format markdown {root}
55 21 * * * {secrets} {program} check --tonight --fail-on critical --send {root} >/dev/null"""
_SECRETS = 'set -a; cd; [ -r "$ENVIRONMENT" ] && . "./$ENVIRONMENT";'

_LOGIN = """\
# ~/.profile, ~/.zprofile
command -v runwatch >/dev/null && runwatch brief {root}"""


def systemd(root: str) -> str:
    """Units that watch ``root`` and check it at 21:55. Raises ``UserError`` for a path that no unit holds."""
    return _UNIT.format(program=" ".join(map(_for_systemd, _program())), root=_for_systemd(_whole(root)))


def cron(root: str) -> str:
    """Lines for crontab: the watch, the brief at 8:45, a review on Mondays, the check at 21:55. Raises
    ``UserError``."""
    program, quoted = shlex.join(_program()), shlex.quote(_whole(root))
    return _CRON.format(
        program=program.replace("%", "\\%"), root=quoted.replace("%", "\\%"), secrets=_SECRETS
    )


def login(root: str) -> str:
    """A line for a login script. Raises ``UserError``."""
    return _LOGIN.format(root=shlex.quote(_whole(root)))


SERVICES: Mapping[str, Callable[[str], str]] = {"systemd": systemd, "cron": cron, "login": login}


def _program() -> list[str]:
    program = shutil.which("runwatch")
    return [program] if program else [sys.executable, "-m", "runwatch"]


def _whole(root: str) -> str:
    """A path that fits on one line of UTF-8."""
    if any(ord(char) < 0x20 or 0xD800 <= ord(char) <= 0xDFFF for char in root):
        raise UserError(
            f"{root}: has characters that a service file cannot contain; rename it, or watch a link to it"
        )
    return root


def _for_systemd(word: str) -> str:
    """A word as systemd.service(5) quotes it: C escapes in double quotes, % and $ doubled."""
    doubled = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    plain = doubled == word and all(char.isalnum() or char in "/._-+:@" for char in word)
    return word if plain else f'"{doubled}"'
