from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from runwatch.text.console import PLAIN, ConsoleStyle, find_first_error, lines, plain, search


def texts(data: bytes) -> list[str]:
    return [line.text for line in lines(data)]


def test_colours_are_kept_as_spans() -> None:
    (line,) = lines(b"a \x1b[1;31mred\x1b[0m \x1b[38;5;208mx\x1b[48;2;1;2;3my\x1b[39mz\x1b[m.\n")
    assert [(span.text, span.style) for span in line.spans] == [
        ("a ", PLAIN),
        ("red", ConsoleStyle(color="red", bold=True)),
        (" ", PLAIN),
        ("x", ConsoleStyle(color="color(208)")),
        ("y", ConsoleStyle(color="color(208)", background="#010203")),
        ("z", ConsoleStyle(background="#010203")),
        (".", PLAIN),
    ]


def test_colours_end_with_the_line() -> None:
    first, second = lines(b"\x1b[31mred\nplain")
    assert first.spans[0].style.color == "red"
    assert second.spans[0].style == PLAIN


def test_all_other_codes_are_visible() -> None:
    assert texts(b"\x1b]52;c;aGk=\x07x\n") == ["␛]52;c;aGk=␇x"]
    assert texts(b"\x1b[2Jx\x08\x7f\n") == ["␛[2Jx␈␡"]
    assert texts("\x9b31mx\u202ey\n".encode()) == ["\\x9b31mx\\u202ey"]
    assert texts(b"\xff\xfe\n") == ["\\xff\\xfe"]


def test_of_a_link_its_words_stay() -> None:
    for end in (b"\x07", b"\x1b\\"):
        opened, closed = b"\x1b]8;id=1;https://example.org/run" + end, b"\x1b]8;;" + end
        linked = b"see " + opened + b"\x1b[1mrun 7\x1b[0m" + closed + b" now"
        assert lines(linked)[0].text == "see run 7 now"
    assert lines(b"see \x1b]8;;https://exam")[0].text == "see ␛]8;;https://exam"


def test_a_redrawn_line_is_its_last_state() -> None:
    assert texts(b"\r 10%\r 50%\r100%\nnext\r\nopen\r") == ["100%", "next", "open"]


def test_long_lines_end() -> None:
    assert len(lines(b"x" * 1_000_000)[0].text) == 4096
    assert texts(b"\x1b[31m" + b"x" * 50)[0] == "x" * 50
    assert lines(b"\x1b[31m" + b"xy" * 50, width=10)[0].text == "xyxyxyxyx…"


def test_tabs_reach_their_stops_across_colours() -> None:
    assert texts(b"ab\tc\n") == ["ab      c"]
    assert texts(b"\x1b[1mab\x1b[0m\tc\n") == ["ab      c"]


@given(st.binary(max_size=300))
def test_nothing_that_a_terminal_obeys_remains(data: bytes) -> None:
    for line in lines(data):
        for span in line.spans:
            assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in span.text)


@given(st.binary(max_size=300))
def test_plain_text_has_no_colours(data: bytes) -> None:
    assert "\x1b[31m" not in plain(data.replace(b"\n", b"") + b"\x1b[31m")


def test_the_first_error() -> None:
    log = b"ok\nERROR: disk slow\nok\nTraceback (most recent call last):\n  x\nValueError: y\n"
    assert find_first_error(lines(log)) == 3
    assert find_first_error(lines(log[:20])) == 1
    assert find_first_error(lines(b"ok\nno errors found\n")) is None


def test_search_minds_capitals_only_when_asked() -> None:
    log = lines(b"Loss 1\nloss 2\nother\n")
    assert search(log, "loss") == [0, 1]
    assert search(log, "Loss") == [0]
    assert search(log, "") == []
