"""Nested values that stand as text, as tools write them to formats without nesting: JSON, Python's ``repr``,
DuckDB's and NumPy's text, Spark's maps."""

from __future__ import annotations

import json
import re
from functools import lru_cache

import msgspec

from runwatch.data.arrays import as_text, family
from runwatch.domain.borders import Arrow

_MOST_BAD = 0.01
_LOOKED_AT = 200
_AT_ONCE = 10_000
_BEGINS = ("{", "[")  # not "(": an interval of ages, "(18, 25]", is a category
_CLOSES = {"[": "]", "{": "}", "(": ")"}
_SCALAR = re.compile(r"\bnp\.\w+\(([^()]*)\)")
_NOTHING = ("none", "null", "nan", "<na>")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBERS = re.compile(rf"{_NUMBER}(?:\s+{_NUMBER})+")
_ONE_NUMBER = re.compile(rf"{_NUMBER}")
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*")|(?P<arrow>->|=)"""
    r"""|(?P<sign>[\[\]{}(),:])|(?P<word>[^\[\]{}(),:='"]+?(?=\s*(?:->|[\[\]{}(),:='"]|$)))|(?P<other>.)""",
    re.DOTALL,
)


def nested(array: Arrow) -> Arrow:
    """A text column's values as the nested ones they spell, those that spell none as missing; None where that
    is more than 1% of them, or they have no common type."""
    import pyarrow as pa

    if family(array.type) not in ("string", "binary"):
        return None
    present = array.drop_null().slice(0, _LOOKED_AT)
    if not any(value.lstrip().startswith(_BEGINS) for value in as_text(present).to_pylist()):
        return None
    pieces, bad = [], 0
    try:
        for start in range(0, len(array), _AT_ONCE):
            values = as_text(array.slice(start, _AT_ONCE)).to_pylist()
            parsed = [None if value is None else read(value) for value in values]
            bad += sum(value is None for value in parsed) - sum(value is None for value in values)
            pieces.append(pa.table({"value": pa.array(parsed)}))
        whole = pa.concat_tables(pieces, promote_options="permissive").column("value")
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return None
    if bad > _MOST_BAD * (len(array) - array.null_count) or family(whole.type) != "nested":
        return None
    return pa.concat_arrays(whole.chunks)


def read(text: str) -> object:
    """The list or object that ``text`` spells; None for other text."""
    if not text.lstrip().startswith(_BEGINS):
        return None
    for form in (_as_it_is, _requoted, _as_json):
        try:
            value = msgspec.json.decode(form(text))
        except (msgspec.DecodeError, ValueError, RecursionError):
            continue
        return value if isinstance(value, list | dict) else None
    return None


def _as_it_is(text: str) -> str:
    return text


def _requoted(text: str) -> str:
    """What most of Python's text needs, at a tenth of the price. ValueError where it may need more."""
    if '"' in text or "\\" in text:
        raise ValueError(text)
    return text.replace("'", '"')


def _as_json(text: str) -> str:
    """``text`` with quotes, words, tuples, map arrows and NumPy's blanks between values as JSON has them.
    ValueError where a sign has no place in any of these."""
    out: list[str] = []
    open_: list[str] = []
    before = ""
    for match in _TOKEN.finditer(_SCALAR.sub(r"\1", text)):
        kind, token = match.lastgroup or "", match.group()
        if kind == "space":
            continue
        if kind == "other" or ("..." in token and kind == "word") or (before == "word" and token == "("):
            raise ValueError(token)
        if token in _CLOSES:
            open_.append(token)
        elif token in ")]}" and (not open_ or _CLOSES[open_.pop()] != token):
            raise ValueError(token)
        if before in ("word", "quoted", "closed") and (kind in ("quoted", "word") or token in _CLOSES):
            out.append(",")
        out.append(_piece(kind, token))
        before = "closed" if token in ")]}" else kind
    return re.sub(r",(?=[\]}])", "", _keys_quoted("".join(out)))


def _piece(kind: str, token: str) -> str:
    if kind == "quoted":
        return _string(token)
    if kind == "word":
        return _word(token)
    return ":" if kind == "arrow" else token.translate({40: 91, 41: 93})


def _string(token: str) -> str:
    inner = token[1:-1]
    inner = inner.replace("''", "'") if token[0] == "'" else inner
    return json.dumps(re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL))


@lru_cache(maxsize=4096)
def _word(token: str) -> str:
    token = token.strip()
    lower = token.lower()
    if lower in _NOTHING:
        return "null"
    if lower in ("true", "false"):
        return lower
    if _NUMBERS.fullmatch(token):
        return ",".join(_number(one) for one in token.split())
    return _number(token) if _ONE_NUMBER.fullmatch(token) else json.dumps(token)


def _number(token: str) -> str:
    """A number as JSON writes it: no plus, a digit on both sides of the point."""
    return repr(float(token)) if re.search(r"[.eE]", token) else str(int(token))


def _keys_quoted(text: str) -> str:
    """Numbers that are keys as text, which is all that JSON's keys can be."""
    return re.sub(rf"(?<=[{{,])({_NUMBER}|true|false|null)(?=:)", r'"\1"', text)
