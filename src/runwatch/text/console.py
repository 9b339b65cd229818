"""Raw log bytes as lines for display: colours become styles, every other control code becomes visible.

``lines`` is pure. ``crash_words`` and ``TRACEBACK`` say which lines tell of a death; the console reader and
"jump to the first error" share them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from runwatch.text.safe import safe

WIDTH = 4096
TRACEBACK = "Traceback (most recent call last)"

_SGR = re.compile(r"\x1b\[([0-9;:]{0,64})m")
_ANSI = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)?"
    r"|[PX^_][^\x1b]{0,4096}(?:\x1b\\)?"
    r"|[ -/]{0,4}[0-~])"
)
_LINK = re.compile(r"\x1b\]8;[^\x07\x1b]{0,4096}(?:\x07|\x1b\\)")
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_FATAL = re.compile(
    r"segmentation fault|bus error\b"
    r"|core dumped|fatal python error|illegal instruction|terminate called after"
    r"|cuda out of memory|cuda error:|due to time limit|cancelled at|oom[-_ ]kill|out of memory: kill|"
    r"exceeded (?:job )?memory limit|nccl.{0,200}tim(?:eout|ed out)|caught collective operation timeout|"
    r"killed process \d|\bexit(?:ed with)?(?: exit)?[ _]?(?:code|status)\s{0,4}[:=]?\s{0,4}(?:-\d|[1-9])|"
    r"invalid loss, terminating training|^monitored metric .{1,200} is not finite\.|"
    r"(?:line \d+:|^\[\d+\])\s{0,8}[-+]?\s{0,8}(?:\d+\s{1,8})?killed\s|^\s{0,8}killed\s{0,8}$|\bsigkill\b",
    re.IGNORECASE,
)
_FATAL_HINTS = ("fault", "error", "dump", "illegal", "terminat", "memory", "limit", "cancelled", "kill",
                "nccl", "collective", "exit", "not finite")  # fmt: skip
_ERROR = re.compile(
    r"\b(?:ERROR|CRITICAL|FATAL)\b|\b[A-Z]\w{0,80}(?:Error|Exception)\b(?::|$)|^(?:error|fatal):",
    re.MULTILINE,
)


class ConsoleStyle(NamedTuple):
    """How a span looks. Colours: a name (``red``, ``bright_red``), ``color(208)``, ``#rrggbb`` or None."""

    color: str | None = None
    background: str | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


PLAIN = ConsoleStyle()


class ConsoleSpan(NamedTuple):
    """A stretch of safe text in one style."""

    text: str
    style: ConsoleStyle


class ConsoleLine(msgspec.Struct, frozen=True):
    """One line of a log, safe to show."""

    spans: tuple[ConsoleSpan, ...]

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


def lines(data: bytes, width: int = WIDTH) -> list[ConsoleLine]:
    """The lines of a log for display, at most ``width`` characters each (then ``…``).

    A line that a progress bar redrew with carriage returns is what it showed last. Bytes that are no UTF-8
    show as ``\\xff``. Colours (SGR) become styles, and end with the line as in ``less -R``; of links (OSC 8)
    their words stay; all other control codes become visible."""
    rows = data.split(b"\n")
    if rows and rows[-1] == b"":
        rows.pop()
    return [_line(_last_state(row), width) for row in rows]


def plain(row: bytes, width: int = WIDTH) -> str:
    """One line of a log as bare text: no colours and no control sequences at all; for matching, and not
    for display."""
    text = _last_state(row)[: width * 4].decode("utf-8", "backslashreplace")
    return (_ANSI.sub("", text) if "\x1b" in text else text)[:width]


def crash_words(text: str) -> str | None:
    """The words of a (bare) line that tell of a crash by themselves (``Killed``, ``DUE TO TIME LIMIT``…),
    or None. A traceback's own lines are not meant: see ``TRACEBACK``."""
    lower = text.lower()
    if not any(hint in lower for hint in _FATAL_HINTS) or _FATAL.search(text) is None:
        return None
    if "torch/distributed/elastic/" in lower and "local_rank" in lower:
        return None  # torchrun may start the workers anew; if it gives up, its own traceback follows
    return text.strip()[:300]


