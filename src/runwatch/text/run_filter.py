"""Which runs are meant, in one line: ``status:crashed val/loss<0.3 lr=1e-3 age<2d !debug /seed-\\d+/``.

Terms stand beside each other and must all hold; ``!`` or ``-`` before one turns it round; ``a,b`` after
``:`` is either. A word alone must occur in the run's name, status, formats, labels or group."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from runwatch.domain.directions import core_words, split_of
from runwatch.domain.main_metric import same_metric
from runwatch.domain.nested import flatten
from runwatch.domain.run import STATUSES, Run
from runwatch.text.bounded_pattern import BoundedPattern
from runwatch.text.durations import seconds
from runwatch.text.signs import STATUS_WORDS

GRAMMAR = "status:crashed  val/loss<0.3  lr=1e-3  age<2d  format:wandb  tag:f1  !word  /regex/  a,b is either"
_TOKEN = re.compile(r'[!-]?/(?:\\.|[^/\\])+/(?=\s|$)|(?:"[^"]*"|\S)+')
_COMPARED = re.compile(r"^(?P<key>.+?)(?P<sign><=|>=|!=|<|>|=)(?P<value>.+)$", re.DOTALL)
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": lambda a, b: math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-300),
    "!=": lambda a, b: not math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-300),
}
_TIMES, _COUNTS = ("age", "started", "took"), ("step", "epoch", "points")
_OWN = (*_TIMES, *_COUNTS)
_Holds = Callable[[Run, float], bool]


class Filter(NamedTuple):
    """``holds`` says whether a run passes at a time (seconds since the epoch); ``complaint``: what of the
    text means nothing, in words, "" when all of it does. What means nothing lets every run pass."""

    holds: _Holds
    complaint: str = ""


def parse(text: str) -> Filter:
    """The filter that a line of text means; never raises."""
    terms: list[_Holds] = []
    complaints: list[str] = []
    for token in _TOKEN.findall(text):
        try:
            terms.append(_term(token))
        except ValueError as error:
            complaints.append(str(error))
    return Filter(lambda run, now: all(term(run, now) for term in terms), "; ".join(complaints))


def _term(token: str) -> _Holds:
    if len(token) > 1 and token[0] in "!-" and not token[1:2].isdigit():
        inner = _term(token[1:])
        return lambda run, now: not inner(run, now)
    if len(token) > 2 and token[0] == token[-1] == "/":
        return _pattern(token[1:-1])
    plain = token.replace('"', "")
    key, colon, value = plain.partition(":")
    if colon and key.lower() in _KEYS and not token.startswith('"'):
        if not value:
            raise ValueError(f"{key}: needs a value")
        return _KEYS[key.lower()](value)
    if token.endswith(("<", ">", "=")) and len(token) > 1:
        raise ValueError(f"{token}: needs a value")
    compared = _COMPARED.match(plain)
    if compared and not token.startswith('"'):
        return _compared(compared["key"], compared["sign"], compared["value"])
    lower = plain.lower()
    return lambda run, now: lower in _hay(run)


def _hay(run: Run) -> str:
    status = (run.status, STATUS_WORDS[run.status])
    words = (run.id, run.name, *status, *run.formats, run.group, *run.labels.values())
    return " ".join(words).lower()


def _pattern(text: str) -> _Holds:
    pattern = BoundedPattern(text)
    return lambda run, now: pattern.found(run.id) or bool(run.name and pattern.found(run.name))


def _either(value: str, of: Callable[[Run], Iterable[str]]) -> _Holds:
    """Any of the values, with ``*`` as wildcard, else as part of it."""
    choices = [one.lower() for one in value.split(",") if one]

    def holds(run: Run, now: float) -> bool:
        have = [text.lower() for text in of(run)]
        return any(_alike(text, one) for one in choices for text in have)

    return holds


def _alike(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern) if "*" in pattern or "?" in pattern else pattern in text


def _status(value: str) -> _Holds:
    statuses = {"unknown" if one.startswith("ended") else one for one in value.lower().split(",") if one}
    known = {status for one in statuses for status in STATUSES if status.startswith(one)}
    if not known:
        raise ValueError(f"status:{value} is not one of {', '.join(STATUS_WORDS.values())}")
    return lambda run, now: run.status in known


def _tag(value: str) -> _Holds:
    compared = _COMPARED.match(value)
    if compared:
        return _of_metric(compared["key"], compared["sign"], _number(compared["value"]))
    return _either(value, lambda run: run.metrics)


_KEYS: Mapping[str, Callable[[str], _Holds]] = {
    "status": _status,
    "tag": _tag,
    "metric": _tag,
    "format": lambda value: _either(value, lambda run: run.formats),
    "name": lambda value: _either(value, lambda run: (run.id, run.name)),
    "group": lambda value: _either(value, lambda run: (run.group,)),
    "root": lambda value: _either(value, lambda run: (run.root,)),
    "host": lambda value: _either(
        value, lambda run: (run.root.partition(":")[0] if ":" in run.root else "",)
    ),
    "label": lambda value: _either(value, lambda run: (*run.labels, *run.labels.values())),
}


def _compared(key: str, sign: str, value: str) -> _Holds:
    """A time, a count, a hyperparameter or a metric against a value."""
    kind = key.lower()
    if kind in _TIMES:
        span = seconds(value)
        if span is None:
            raise ValueError(f"{value} is not a duration: 2d, 36h, 90m")
        return lambda run, now: _holds(_span(run, kind, now), sign, span)
    if kind in _COUNTS:
        number = _number(value)
        return lambda run, now: _holds(getattr(run, kind), sign, number)
    return lambda run, now: _of_setting(run, key, sign, value)


def _span(run: Run, kind: str, now: float) -> float | None:
    if kind == "took":
        return None if run.started is None or run.updated is None else run.updated - run.started
    then = run.updated if kind == "age" else run.started
    return None if then is None else now - then


def _number(value: str) -> float:
    try:
        return float(value.replace("_", ""))
    except ValueError:
        raise ValueError(f"{value} is not a number") from None


def _holds(have: float | None, sign: str, limit: float) -> bool:
    return have is not None and _SIGNS[sign](float(have), limit)


def _of_metric(name: str, sign: str, limit: float) -> _Holds:
    return lambda run, now: _holds(_last(run, name), sign, limit)


def _last(run: Run, name: str) -> float | None:
    """The last value of the metric that a person means by ``name``: validation's of that name, else the only
    one of it (``loss`` where there is only ``train/loss``)."""
    tag = same_metric(run.metrics, name)
    if tag is None and split_of(name) is None:
        alike = [one for one in run.metrics if core_words(one) == core_words(name)]
        tag = alike[0] if len(alike) == 1 else None
    return None if tag is None else run.metrics[tag].last


def _setting(run: Run, key: str) -> object:
    """A hyperparameter, by its name or the end of its name; where there is none, a metric's last value."""
    settings = flatten(run.hparams)
    name = key if key in settings else next((one for one in settings if one.endswith("." + key)), None)
    return _last(run, key) if name is None else settings[name]


