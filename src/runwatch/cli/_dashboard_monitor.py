"""The monitor as the dashboard wants it: with the brief on top."""

from __future__ import annotations

import time

from runwatch.monitor.live import Monitor

PATIENCE_S = 20.0


class DashboardMonitor(Monitor):
    """A monitor that can tell what happened since the person last looked."""

    def brief(self) -> str:
        """The brief as text, once all has been looked at; "" when nothing happened since the last look, or
        nobody has looked before. Waits: not for the event loop."""
        from datetime import date

        from runwatch.show.brief import compose, text, worth_showing
        from runwatch.store.snapshot_facts import facts

        looked = self.state.looked()
        snapshot = self.wait_judged(PATIENCE_S) if looked is not None else None
        if snapshot is None or looked is None:
            return ""
        now = time.time()
        known = {**facts(snapshot, date.fromtimestamp(now)), "looked": looked}
        made = compose(known, list(reversed(self.history())), now, None, None)
        return "\n".join(text(made)) if worth_showing(made) else ""
