"""docs/rules.md tells of every rule and option, and its examples are right."""

from __future__ import annotations

import re
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


ROWS = {
    cells[1].strip("` "): dict(zip(("severity", "fires", "opens", "clears"), cells[2:], strict=False))
    for line in PAGE.splitlines()
    if line.startswith("| `") and (cells := line.split("|"))[1].strip("` ") in {rule.NAME for rule in RULES}
}


def test_every_rule_is_on_the_page_and_waits_for_as_long_as_it_says() -> None:
    assert [rule.NAME for rule in RULES if rule.NAME not in ROWS] == []
    for rule in RULES:
        row = ROWS[rule.NAME]
        minutes = re.search(r"after (\d+) min", row["opens"])
        assert (60.0 * int(minutes[1]) if minutes else 0.0) == rule.HOLD, rule.NAME
        at_once = re.search("next|batches later|it comes $|person|tolerance", row["clears"])
        assert (0.0 if at_once else 600.0) == rule.KEEP, rule.NAME


def test_the_tuning_example_names_every_option_with_its_kind() -> None:
    tuned = tomllib.loads(blocks("toml")[0])["rules"]
    assert check_options(RULES, tuned) == ()
    tuned["prediction-drifted"] = tuned["data-drifted"]
    for rule in RULES:
        shown = tuned.get(rule.NAME, {})
        assert set(rule.DEFAULTS) <= set(shown), rule.NAME
        if rule.NAME != "disk-low":  # the one that shows what else may be set
            assert shown == rule.DEFAULTS


def test_the_expression_examples_parse() -> None:
    examples = [line.split("  ")[0] for line in blocks("")[0].splitlines() if line.strip()]
    assert len(examples) >= 8
    for example in (*examples, tomllib.loads(blocks("toml")[1])["rules"][0]["when"]):
        parse(example)
