"""What runs and roots are called beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from runwatch.domain.address import host_of, path_of
from runwatch.domain.run import RunKey
from runwatch.domain.run_names import shown_names
from runwatch.domain.situation import Situation
from runwatch.text.safe import safe


def root_names(roots: Sequence[str]) -> dict[str, str]:
    """What each root is called beside the others: its host, where it has but one root, and its last folder
    that tells it from the others, else its path."""
    hosts = Counter(map(host_of, roots))
    split = {root: path_of(root).rstrip("/").split("/") for root in roots}
    named = {}
    for root, parts in split.items():
        host = host_of(root)
        if host is not None and hosts[host] == 1:
            named[root] = host
            continue
        rivals = [other for one, other in split.items() if host_of(one) == host]
        n = 1
        while n < len(parts) and sum(other[-n:] == parts[-n:] for other in rivals) > 1:
            n += 1
        named[root] = (f"{host}/" if host else "") + (parts[-n] or root)
    return named if len(set(named.values())) == len(named) else {root: root for root in roots}


def given_name(situation: Situation, key: RunKey) -> str:
    """The name that its framework gave a run, told apart from others of that name; "" where it has none. A
    run that is its root has the name of the folder."""
    run = situation.run(key)
    if run is None or not run.name:
        return safe(run.title) if run is not None and run.id == "." else ""
    return safe(shown_names([one for one in situation.runs if one.name == run.name])[key])


def run_called(situation: Situation, key: RunKey) -> str:
    """A run's name, else its id; with its root where there are several."""
    return in_root(given_name(situation, key) or key.id, key.root, situation.roots)


def in_root(name: str, root: str, roots: Sequence[str]) -> str:
    """A name, with its root where there are several."""
    return safe(f"{root_names(roots).get(root, root)}:{name}" if len(roots) > 1 else name)
