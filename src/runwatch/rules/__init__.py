"""Rules: from the situation to findings. Each rule is one file of this package, found by listing, or a third
party's entry point in the group ``runwatch.rules``; ``[[rules]]`` of the configuration make more."""
