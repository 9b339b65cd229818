#!/usr/bin/env bash
# The terminal that a Textual app leaves after it was stopped and continued by signals (kill -STOP, kill -CONT; a
# debugger, a job manager, the freezer of a container do the same).
# Guessed: the driver remembers the terminal's mode from before its start and gives that back on the way out.
# True: SIGCONT starts the application mode anew and remembers what holds then, which is the app's own raw mode, for
#   nothing told it of SIGSTOP. On the way out that is given back: no echo, no lines.
# textual 8.2.8, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install "textual==8.2.8" 2>/dev/null
cat > app.py <<'P'
from textual.app import App
from textual.widgets import Label

class Board(App):
    def compose(self):
        yield Label("a label")

Board().run()
P
cat > watch.py <<'P'
import os, pty, select, signal, termios, time, importlib.metadata as meta

def left(stopped):
    """Whether the terminal echoes and takes lines after the app has left."""
    master, slave = pty.openpty()
    pid = os.fork()
    if pid == 0:
        os.setsid(); [os.dup2(slave, n) for n in range(3)]; __import__("fcntl").ioctl(0, termios.TIOCSCTTY, 0)
        os.environ["TERM"] = "xterm-256color"
        os.execvp("v/bin/python", ["v/bin/python", "app.py"])
    read(master, b"a label")
    if stopped:
        time.sleep(1)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.5)
        os.kill(pid, signal.SIGCONT)
        time.sleep(2)
    os.write(master, b"\x11")  # ctrl+q
    while not os.waitpid(pid, os.WNOHANG)[0]:
        read(master, None)
    flags = termios.tcgetattr(slave)[3]
    return bool(flags & termios.ECHO), bool(flags & termios.ICANON)

def read(fd, until):
    seen = b""
    while select.select([fd], [], [], 20 if until else 0.2)[0]:
        seen += os.read(fd, 1 << 16)
        if until and until in seen:
            return

plain, after = left(False), left(True)
print(f"textual {meta.version('textual')}: (echo, lines) {plain} as it leaves, {after} after STOP and CONT")
assert plain == (True, True) and after == (False, False), "textual has changed"
P
v/bin/python watch.py
