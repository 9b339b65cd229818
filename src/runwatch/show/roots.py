"""What roots are called beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from runwatch.domain.address import host_of, path_of


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
