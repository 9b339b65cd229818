"""The monitor as the dashboard wants it: with the brief on top."""

from __future__ import annotations

import time

from runwatch.monitor.live import Monitor


class DashboardMonitor(Monitor):
    """A monitor that can tell what happened since the person last looked."""

    def brief(self) -> str:
        """The brief as text; "" when nothing happened since, or nobody has looked before."""
        from datetime import date

        from runwatch.show.brief import compose, text, worth_showing
        from runwatch.store.kept import facts

        snapshot = self.latest
        looked = self.state.looked()
        if snapshot is None or looked is None:
            return ""
        now = time.time()
        history = [(entry.root, entry.event) for entry in self.state.history()]
        made = compose(
            {**facts(snapshot, date.fromtimestamp(now)), "looked": looked}, history, now, None, None
        )
        return "\n".join(text(made)) if worth_showing(made) else ""
