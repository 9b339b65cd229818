"""Rules: from the situation to findings. Each rule is one file of this package, found by listing, or a third
party's entry point in the group ``runwatch.rules``; ``[[rules]]`` of the configuration make more."""

from runwatch.rules.engine.evaluation import Evaluated, evaluate_all, timing
from runwatch.rules.engine.options import check_options
from runwatch.rules.engine.registry import Rule, load_rules
from runwatch.rules.expression.custom import custom_rules

__all__ = ["Evaluated", "Rule", "check_options", "custom_rules", "evaluate_all", "load_rules", "timing"]
