"""How another machine is reached: the user's own ssh, or a command of the user's own configuration."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import msgspec

from runwatch.config.settings import HostSettings

KEEPALIVE_S = 3
SSH_OPTIONS = (
    "-T",
    *("-o", "BatchMode=yes"),
    *("-o", "ConnectTimeout=10"),
    *("-o", f"ServerAliveInterval={KEEPALIVE_S}"),
    *("-o", "ServerAliveCountMax=2"),
    *("-o", "LogLevel=ERROR"),
)
MIRROR_MARKER = b"\0runwatch: mirror\0\n"
SERVE = ("serve", "--stdio")

_BOOT = (
    'import sys; o = sys.stdout.buffer; o.write(b"\\0runwatch: mirror\\0\\n"); o.flush();'
    " i = sys.stdin.buffer; exec(i.read(int(i.readline())))"
)
_START = f"""\
PATH="$PATH:$HOME/.local/bin:$HOME/bin"
if command -v runwatch >/dev/null 2>&1; then exec runwatch serve --stdio; fi
case "$RUNWATCH_START:$SHELL" in
  2:*|*csh) ;;
  *) RUNWATCH_START=2; export RUNWATCH_START
     exec "${{SHELL:-/bin/sh}}" -lc 'exec sh -c "eval \\"\\$RUNWATCH_HOW\\""' ;;
esac
if command -v python3 >/dev/null 2>&1; then exec python3 -u -c '{_BOOT}'; fi
echo "runwatch not found" >&2
exit 127
"""


class Target(msgspec.Struct, frozen=True):
    """A machine: its ``name`` on the board, the command that reaches it, its roots' paths there."""

    name: str
    argv: tuple[str, ...]
    roots: tuple[str, ...]
    by_ssh: bool = True

    @property
    def unshared(self) -> tuple[str, ...]:
        """The command with a connection of its own: one that ssh shares may be dead and not know it."""
        if not self.by_ssh:
            return self.argv
        return (self.argv[0], "-o", "ControlPath=none", *self.argv[1:])

    def silent(self, seconds: float) -> str:
        """What to say when nothing came in so many seconds."""
        words = " ".join(self.argv).split()
        held = "srun" in {word.rpartition("/")[2] for word in words} and not {"-u", "--unbuffered"} & {*words}
        advice = "; srun holds back incomplete lines: add --unbuffered to its command" if held else ""
        return f"{self.name}: no answer in {seconds:.0f} s{advice}"


def target(name: str, roots: tuple[str, ...], known: Mapping[str, HostSettings]) -> Target:
    """The machine called ``name``: as configured, else what ssh makes of the name."""
    host = known.get(name, HostSettings(name))
    if isinstance(host.command, tuple):
        return Target(name, (*host.command, *SERVE), roots, by_ssh=False)
    if host.command is None:
        command = (
            f"exec env RUNWATCH_START=1 RUNWATCH_HOW={shlex.quote(_START)} sh -c 'eval \"$RUNWATCH_HOW\"'"
        )
    else:
        command = f"{host.command} {shlex.join(SERVE)}"
    if isinstance(host.ssh, tuple):
        return Target(name, (*host.ssh, *SSH_OPTIONS, command), roots)
    return Target(name, ("ssh", *SSH_OPTIONS, "--", host.ssh or _bare(name), command), roots)


def _bare(name: str) -> str:
    """ssh takes an IPv6 address without the brackets that scp wants."""
    user, at, host = name.rpartition("@")
    return user + at + host.removeprefix("[").removesuffix("]")


def explained(name: str, code: int | None, message: str, by_ssh: bool = True) -> str:
    """Why a link ended, and what helps: from the command's exit code and its last words."""
    last = next((line.strip() for line in reversed(message.splitlines()) if line.strip()), "")
    lower = message.lower()
    if "host key verification failed" in lower or "identification has changed" in lower:
        return (
            f"{name}: its host key is not known here, or has changed; run `ssh {name}` once and look at"
            " what it says"
        )
    if "permission denied" in lower:
        return f"{name}: {last}; load your key (ssh-add), then try `ssh {name} true`"
    if code == 127 or "not found" in lower or "no such file" in lower:
        return (
            f'{name}: runwatch not found ({last or "exit code 127"}); install it there, or set command = "…"'
            f" for this host, see docs/hosts.md"
        )
    if "invalid choice: 'serve'" in lower or "serve: no such directory" in lower:
        return f"{name}: runwatch there is too old to talk to this one; update it"
    if code is not None and code < 0:
        return f"{name}: its command was killed (signal {-code})"
    if by_ssh and code == 255:
        return f"{name}: {last or 'the connection was lost, or what runs there was killed'}"
    return f"{name}: {last or 'the other side ended'} (exit code {code})"
