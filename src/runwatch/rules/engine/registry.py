"""Which rules there are: every module of ``runwatch.rules`` with ``NAME`` and ``evaluate``, and plug-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Protocol, cast

import msgspec

from runwatch.domain.finding import Finding
from runwatch.domain.plugins import load_plug_ins, modules_in
from runwatch.domain.run import Problem
from runwatch.domain.situation import Situation


class Rule(Protocol):
    """A rule is a module (or any object) with these names.

    ``NAME``: its id, in kebab-case; ``DESCRIPTION``: one line for people; ``DEFAULTS``: the options that
    ``[rules.NAME]`` may set, with their values (their types are what is checked); ``HOLD``, ``KEEP``: for
    how many seconds the condition must hold before it opens a task, and be away before that is resolved;
    ``MANY``: what more than three findings of one scope are called together, "" when they are not folded.
    ``evaluate`` must not read a clock, a file or a screen: the situation is all there is.

    It may have more, with these defaults: ``WORDS``: what one and what several of its findings are called
    in a count ("1 crashed"; its name); ``PLAIN``: what it found, for people who are not engineers ("The
    training {name} has failed."; ``{part}``: of what it is about; its name); ``TOPIC``: under which
    heading the brief tells of it ("drift", "regression", "end"; none); ``SUBJECTS``: what must have been
    looked at before it can be asked ("data", "models", "host"; runs alone); ``EXPLAINS``: rules whose
    findings about the same run or scope are consequences of its own (none); ``explains(finding, other)``:
    which of these are (all); ``EXPLAINED_BY``: rules whose findings make its own a consequence (none);
    ``EXPLAINS_ALL_BELOW``: its finding explains whatever is found at or below its scope (no);
    ``ONE_OF_A_KIND``: the worst of several findings in one place stands for all (no)."""

    @property
    def NAME(self) -> str: ...
    @property
    def DESCRIPTION(self) -> str: ...
    @property
    def DEFAULTS(self) -> Mapping[str, object]: ...
    @property
    def HOLD(self) -> float: ...
    @property
    def KEEP(self) -> float: ...
    @property
    def MANY(self) -> str: ...

    def evaluate(self, situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]: ...


class Traits(msgspec.Struct, frozen=True):
    """What a rule says of itself beyond what every rule must say; see ``Rule``."""

    words: tuple[str, str]
    topic: str = ""
    plain: str = ""
    subjects: tuple[str, ...] = ()
    explains: frozenset[str] = frozenset()
    explained_by: frozenset[str] = frozenset()
    also_asks: Callable[[Finding, Finding], bool] | None = None
    explains_all_below: bool = False
    one_of_a_kind: bool = False


def traits_of(rule: Rule) -> Traits:
    """The rule's own words, or the defaults."""
    name = rule.NAME.replace("-", " ")
    return Traits(
        words=getattr(rule, "WORDS", (name, name)),
        topic=getattr(rule, "TOPIC", ""),
        plain=getattr(rule, "PLAIN", ""),
        subjects=tuple(getattr(rule, "SUBJECTS", ())),
        explains=frozenset(getattr(rule, "EXPLAINS", ())),
        explained_by=frozenset(getattr(rule, "EXPLAINED_BY", ())),
        also_asks=getattr(rule, "explains", None),
        explains_all_below=bool(getattr(rule, "EXPLAINS_ALL_BELOW", False)),
        one_of_a_kind=bool(getattr(rule, "ONE_OF_A_KIND", False)),
    )


_NEEDED = ("NAME", "DESCRIPTION", "DEFAULTS", "HOLD", "KEEP", "MANY", "evaluate")


def load_rules() -> tuple[tuple[Rule, ...], tuple[Problem, ...]]:
    """All rules by name, and what is wrong with plug-ins. A plug-in that fails, lacks a part, or bears a
    name that is taken, is a problem and not loaded."""
    rules = {rule.NAME: rule for rule in _built_in()}

    def accept(rule: Rule) -> None:
        _check(rule, rules)
        rules[rule.NAME] = rule

    problems = load_plug_ins("rule", accept)
    return tuple(rules[name] for name in sorted(rules)), problems


def _check(rule: object, known: Mapping[str, Rule]) -> None:
    missing = [name for name in _NEEDED if not hasattr(rule, name)]
    if missing:
        raise TypeError(f"it has no {', '.join(missing)}")
    if cast(Rule, rule).NAME in known:
        raise ValueError(f"the name {cast(Rule, rule).NAME!r} is taken")


@cache
def _built_in() -> tuple[Rule, ...]:
    return tuple(cast(Rule, module) for module in modules_in("runwatch.rules") if hasattr(module, "NAME"))
