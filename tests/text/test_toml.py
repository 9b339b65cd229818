from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from runwatch.text.toml import toml_string


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_from_toml(text: str) -> None:
    assert tomllib.loads(f"a = {toml_string(text)}") == {"a": text}
