#!/usr/bin/env bash
# How much Textual sends for a refresh of three cells of a widget, by where in the widget they are.
# Guessed: Widget.refresh(Region) of three cells sends about as much wherever they are.
# True: what is sent begins at the widget's left edge, for the line is cut at the borders of widgets and not at those
#   of the region: three cells at the right end of a wide widget cost the whole line.
# textual 8.2.8, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install "textual==8.2.8" 2>/dev/null
cat > app.py <<'P'
import sys
from rich.segment import Segment
from textual.app import App
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

class Line(Widget):
    count = 0
    def render_line(self, y):
        cells = [f"{i % 10}" for i in range(self.size.width)]
        at = int(sys.argv[1])
        cells[at : at + 3] = f"{self.count % 1000:03d}"
        return Strip([Segment("".join(cells))])
    def change(self):
        self.count += 1
        self.refresh(Region(int(sys.argv[1]), 0, 3, 1))

class Board(App):
    def compose(self):
        yield Line()
    def on_mount(self):
        self.set_interval(0.2, self.query_one(Line).change)
        self.set_timer(4.0, self.exit)

Board().run()
P
cat > watch.py <<'P'
import fcntl, os, pty, struct, sys, termios, time, importlib.metadata as meta

def sent(at):
    """Bytes an update, the cells being at column ``at``."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execvp("v/bin/python", ["v/bin/python", "app.py", str(at)])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 5, 100, 0, 0))
    seen = []
    while True:
        try:
            data = os.read(fd, 1 << 16)
        except OSError:
            break
        if not data:
            break
        seen.append((time.monotonic(), len(data)))
    os.waitpid(pid, 0)
    last = seen[-1][0]
    sizes = sorted(size for at, size in seen if last - 3 < at < last - 0.5)
    return sizes[len(sizes) // 2]

left, right = sent(0), sent(90)
print(f"textual {meta.version('textual')}: {left} bytes an update at column 0, {right} at column 90")
assert right > left + 60, "textual has changed"
P
v/bin/python watch.py
