"""docs/rules.md tells of every rule and option, and its examples are right."""

from __future__ import annotations

import tomllib
from pathlib import Path

from runwatch.rules.engine.options import check_options
from runwatch.rules.engine.registry import load_rules
from runwatch.rules.expression.parser import parse

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
RULES, _ = load_rules()


def blocks(kind: str) -> list[str]:
    """The fenced blocks of that language, without their first line."""
    fenced = [part.partition("\n") for part in PAGE.split("```")[1::2]]
    return [text for language, _, text in fenced if language == kind]


def test_every_rule_is_on_the_page() -> None:
    assert [rule.NAME for rule in RULES if f"| `{rule.NAME}` |" not in PAGE] == []


def test_the_tuning_example_names_every_option_with_its_kind() -> None:
    tuned = tomllib.loads(blocks("toml")[0])["rules"]
    assert check_options(RULES, tuned) == ()
    tuned["prediction-drifted"] = tuned["data-drifted"]
    for rule in RULES:
        assert set(rule.DEFAULTS) <= set(tuned.get(rule.NAME, {})), rule.NAME


def test_the_expression_examples_parse() -> None:
    examples = [line.split("  ")[0] for line in blocks("")[0].splitlines() if line.strip()]
    assert len(examples) >= 8
    for example in (*examples, tomllib.loads(blocks("toml")[1])["rules"][0]["when"]):
        parse(example)
