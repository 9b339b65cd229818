"""Which hyperparameter goes with a metric, in words that say how sure that is."""

from __future__ import annotations

from runwatch.domain.comparison import HparamImportance
from runwatch.judge.runs.hparam_importance import FEWEST
from runwatch.show.screen.view import Span, Tone, Words, join, text, words
from runwatch.text import units

_SHOWN = 3
_CLEAR, _PERHAPS = 2.0, 1.0


def enough(runs: int) -> bool:
    """Whether there are runs enough to ask."""
    return runs >= FEWEST


def importance_words(importance: HparamImportance | None, runs: int) -> Words:
    """The hint above the leaderboard; ``importance`` None: being worked out, or ``runs`` are too few."""
    if not enough(runs):
        return text(f"what matters: {FEWEST} runs with a value are needed, there are {runs}", "muted")
    if importance is None:
        return text("what matters: computing …", "muted")
    if not importance.hparams:
        return words(Span("what matters: ", "muted"), text(importance.reason, "muted"))
    explained = f"{units.percent(max(importance.score or 0.0, 0.0))} of the differences explained"
    if importance.reason:
        return words(Span("what matters: ", "muted"), text(f"{importance.reason} ({explained})", "muted"))
    parts = [_one(*one) for one in importance.hparams[:_SHOWN]]
    tail = Span(f" · {explained} over {units.plural(importance.runs, 'run')}; not proof of cause", "muted")
    return words(Span("what matters: ", "muted"), join(parts, ", "), tail)


def _one(name: str, importance: float, spread: float) -> Words:
    sure = importance / spread if spread > 0 else (_CLEAR if importance > 0 else 0.0)
    message, tone = _surely(sure)
    figures = f" {max(importance, 0.0):.2f} ± {spread:.2f}"
    return words(text(name, tone, 24), Span(f"{figures} ({message})", "muted"))


def _surely(sure: float) -> tuple[str, Tone]:
    if sure >= _CLEAR:
        return "clear", "strong"
    return ("perhaps", "plain") if sure >= _PERHAPS else ("may be chance", "muted")
