"""One run in full: what its tabs say."""

from __future__ import annotations

import facts
import pytest

from runwatch.domain.finding import Finding
from runwatch.domain.health import HealthSign
from runwatch.domain.situation import Situation, Snapshot, WatchState
from runwatch.show.screen import view
from runwatch.show.screen.findings import findings
from runwatch.show.screen.headline import HeadAsk, headline
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


@pytest.mark.parametrize("root", ["/here/exp-7", "gpu1:/here/exp-7"])
def test_a_run_that_is_its_root_is_called_as_the_folder(root: str) -> None:
    run = facts.run(".", root=root)
    snapshot = Snapshot(1, Situation(facts.NOW, "box", roots=(root,), runs=(run,)), findings=(), tasks={})
    seen = run_view(snapshot, run.key, (), facts.NOW)
    assert run.title == "exp-7"
    assert "exp-7" in view.plain(seen.head)
    assert all(curve.name == "exp-7" for plot in seen.plots for curve in plot.curves if curve.selected)


@pytest.mark.parametrize("id_, name", [(".", "tidy-fox"), (".", ""), ("1", "tidy-fox"), ("val", "tidy-fox")])
def test_a_run_s_short_id_is_not_looked_for_inside_numbers_and_tags(id_: str, name: str) -> None:
    run = facts.run(id_, root="/here/exp-7", name=name)
    finding = Finding(
        rule="run-diverged",
        severity="critical",
        scope=id_,
        subject="val/loss",
        summary=ROSE,
        title="val/loss diverged",
        advice="Stop it.",
        root=run.root,
        run=run.key,
    )
    snapshot = Snapshot(
        1,
        Situation(facts.NOW, "box", ("/here/exp-7",), (run,)),
        (finding,),
        {},
        watch=WatchState(phase="live"),
    )
    (line,) = lines(findings(snapshot, "", facts.NOW))
    assert f"{name or 'exp-7'}: {ROSE}" in line
    assert f"{name or 'exp-7'} · val/loss" in line
    head = view.plain(headline(snapshot, HeadAsk(120, facts.TODAY, facts.NOW), 120))
    assert head.endswith(f"{name or 'exp-7'}: {ROSE}")
