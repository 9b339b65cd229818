from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from runwatch.text.fitting import fit_end, fit_words, wrapped
from runwatch.text.safe import safe

SAID = "small worse than champion, roc_auc −0.0045 (0.9892 against 0.9937, 95% interval −0.0058 to −0.0033)"


def test_it_loses_asides_then_whole_words() -> None:
    assert fit_words(SAID, 200) == SAID
    assert fit_words(SAID, 60) == "small worse than champion, roc_auc −0.0045"
    assert fit_words(SAID, 40) == "small worse than champion, roc_auc…"
    assert fit_words(SAID, 30) == "small worse than champion…"
    assert fit_words("the median rose by 0.30 IQR", 24) == "the median rose…"


@given(st.integers(1, 120))
def test_it_always_fits_and_no_number_is_cut(width: int) -> None:
    said = fit_words(SAID, width)
    assert len(said) <= width
    whole = set(re.findall(r"[−\d.]*\d", SAID))
    assert set(re.findall(r"[−\d.]*\d", said)) <= whole


@given(st.integers(8, 120))
def test_a_line_is_broken_between_words(width: int) -> None:
    lines = wrapped("  " + SAID, width)
    assert " ".join(lines).split() == SAID.split()
    assert all(len(line) <= width or " " not in line.strip() for line in lines)


@given(st.integers(1, 120))
def test_a_text_is_not_cut_inside_a_number(width: int) -> None:
    kept = safe(SAID, width)
    whole = set(re.findall(r"[−\d.]*\d", SAID))
    assert len(kept) <= width
    assert set(re.findall(r"[−\d.]*\d", kept)) <= whole


def test_of_a_name_that_is_cut_its_digits_stay() -> None:
    assert safe("exp-20261130-lr3", 9) == "exp-2026…"
    assert safe("1234567890", 5) == "1234…"


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("runs/a", 6, "runs/a"),
        ("runs/seed-7", 7, "…seed-7"),
        ("订单/金额", 9, "订单/金额"),
        ("订单/金额", 6, "…/金额"),
        ("订单/金额", 4, "…额"),
    ],
)
def test_a_name_loses_its_start(text: str, width: int, expected: str) -> None:
    assert fit_end(text, width) == expected and cell_len(expected) <= width
