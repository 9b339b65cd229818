"""What part a tag plays in a run's health, and which tags belong together, from their names alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

from runwatch.domain.directions import core_words, direction_of, is_placeholder, judged, split_of

Role = Literal["train", "validation", "evaluation", "gradient", "other"]

_LOSS = re.compile(
    r"(loss|nll|entropy|error|err|mse|rmse|mae|mape|msle|perplexity|ppl|deviance|loglik|bpb|bpc)\d*$"
)
_OWN_PACE = frozenset({"kl", "commitment", "regularization", "penalty", "aux", "auxiliary"})
_PARTS = (
    r"(?:value|vf|policy|pg|actor|critic|td|qf?\d*|g|d|gen|generator|disc|discriminator|gan|adv|adversarial)"
)
_REWARD = r"(?:(?:mean|avg|average|episode)_return|rewards?)(?:_(?:mean|avg|average))?$"
_MOVING_GOAL = re.compile(
    rf"(?:^|_)(?:(?:net)?{_PARTS}_(?:(?:gradient|total|adv|fake|real)_)?loss|loss_{_PARTS}(?:_|$)"
    rf"|rollout_|ep_rew|episode_rew|episodic_return|{_REWARD})"
)
_RANK = re.compile(r"(?:^|[/_.-])rank[_-]?(\d+)(?=[/_.-]|$)", re.IGNORECASE)
_RATE = re.compile(r"(?:^|_)(?:lr|learning_?rate)(?:_|\d*$)")
_NUMBERED_SET = re.compile(r"(?:valid|val|validation|eval|test)[_-](\d+)\b")


@lru_cache(maxsize=8192)
def role_of(tag: str) -> Role:
    """The part of ``tag``: a training loss, a validation loss, another evaluation metric, a gradient norm,
    or none that health is judged by (learning rate, throughput, time, placeholders)."""
    words = _words(tag)
    if "gradnorm" in words or ("norm" in words and words & {"grad", "grads", "gradient", "gradients"}):
        return "gradient"
    if is_placeholder(tag) or not judged(tag):
        return "other"
    direction = direction_of(tag)
    moving = has_moving_target(tag)
    if direction is None and not moving:
        return "other"
    loss = bool(_LOSS.search("".join(core_words(tag))))
    if direction != "min" or not loss or moving or _OWN_PACE & words:
        return "evaluation"
    return "validation" if split_of(tag) in ("validation", "test") else "train"


@lru_cache(maxsize=8192)
def is_learning_rate(tag: str) -> bool:
    """Whether ``tag`` is a learning rate: ``lr``, ``train/learning_rate``, ``lr-SGD/pg1``."""
    return bool(_RATE.search(re.sub(r"[\s/.:\-]+", "_", tag.lower())))


@lru_cache(maxsize=8192)
def has_moving_target(tag: str) -> bool:
    """Whether ``tag`` shows that the run's losses need not fall while it learns (reinforcement learning,
    adversarial training): a value, policy, generator or discriminator loss, an episode's reward."""
    return bool(_MOVING_GOAL.search(re.sub(r"[\s/.:\-]+", "_", tag.lower())))


@lru_cache(maxsize=8192)
def rank_of(tag: str) -> tuple[str, int] | None:
    """The name that ``tag`` shares with a distributed run's other ranks, and its rank; None: no rank."""
    match = _RANK.search(tag)
    return (_RANK.sub("", tag, count=1), int(match[1])) if match else None


def loss_pairs(tags: Iterable[str]) -> Mapping[str, str]:
    """The training loss of each validation loss, where there is one: ``val_loss`` -> ``loss``,
    ``valid_0/l2`` -> ``training/l2``, ``validation_1-logloss`` -> ``validation_0-logloss`` (boosters name
    their training set so)."""
    train: dict[tuple[str, ...], str] = {}
    validation: dict[tuple[str, ...], list[str]] = {}
    for tag in tags:
        role = role_of(tag)
        if role == "train" and _better(tag, train.get(core_words(tag))):
            train[core_words(tag)] = tag
        elif role == "validation":
            validation.setdefault(core_words(tag), []).append(tag)
    pairs = {}
    for core, names in validation.items():
        first = next((name for name in names if _set_number(name) == 0), None) if len(names) > 1 else None
        partner = train.get(core, first)
        pairs.update({name: partner for name in names if partner is not None and name != partner})
    return pairs


def _better(tag: str, other: str | None) -> bool:
    """Prefers ``train_loss_epoch`` over ``train_loss_step``, then what says "train"."""
    if other is None:
        return True
    return _rank_name(tag) > _rank_name(other)


def _rank_name(tag: str) -> tuple[bool, bool, int]:
    words = _words(tag)
    return "epoch" in words, split_of(tag) == "train", -len(tag)


def _set_number(tag: str) -> int | None:
    match = _NUMBERED_SET.search(tag)
    return int(match[1]) if match else None


@lru_cache(maxsize=8192)
def _words(tag: str) -> frozenset[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", tag)
    return frozenset(re.split(r"[\s/.:\-_]+", spaced.lower()))
