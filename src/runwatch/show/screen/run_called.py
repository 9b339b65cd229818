"""What a run is called on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from runwatch.domain.run import RunKey
from runwatch.domain.run_names import shown_names
from runwatch.domain.situation import Situation
from runwatch.show.roots import root_names
from runwatch.text.safe import safe


def given_name(situation: Situation, key: RunKey) -> str:
    """The name that its framework gave a run, told apart from others of that name; "" where it has none."""
    run = situation.run(key)
    if run is None or not run.name:
        return ""
    return safe(shown_names([one for one in situation.runs if one.name == run.name])[key])


def run_called(situation: Situation, key: RunKey) -> str:
    """A run's name, else its id; with its root where there are several."""
    return in_root(given_name(situation, key) or key.id, key.root, situation.roots)


def in_root(name: str, root: str, roots: Sequence[str]) -> str:
    """A name, with its root where there are several."""
    return safe(f"{root_names(roots).get(root, root)}:{name}" if len(roots) > 1 else name)
