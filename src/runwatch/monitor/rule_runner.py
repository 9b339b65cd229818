"""The rules' look at the situation: which rules there are, how they are tuned, what they find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from runwatch.config.settings import ConfigError, Settings
from runwatch.domain.finding import Finding
from runwatch.domain.run import Problem
from runwatch.domain.situation import Situation

if TYPE_CHECKING:
    from runwatch.rules.engine.registry import Rule


class RuleRunner:
    """Loads the rules once, and asks them whenever the situation has changed."""

    def __init__(self, settings: Mapping[str, Settings]) -> None:
        self._settings = settings
        self._rules: tuple[Rule, ...] | None = None
        self._problems: tuple[Problem, ...] = ()
        self._options: dict[str, Mapping[str, object]] = {}
        self._first_seen: dict[tuple[str, str], float] = {}

    def check(self) -> None:
        """Complain of a bad rule or option before the screen is up: raises ConfigError. Without any there is
        nothing to complain of, and the rules are loaded when they are first asked."""
        if any(settings.rules or settings.rule_options for settings in self._settings.values()):
            self.load()

    def load(self) -> None:
        """Our rules, plug-ins and the configuration's own. Raises ConfigError for a bad rule or option."""
        from runwatch.rules.engine.options import check_options
        from runwatch.rules.engine.registry import load_rules

        if self._rules is not None:
            return
        rules, self._problems = load_rules()
        custom = self._custom({rule.NAME for rule in rules})
        for settings in self._settings.values():
            self._options.update(settings.rule_options)
        complaints = check_options(rules, self._options, custom)
        if complaints:
            path = complaints[0].partition(":")[0]
            places = [s.rule_places[path] for s in self._settings.values() if path in s.rule_places]
            raise ConfigError(f"{places[0]}: {complaints[0]}")
        self._rules = (*rules, *custom)

    def _custom(self, taken: set[str]) -> tuple[Rule, ...]:
        """The rules that ``[[rules]]`` makes: those of a root's own file are for that root alone."""
        from runwatch.rules.expression.custom import custom_rules

        result: dict[tuple[str | None, str], Rule] = {}
        holds: dict[str, float] = {}
        for root, settings in self._settings.items():
            shared = sum(other.file == settings.file for other in self._settings.values()) > 1
            mine = None if shared else root
            rules, problems = custom_rules(settings.rules, mine, taken)
            if problems:
                where = problems[0].where or ""
                raise ConfigError(f"{settings.rule_places[where]}: {where}: {problems[0].message}")
            for rule in rules:
                if holds.setdefault(rule.NAME, rule.HOLD) != rule.HOLD:
                    message = f"another root's rule {rule.NAME!r} has another 'for'; rename one of them"
                    raise ConfigError(f"{settings.file}: {message}")
                result[mine, rule.NAME] = rule
        return tuple(result.values())

    def about(self, subjects: Iterable[str]) -> frozenset[str]:
        """The rules about these subjects: "data", "models", "host"."""
        from runwatch.rules.engine.registry import traits_of

        subject_set = set(subjects)
        return frozenset(
            rule.NAME for rule in self._rules or () if subject_set & set(traits_of(rule).subjects)
        )

    @property
    def timing(self) -> Mapping[str, tuple[float, float]]:
        """(hold, keep) seconds by rule."""
        from runwatch.rules.engine.evaluation import timing

        return timing(self._rules or (), self._options)

    def findings(self, situation: Situation) -> tuple[tuple[Finding, ...], tuple[Problem, ...]]:
        """What holds now, with when each was first seen by this process, and what is wrong with rules."""
        from runwatch.rules.engine.evaluation import evaluate_all

        self.load()
        evaluated = evaluate_all(replace(situation, options=self._options), self._rules or ())
        now = situation.now
        known = {f.key: self._first_seen.get(f.key, f.since or now) for f in evaluated.findings}
        self._first_seen = known
        findings = tuple(replace(f, first_seen=known[f.key], last_seen=now) for f in evaluated.findings)
        return findings, (*self._problems, *evaluated.problems)
