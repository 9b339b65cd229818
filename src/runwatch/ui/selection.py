"""What a person has chosen on this screen: shared by the panes; what is worth it is kept for the root."""

from __future__ import annotations

import msgspec

from runwatch.domain.run import RunKey
from runwatch.show.screen.chart import ChartAsk
from runwatch.show.screen.run_order import Order

FREE = RunKey("", "")
_KEPT = (
    "order", "sort", "descending", "columns", "metric", "group", "folded", "starred", "hidden",
    "closed", "left", "weights", "pinned", "together",
)  # fmt: skip


class Selection(msgspec.Struct):
    """What is chosen now."""

    looked: RunKey | None = None
    """The run under the cursor."""
    slots: tuple[RunKey, ...] = ()
    """Runs whose curves are laid over each other, each at the place of its colour; ``FREE`` where none is."""
    tag: str | None = None
    """The metric drawn; None: the run's leading one."""
    order: Order = "attention"
    sort: str = ""
    """The column that orders the runs; "": ``order`` does."""
    descending: bool = False
    columns: tuple[str, ...] = ()
    metric: str | None = None
    """Shown instead of each run's main metric."""
    group: str = ""
    folded: frozenset[str] = frozenset()
    starred: frozenset[RunKey] = frozenset()
    hidden: frozenset[RunKey] = frozenset()
    with_hidden: bool = False
    chart: ChartAsk = msgspec.field(default_factory=ChartAsk)
    filters: dict[str, str] = msgspec.field(default_factory=dict)
    """By pane."""
    finished: bool = False
    full: str = ""
    """The pane that has the whole screen."""
    closed: frozenset[str] = frozenset()
    """Panes that are hidden."""
    left: int = 31
    """Of 50 parts of the width, those of the left column."""
    weights: dict[str, int] = msgspec.field(default_factory=dict)
    """A pane's share of its column's height, where a person changed it."""
    pinned: tuple[str, ...] = ()
    """Tags whose charts come first."""
    together: bool = False
    """Training and validation of one metric are drawn in one chart."""

    @property
    def marked(self) -> tuple[RunKey, ...]:
        """Runs whose curves are laid over each other."""
        return tuple(key for key in self.slots if key != FREE)

    def toggle(self, key: RunKey) -> None:
        """Mark a run, or take its mark away; the colours of the others stay."""
        slots = list(self.slots)
        if key in slots:
            slots[slots.index(key)] = FREE
        elif FREE in slots:
            slots[slots.index(FREE)] = key
        else:
            slots.append(key)
        while slots and slots[-1] == FREE:
            slots.pop()
        self.slots = tuple(slots)

    def pin(self, tag: str) -> bool:
        """Put a tag's chart first, or back among the others; whether it is first now."""
        known = tag in self.pinned
        self.pinned = tuple(other for other in self.pinned if other != tag) if known else (*self.pinned, tag)
        return not known

    def kept(self) -> str:
        """What is worth keeping, as JSON."""
        return msgspec.json.encode({name: getattr(self, name) for name in _KEPT}).decode()

    def take(self, text: str) -> None:
        """Take what was kept; what another version wrote, or a person broke, is left alone."""
        try:
            saved = msgspec.json.decode(text, type=Selection)
        except (msgspec.DecodeError, ValueError):
            return
        for name in _KEPT:
            setattr(self, name, getattr(saved, name))
