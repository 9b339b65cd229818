"""What a person has chosen on this screen: shared by the panes, kept nowhere else."""

from __future__ import annotations

import msgspec

from runwatch.domain.run import RunKey
from runwatch.show.screen.chart import ChartAsk
from runwatch.show.screen.runs import Order


class Selection(msgspec.Struct):
    """``looked``: the run under the cursor; ``marked``: runs whose curves are laid over each other;
    ``tag``: the metric drawn, None = the run's leading one; ``filters`` by pane."""

    looked: RunKey | None = None
    marked: tuple[RunKey, ...] = ()
    tag: str | None = None
    order: Order = "attention"
    chart: ChartAsk = msgspec.field(default_factory=ChartAsk)
    filters: dict[str, str] = msgspec.field(default_factory=dict)
    finished: bool = False

    def toggle(self, key: RunKey) -> None:
        """Mark a run, or take its mark away."""
        if key in self.marked:
            self.marked = tuple(other for other in self.marked if other != key)
        else:
            self.marked = (*self.marked, key)
