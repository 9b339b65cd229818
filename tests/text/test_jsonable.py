"""JSON is strict, holds nothing that a terminal would obey, and gives every name back as it is."""

import json
import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runwatch.text.jsonable import dump, plain, text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_written_is_read_back_and_holds_no_hidden_character(words: str) -> None:
    made = dump({words: words})
    assert json.loads(made) == {words: words}
    assert not {c for c in made if c != "\n" and (unicodedata.category(c) in ("Cc", "Zl", "Zp"))}


def test_each_hidden_character_is_escaped_also_past_the_basic_plane() -> None:
    hidden = "\x7f\x80\x9b\xad\u061c\u200b\u200f\u2028\u202e\u2066\ufeff\ufff9\U000e0041"
    made = dump({"a": hidden}, indent=None)
    assert made.isascii() and json.loads(made)["a"] == hidden
    assert dump({"a": "é … 模型 🙂"}, indent=None) == '{"a": "é … 模型 🙂"}'


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('aé\n"\\ '),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('a[,:" ', max_size=4), inner, max_size=3)
    ),
)


@given(st.dictionaries(st.text("abc"), _VALUES, max_size=4))
def test_it_is_indented_as_python_does_it(value: dict[str, object]) -> None:
    assert dump(value) == json.dumps(value, ensure_ascii=False, indent=2)


def test_numbers_that_json_lacks_are_null_with_their_word() -> None:
    made = plain({"a": np.float64("nan"), "b": [np.float32(1.5), float("inf")], "n": np.int64(3), "s": {1}})
    assert made == {"a": None, "a_text": "nan", "b": [1.5, None], "n": 3, "s": [1]}


def test_bytes_that_are_no_text_are_shown() -> None:
    assert text("a\udcff\\") == "a\\xff\\\\" and text("a\\b") == "a\\b" and text("\ud800") == "\\ud800"