def _of_setting(run: Run, key: str, sign: str, value: str) -> bool:
    have = _setting(run, key)
    if have is None:
        return False
    try:
        return _holds(float(str(have)), sign, float(value.replace("_", "")))
    except ValueError:
        alike = any(_alike(str(have).lower(), one) for one in value.lower().split(","))
        return alike if sign == "=" else not alike if sign == "!=" else False


def unknown_names(text: str, runs: Iterable[Run]) -> list[str]:
    """What a filter compares though no run has it, neither as a hyperparameter nor as a metric."""
    tokens = [token.lstrip("!-") for token in _TOKEN.findall(text) if '"' not in token]
    terms = [_COMPARED.match(token) for token in tokens if not token.startswith("/")]
    names = [term["key"].removeprefix("tag:").removeprefix("metric:") for term in terms if term]
    runs = list(runs)
    return [
        name
        for name in dict.fromkeys(names)
        if name.lower() not in _OWN and ":" not in name and all(_setting(run, name) is None for run in runs)
    ]


def completions(text: str, runs: Iterable[Run], most: int = 8) -> list[str]:
    """What the last word of a filter may become: keys first, then what the runs have."""
    runs = list(runs)[:500]
    start, _, word = text.rpartition(" ")
    sign = word[:1] if word[:1] in ("!", "-") else ""
    word = word[len(sign) :]
    key, colon, value = word.partition(":")
    if colon and key in _KEYS:
        words = [f"{key}:{one}" for one in _values(key, runs) if one.lower().startswith(value.lower())]
    elif word:
        names = [f"{one}:" for one in _KEYS] + ["age<", "started<", "took<", "step>", "epoch>"]
        names += [f"{one}=" for one in _seen(flatten(run.hparams) for run in runs)]
        names += [f"{one}<" for one in _seen(run.metrics for run in runs)]
        words = [one for one in names if one.lower().startswith(word.lower()) and one != word]
    else:
        words = []
    lead = f"{start} " if start else ""
    return [lead + sign + one for one in dict.fromkeys(words)][:most]


def _values(key: str, runs: list[Run]) -> list[str]:
    if key == "status":
        return [*dict.fromkeys(STATUS_WORDS.values()), "unknown"]
    of: Mapping[str, Callable[[Run], Iterable[str]]] = {
        "format": lambda run: run.formats,
        "group": lambda run: (run.group,),
        "tag": lambda run: run.metrics,
        "metric": lambda run: run.metrics,
        "label": lambda run: run.labels.values(),
        "name": lambda run: (run.name or run.id.rpartition("/")[2],),
        "root": lambda run: (run.root,),
    }
    return _seen(of[key](run) for run in runs) if key in of else []


def _seen(groups: Iterable[Iterable[str]]) -> list[str]:
    """Every one once, the most frequent first; names with blanks cannot be typed and are left out."""
    counts: dict[str, int] = {}
    for group in groups:
        for one in group:
            if one and " " not in one:
                counts[one] = counts.get(one, 0) + 1
    return sorted(counts, key=lambda one: (-counts[one], one))