def is_error(line: ConsoleLine) -> bool:
    """Whether a line tells of an error."""
    text = line.text
    return TRACEBACK in text or crash_words(text) is not None or _ERROR.search(text) is not None


def find_first_error(shown: Sequence[ConsoleLine]) -> int | None:
    """The index of the first traceback or crash line; with none, of the first line that says ERROR (or
    names an exception); None if there is neither."""
    first_mention = None
    for index, line in enumerate(shown):
        text = line.text
        if TRACEBACK in text or crash_words(text) is not None:
            return index
        if first_mention is None and _ERROR.search(text) is not None:
            first_mention = index
    return first_mention


def search(shown: Sequence[ConsoleLine], words: str) -> list[int]:
    """The indexes of the lines that hold ``words``; capitals count only if ``words`` has some."""
    if not words:
        return []
    if words != words.lower():
        return [index for index, line in enumerate(shown) if words in line.text]
    return [index for index, line in enumerate(shown) if words in line.text.lower()]


def _last_state(row: bytes) -> bytes:
    row = row.rstrip(b"\r")
    return row[row.rfind(b"\r") + 1 :]


def _line(row: bytes, width: int) -> ConsoleLine:
    text = row[: width * 8].decode("utf-8", "backslashreplace")
    if "\x1b" not in text:
        return ConsoleLine((ConsoleSpan(safe(text.expandtabs(8), width), PLAIN),))
    text = _LINK.sub("", text)
    spans: list[ConsoleSpan] = []
    style, column = PLAIN, 0
    for index, part in enumerate(_SGR.split(text)):
        if index % 2:
            style = _styled(style, part)
            continue
        if not part or column >= width:
            continue
        shown = safe(_expand(part, column), width - column)
        column += len(shown)
        spans.append(ConsoleSpan(shown, style))
    return ConsoleLine(tuple(spans))


def _expand(part: str, column: int) -> str:
    if "\t" not in part:
        return part
    start = column % 8
    return (" " * start + part).expandtabs(8)[start:]


@lru_cache(maxsize=1024)
def _styled(style: ConsoleStyle, codes: str) -> ConsoleStyle:
    """``style`` after the parameters of one SGR sequence; what is unknown is passed over."""
    values = [int(part) if part else 0 for part in re.split("[;:]", codes[:64])] if codes else [0]
    index = 0
    while index < len(values):
        code = values[index]
        if code in (38, 48):
            color, used = _extended(values[index + 1 :])
            style = style._replace(color=color) if code == 38 else style._replace(background=color)
            index += used
        else:
            style = _simple(style, code)
        index += 1
    return style


_FLAGS: dict[int, tuple[str, bool]] = {
    1: ("bold", True), 2: ("dim", True), 3: ("italic", True), 4: ("underline", True), 7: ("reverse", True),
    9: ("strike", True), 23: ("italic", False), 24: ("underline", False), 27: ("reverse", False),
    29: ("strike", False),
}  # fmt: skip


def _simple(style: ConsoleStyle, code: int) -> ConsoleStyle:
    if code == 0:
        return PLAIN
    if code == 22:
        return style._replace(bold=False, dim=False)
    if code in _FLAGS:
        name, on = _FLAGS[code]
        return ConsoleStyle(**{**style._asdict(), name: on})
    for base, prefix in ((30, ""), (90, "bright_")):
        if base <= code < base + 8:
            return style._replace(color=prefix + _NAMES[code - base])
        if base + 10 <= code < base + 18:
            return style._replace(background=prefix + _NAMES[code - base - 10])
    if code == 39:
        return style._replace(color=None)
    return style._replace(background=None) if code == 49 else style


def _extended(rest: list[int]) -> tuple[str | None, int]:
    """The colour after 38 or 48, and how many parameters it took."""
    if rest[:1] == [5] and len(rest) >= 2:
        return (f"color({rest[1]})" if rest[1] < 256 else None), 2
    if rest[:1] == [2] and len(rest) >= 4:
        red, green, blue = rest[1:4]
        return (f"#{red:02x}{green:02x}{blue:02x}" if max(red, green, blue) < 256 else None), 4
    return None, len(rest)
