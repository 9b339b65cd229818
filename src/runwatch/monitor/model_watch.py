"""Models judged on new data: ``[[models]]`` are run on what arrives, and their predictions compared."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from msgspec.structs import replace

from runwatch.config.settings import Settings
from runwatch.domain.clock import elapsed
from runwatch.domain.comparison import Comparison
from runwatch.domain.drift import DataSet, Distribution
from runwatch.domain.run import Problem
from runwatch.domain.tree import Folder
from runwatch.monitor.data_pipeline import DataSpec
from runwatch.monitor.data_sets import column_distribution
from runwatch.monitor.data_specs import listing
from runwatch.monitor.model_judging import Scored, compared, judged, prediction_spec, set_name
from runwatch.monitor.model_plans import ScoringPiece, ScoringPlan, model_files
from runwatch.monitor.table_reader import PlanModels, TableReader, distribute, ignore_parts, relative
from runwatch.scoring.base import ScoringAnswer, ScoringJob
from runwatch.scoring.work import Scoring, missing_package, unsupported
from runwatch.scoring.writing import written_before
from runwatch.store.cache import CacheFile
from runwatch.system.files import stamp_of
from runwatch.system.folders import root_dir
from runwatch.system.identity import root_identity
from runwatch.text.units import plural

LOOK_EVERY_S = 5.0
_LEFT_ALONE_S = 3600.0


class ModelWatch:
    """The ``[[models]]`` of one root; ``reader`` reads the tables that were not written here. ``step`` is
    slow and belongs to the background thread; ``sets``, ``predictions``, ``problems``, ``assumptions`` are
    replaced whole and may be read from any thread."""

    def __init__(self, root: str, settings: Settings, cache: CacheFile, reader: TableReader) -> None:
        self._reader = reader
        self._root = root
        self._settings = settings
        self._pieces = cache
        self._scoring = Scoring()
        base = root_dir(root_identity(root, settings.id))
        self._base = None if base is None else str(base)
        self._known: dict[str, tuple[str, ScoringAnswer | Problem]] = {}
        self._broken: dict[tuple[object, ...], Problem] = {}
        self._compared: dict[str, tuple[object, Comparison | Problem]] = {}
        self._specs: tuple[DataSpec, ...] = ()
        self._stamps: object = None
        self._looked = float("-inf")
        self._version = 0
        self.sets: tuple[DataSet, ...] = tuple(
            DataSet(
                set_name(entry),
                root=root,
                reference=entry.champion,
                batches=(),
                trends=(),
                latest=None,
                computing=True,
            )
            for entry in settings.models
        )
        self.predictions: Mapping[str, Comparison] = {}
        self.problems: tuple[Problem, ...] = ()
        self.assumptions: tuple[str, ...] = ()

    def due(self, now: float) -> bool:
        """Whether a model file has changed since the last step; asks the disk every five seconds."""
        if not self._settings.models or elapsed(self._looked, now) < LOOK_EVERY_S:
            return False
        self._looked = now
        return self._stamps is not None and self._model_stamps() != self._stamps

    def stop(self) -> None:
        """End the worker, if one runs, and start no more."""
        self._scoring.stop()

    def step(self, top: Folder, now: float) -> bool:
        """Run at most one model on one file, and judge once enough is known. True: there is more to do."""
        if not self._settings.models:
            return False
        self._stamps = self._model_stamps()
        problems, plans = self._plans(top)
        urgent = [job for plan in plans for job in plan.urgent if self._answer(job) is None]
        later = [job for plan in plans for job in plan.later if self._answer(job) is None]
        job = next(iter((*urgent, *later)), None)
        if job is not None:
            self._remember(job, self._scoring.score(job))
        if self._scoring.stopped:
            return False
        more = len(urgent) + len(later) > 1
        first = not self._version and not urgent
        if len(urgent) == 1 or first or not more:
            self._judge(plans, problems, now)
        if not more:
            self._prune(plans, now)
        return more

    def distribution(self, name: str, column: str, batch: int | None) -> Distribution | None:
        """Both distributions of a prediction column, for a batch by its place (None: the newest)."""
        job = distribute(self._specs, self.sets, name, column, batch)
        return None if job is None else column_distribution(job.spec, job.column, job.batch, self._pieces)

    def _model_stamps(self) -> object:
        return tuple(stamp_of(path) for path in self._model_files())

    def _model_files(self) -> Iterator[str]:
        for entry in self._settings.models:
            yield from (path for _, path in model_files(entry, self._settings))

    def _plans(self, top: Folder) -> tuple[list[Problem], list[ScoringPlan]]:
        usable, problems = self._usable()
        if self._base is None:
            wrong = "predictions cannot be kept: this user has no state directory"
            return [Problem("[[models]]", None, wrong, "set XDG_STATE_HOME")], []
        files = listing(self._settings, top)
        job = PlanModels(
            self._root, settings=self._settings, listing=files, base=self._base, usable=tuple(usable)
        )
        result = self._reader.ask(job, ignore_parts)
        return [*problems, *result.problems], list(result.plans)

    def _usable(self) -> tuple[list[str], list[Problem]]:
        """The model files that can be run, and what is wrong with the others; packages that are not
        installed are one problem."""
        usable: list[str] = []
        problems: list[Problem] = []
        needed: dict[str, str] = {}
        for path in dict.fromkeys(self._model_files()):
            problem = unsupported(path)
            if problem is not None:
                problems.append(problem)
                continue
            package = missing_package(path)
            if package is None:
                usable.append(path)
            else:
                needed.setdefault(package, path)
        if needed:
            wrong = f"scoring needs {' and '.join(sorted(needed))}, not installed"
            problems.append(
                Problem(next(iter(needed.values())), None, wrong, "pip install 'runwatch[models]'")
            )
        return usable, problems

    def _answer(self, job: ScoringJob) -> ScoringAnswer | Problem | None:
        """What is known of a job: this process's own, else what an earlier one wrote."""
        identity, known = self._known.get(job.output, ("", None))
        if identity == job.identity and (isinstance(known, Problem) or os.path.exists(job.output)):
            return known
        answer = written_before(job.output, job.identity)
        if answer is not None:
            self._known[job.output] = (job.identity, answer)
            return answer
        return self._broken.get(_model_of(job))

    def _remember(self, job: ScoringJob, answer: ScoringAnswer | Problem) -> None:
        """A model that is at fault itself is not tried on other files until it changes."""
        self._known[job.output] = (job.identity, answer)
        if isinstance(answer, Problem) and answer.file == job.model:
            self._broken[_model_of(job)] = answer

    def _scored(self, job: ScoringJob | None) -> Scored | None:
        answer = None if job is None else self._answer(job)
        return (job, answer) if job is not None and isinstance(answer, ScoringAnswer) else None

    def _judge(self, plans: list[ScoringPlan], problems: list[Problem], now: float) -> None:
        self._version += 1
        sets: list[DataSet] = []
        comparisons: dict[str, Comparison] = {}
        specs: list[DataSpec] = []
        assumed = [plan.assumed for plan in plans if plan.assumed]
        for plan in plans:
            problems = problems + self._failures(plan)
            assumed += self._notes(plan)
            result = self._compare(plan)
            if isinstance(result, Comparison):
                comparisons[plan.entry.name] = result
            elif result is not None:
                problems.append(result)
            elif self._waits(plan):
                assumed.append(f"{plan.entry.name}: champion and challenger wait for a batch with labels")
            spec = self._spec(plan)
            if spec is not None:
                specs.append(spec)
                shown = f"{plan.entry.champion} on {_named(plan.reference)}"
                sets.append(judged(spec, self._root, shown, self._pieces, now, self._version))
        self._specs, self.sets, self.predictions = tuple(specs), tuple(sets), comparisons
        self.problems = tuple(dict.fromkeys(relative(problem, self._root) for problem in problems))
        self.assumptions = tuple(assumed)

    def _spec(self, plan: ScoringPlan) -> DataSpec | None:
        reference = [one for piece in plan.reference if (one := self._scored(piece.champion))]
        batches = [one for piece in plan.batches if (one := self._scored(piece.champion))]
        return prediction_spec(plan, reference, batches) if reference and batches else None

    def _compare(self, plan: ScoringPlan) -> Comparison | Problem | None:
        """On the newest batch with labels that both models have scored; None: there is none."""
        for piece in reversed(plan.batches):
            champion, challenger = self._scored(piece.champion), self._scored(piece.challenger)
            if champion is None or challenger is None or not champion[1].labelled:
                continue
            key = (champion[0].identity, challenger[0].identity)
            known = self._compared.get(plan.entry.name)
            if known is None or known[0] != key:
                result = compared(plan.entry, self._settings, piece.file.name, champion, challenger)
                known = self._compared[plan.entry.name] = (key, result)
            return known[1]
        return None

    def _waits(self, plan: ScoringPlan) -> bool:
        """Whether all that is missing for a comparison is labels."""
        pieces = [piece for piece in plan.batches if self._scored(piece.challenger)]
        return any(self._scored(piece.champion) for piece in pieces)

    def _failures(self, plan: ScoringPlan) -> list[Problem]:
        """What went wrong in scoring, each complaint once with the newest file that it is about, and outputs
        of the newest batch that are no numbers."""
        by_words: dict[tuple[str, str], list[Problem]] = {}
        for piece in (*reversed(plan.batches), *plan.reference):
            for job in piece.jobs:
                answer = self._answer(job)
                if isinstance(answer, Problem):
                    by_words.setdefault((answer.message, answer.hint), []).append(answer)
        problems = []
        for same in by_words.values():
            others = len({one.file for one in same}) - 1
            more = f" (and {plural(others, 'more file')})" if others else ""
            problems.append(replace(same[0], message=same[0].message + more))
        return problems + [one for piece in plan.batches[-1:] for one in self._not_finite(piece)]

    def _notes(self, plan: ScoringPlan) -> list[str]:
        """What had to be assumed about the models' outputs on the newest batch."""
        scored = [self._scored(job) for piece in plan.batches[-1:] for job in piece.jobs]
        notes = dict.fromkeys(note for one in scored if one is not None for note in one[1].notes)
        return [f"{plan.entry.name}: {note}" for note in notes]

    def _not_finite(self, piece: ScoringPiece) -> Iterator[Problem]:
        for scored in (self._scored(piece.champion), self._scored(piece.challenger)):
            if scored is not None and scored[1].bad:
                job, answer = scored
                wrong = (
                    f"{answer.bad:,} of {plural(answer.rows, 'output')} on {piece.file.name} are not finite"
                )
                yield Problem(
                    job.model, None, wrong, "look at the inputs: missing values, or a scale gone wrong"
                )

    def _prune(self, plans: list[ScoringPlan], now: float) -> None:
        """Predictions on files that are gone, or that the newest batches have left behind, are removed; what
        another process may be writing is left alone for an hour."""
        outputs = {job.output for plan in plans for job in (*plan.urgent, *plan.later)}
        self._known = {output: known for output, known in self._known.items() if output in outputs}
        for plan in plans:
            pieces = (*plan.reference, *plan.batches)
            current = {job.output for piece in pieces for job in piece.jobs}
            if not plan.batches or not current:
                continue
            for folder, _, names in os.walk(plan.folder):
                for path in (os.path.join(folder, name) for name in names):
                    with suppress(OSError):
                        if path not in current and now - os.stat(path).st_ctime > _LEFT_ALONE_S:
                            os.unlink(path)


def _named(pieces: Sequence[ScoringPiece]) -> str:
    return pieces[0].file.name if len(pieces) == 1 else plural(len(pieces), "file")


def _model_of(job: ScoringJob) -> tuple[object, ...]:
    """A model file as it stands, and what was said of it."""
    return stamp_of(job.model), job.score, job.task, job.classes, job.positive
