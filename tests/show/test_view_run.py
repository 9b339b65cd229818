"""One run in full: what its tabs say."""

from __future__ import annotations

import facts
import pytest

from runwatch.domain.finding import Finding
from runwatch.domain.health import HealthSign
from runwatch.domain.situation import Situation, Snapshot
from runwatch.show.screen import view
from runwatch.show.screen.run import RunView, run_view
from runwatch.show.screen.view import TableView

ROSE = "val/loss rose to 77.4 from its best 0.29 at step 18"
SIGNS = (
    HealthSign("diverged", "critical", "val/loss", first_step=18, last_step=59, summary=ROSE),
    HealthSign("spike", "warning", "loss", first_step=7, last_step=7, summary="loss spiked at step 7"),
)


def lines(table: TableView) -> list[str]:
    return [" ".join(view.plain(cell) for cell in row.cells) for row in table.rows]


def shown(summary: str = ROSE, **changes: object) -> RunView:
    run = facts.run("nightly", **changes)
    finding = Finding(
        rule="run-diverged",
        severity="critical",
        scope=run.id,
        subject="val/loss",
        summary=summary,
        title="val/loss diverged",
        advice="Stop it.",
        root=run.root,
        run=run.key,
    )
    situation = Situation(facts.NOW, "box", runs=(run,), health={run.key: SIGNS})
    return run_view(Snapshot(1, situation, findings=(finding,), tasks={}), run.key, (), facts.NOW)


@pytest.mark.parametrize("summary", [ROSE, f"{ROSE}, and 2 other metrics"])
def test_a_sign_that_a_finding_tells_of_is_not_told_again(summary: str) -> None:
    told = lines(shown(summary).health)
    assert sum(ROSE in line for line in told) == 1
    assert any("loss spiked at step 7" in line for line in told)


@pytest.mark.parametrize(
    "path, kind",
    [
        ("a/params.yaml", "settings"),
        ("a/.hydra/config.yaml", "settings"),
        ("a/training_args.json", "settings"),
        ("a/params/lr", "settings"),
        ("a/metrics/loss", "metrics"),
        ("a/metrics.json", "metrics"),
        ("a/train.log", "console"),
    ],
)
def test_a_file_is_called_what_it_holds(path: str, kind: str) -> None:
    (line,) = lines(shown(files=(path,), consoles=("a/train.log",)).files)
    assert kind in line.replace(path, "")
