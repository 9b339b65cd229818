"""Each run against its root's baseline, judged anew only when one of them changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from runwatch.config.settings import Settings
from runwatch.domain.comparison import Baseline, CompareOptions, Comparison
from runwatch.domain.points import Points
from runwatch.domain.run import Problem, Run, RunKey
from runwatch.monitor.baselines import members
from runwatch.system.files import stamp_of

Known = tuple[object, Comparison]


class Comparisons:
    """Remembers the comparisons of the roots' runs."""

    def __init__(
        self,
        settings: Mapping[str, Settings],
        series: Callable[[RunKey, str], Points],
        noise: Callable[[RunKey, str], float | None],
    ) -> None:
        self._settings = settings
        self._options: dict[str, CompareOptions] = {}
        self._series, self._noise = series, noise
        self._known: dict[RunKey, Known] = {}
        self.problems: tuple[Problem, ...] = ()

    def of(self, runs: Sequence[Run], baselines: Mapping[str, Baseline]) -> dict[RunKey, Comparison]:
        """The comparison of every run whose root has a baseline, but for the baseline's own runs."""
        comparisons: dict[RunKey, Comparison] = {}
        problems: dict[str, Problem] = {}
        if baselines:
            from runwatch.monitor.compare_files import run_options
        for root, baseline in baselines.items():
            self._options.setdefault(root, run_options(self._settings[root]))
            own = [run for run in runs if run.root == root]
            group = members(baseline, own)
            inside = {run.key for run in group}
            stamp = stamp_of(baseline.name) if baseline.kind == "metrics" else None
            state = (baseline, stamp, tuple((run.key, run.version, run.status == "running") for run in group))
            for run in own:
                if run.key in inside or not run.metrics:
                    continue
                result = self._compare(run, baseline, group, state)
                if isinstance(result, Problem):
                    problems[root] = result
                else:
                    comparisons[run.key] = result
        self._known = {key: known for key, known in self._known.items() if key in comparisons}
        self.problems = tuple(problems.values())
        return comparisons

    def _compare(
        self, run: Run, baseline: Baseline, group: Sequence[Run], state: object
    ) -> Comparison | Problem:
        from runwatch.monitor.compare_files import compare_with

        stamp = (run.version, run.status == "running", state)
        known = self._known.get(run.key)
        if known is not None and known[0] == stamp:
            return known[1]
        result = compare_with(run, baseline, group, self._series, self._options[run.root], self._noise)
        if isinstance(result, Comparison):
            self._known[run.key] = (stamp, result)
        return result
