#!/usr/bin/env bash
# What Textual sends to the terminal for one changed label, on a plain screen and on one behind a modal dialog.
# Guessed: a screen behind a dialog is painted as before: what changed, and no more.
# True: the dirty regions of a screen that is not the topmost are handed on and never cleared. From the first change
#   behind the dialog on, each later one paints all that ever changed there again, and a change of the whole screen
#   (opening the dialog is one) makes each a repaint of everything.
# textual 8.2.8, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install "textual==8.2.8" 2>/dev/null
cat > app.py <<'P'
from textual.app import App
from textual.screen import ModalScreen
from textual.widgets import Label

class Dialog(ModalScreen):
    def compose(self):
        yield Label("a question")

class Board(App):
    count = 0
    def compose(self):
        for row in range(20):
            yield Label(f"row {row:02d} " + "x" * 60, id=f"row{row}")
    def on_mount(self):
        self.set_interval(0.2, self.change)
        self.set_timer(4.0, lambda: self.push_screen(Dialog()))
        self.set_timer(9.0, self.exit)
    def change(self):
        self.count += 1
        self.screen_stack[0].query_one("#row3", Label).update(f"row 03 {self.count:06d}")

Board().run()
P
cat > watch.py <<'P'
import fcntl, os, pty, struct, termios, time, importlib.metadata as meta
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
    os.execvp("v/bin/python", ["v/bin/python", "app.py"])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
seen, began = [], None
while True:
    try:
        data = os.read(fd, 1 << 16)
    except OSError:
        break
    if not data:
        break
    began = began or time.monotonic()
    seen.append((time.monotonic(), len(data), b"a question" in data))
os.waitpid(pid, 0)
opened = next(at for at, _, question in seen if question)
before = [size for at, size, _ in seen if opened - 2 < at < opened - 0.1]
behind = [size for at, size, _ in seen if opened + 1 < at < opened + 3]
a, b = sum(before) / 2, sum(behind) / 2
print(f"textual {meta.version('textual')}: {a:.0f} bytes a second without a dialog, {b:.0f} behind one")
assert before and b > 5 * a, "textual has changed"
P
v/bin/python watch.py
