from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import runwatch
from runwatch.text.ascii import to_ascii, wants_ascii


@pytest.mark.parametrize(
    "text, plain",
    [
        ("╭─ ✗ crashed ▲ +0.1 …", "+- x crashed ^ +0.1.."),
        ("━━╸─", "==--"),
        ("é 日", "e ??"),
        ("a long na…", "a long na~"),
        ("by …ctions", "by ~ctions"),
        ("0.10 ± 0.02", "0.10 +-0.02"),
        ("within ±0.02 …", "within+-0.02.."),
        ("≈ +0.0001", "= +0.0001"),
        ("⣿⠉⣀", ":'."),
        ("● ◆ □", "# @ o"),
    ],
)
def test_signs_have_a_plain_twin(text: str, plain: str) -> None:
    assert to_ascii(text) == plain


@given(st.text(max_size=40).filter(str.isprintable))
def test_it_is_ascii_and_as_wide(text: str) -> None:
    assert to_ascii(text).isascii() and cell_len(to_ascii(text)) == cell_len(text)


@pytest.mark.parametrize(
    "environ, wanted",
    [
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LC_ALL": "C.utf8"}, False),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LANG": ""}, False),
        ({"TERM": "linux", "LANG": "en_US.UTF-8"}, True),
    ],
)
def test_the_locale_says_whether(environ: dict[str, str], wanted: bool) -> None:
    assert wants_ascii(environ) is wanted


def test_every_line_and_block_that_the_screens_draw_has_a_plain_sign() -> None:
    sources = Path(runwatch.__file__).parent
    drawn = {char for path in (sources / "ui").rglob("*.py") for char in path.read_text(encoding="utf-8")}
    drawn = {char for char in drawn if "─" <= char <= "◿"}
    assert "▀" in drawn
    assert [char for char in sorted(drawn) if to_ascii(char) == "?"] == []
