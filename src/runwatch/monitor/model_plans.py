"""What ``[[models]]`` asks for: which model runs on which file, and where its predictions are kept."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from runwatch.config.settings import Model, Settings
from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError
from runwatch.data.formats import format_of
from runwatch.data.grid import guess_role
from runwatch.data.workflow import find_files
from runwatch.domain.run import Problem
from runwatch.monitor.data_pipeline import DataSpec, arrived, reference_files
from runwatch.scoring.base import ScoringJob, numeric_columns
from runwatch.system.files import stamp_of
from runwatch.text.nearest import did_you_mean

MAX_BATCHES = 30
Labels = Mapping[str, str]
_ENGINE = "1"
_ENDING = ".parquet"


class ScoringPiece(msgspec.Struct, frozen=True):
    """One data file and the jobs on it; a job is None where there is no such model."""

    file: DataFile
    champion: ScoringJob | None
    challenger: ScoringJob | None

    @property
    def jobs(self) -> Iterator[ScoringJob]:
        yield from (job for job in (self.champion, self.challenger) if job is not None)


class ScoringPlan(msgspec.Struct, frozen=True):
    """One ``[[models]]``: the champion on the ``reference``, both models on the newest ``batches`` (oldest
    first)."""

    entry: Model
    spec: DataSpec
    folder: str
    reference: tuple[ScoringPiece, ...] = ()
    batches: tuple[ScoringPiece, ...] = ()
    problems: tuple[Problem, ...] = ()
    assumed: str = ""

    @property
    def urgent(self) -> Iterator[ScoringJob]:
        """What a first verdict needs: the newest batch, then the reference."""
        for piece in (*self.batches[-1:], *self.reference):
            yield from piece.jobs

    @property
    def later(self) -> Iterator[ScoringJob]:
        """The older batches, the newest first."""
        for piece in self.batches[-2::-1]:
            yield from piece.jobs


class ModelPlans(msgspec.Struct, frozen=True):
    """The plans of a root's models, and what is wrong with the others."""

    plans: tuple[ScoringPlan, ...]
    problems: tuple[Problem, ...]


def model_plans(
    settings: Settings, specs: Sequence[DataSpec], base: str, usable: Sequence[str]
) -> ModelPlans:
    """The plans of all ``[[models]]``; arguments as ``make_plan`` has them."""
    taken = {one.name for one in settings.predictions}
    problems: list[Problem] = []
    plans = []
    for entry in settings.models:
        if entry.name in taken:
            wrong = f"[[models]] name {entry.name!r} is taken"
            problems.append(Problem(entry.name, None, wrong, "give each model and predictions one name"))
            continue
        taken.add(entry.name)
        result = make_plan(entry, settings, specs, folder_of(base, entry.name), usable)
        if isinstance(result, Problem):
            problems.append(result)
        else:
            plans.append(result)
            problems += result.problems
    return ModelPlans(tuple(plans), tuple(problems))


def make_plan(
    entry: Model, settings: Settings, specs: Sequence[DataSpec], folder: str, usable: Sequence[str]
) -> ScoringPlan | Problem:
    """``usable``: the model files that can be run; ``folder``: where this model's predictions are kept."""
    spec = next((spec for spec in specs if spec.name == entry.data), None)
    if spec is None:
        known = [spec.name for spec in specs]
        advice = did_you_mean(entry.data, known) or f"known: {', '.join(known) or 'none'}"
        return Problem(entry.name, None, f"[[models]] data: no data set {entry.data!r}", advice)
    try:
        reference = reference_files(spec)
    except DataError as error:
        return error.problem
    batches, problems = arrived(spec, reference)
    problems += [_remote(file) for file in (*reference, *batches) if file.remote][:1]
    reference = [file for file in reference if not file.remote]
    batches = [file for file in batches if not file.remote][-MAX_BATCHES:]
    target, assumed = _target(entry, spec, (*batches[-1:], *reference))
    labels = _labels(entry, settings, problems)
    usual = () if entry.features else _usual_columns(entry, spec, target, reference)
    like = _common_job(entry, spec, target, usual, labels)
    job_of = _job_maker(settings, entry, like, folder, usable, labels)
    return ScoringPlan(
        entry,
        spec=spec,
        folder=folder,
        reference=tuple(ScoringPiece(file, job_of(file, "champion"), None) for file in reference),
        batches=tuple(
            ScoringPiece(file, job_of(file, "champion"), job_of(file, "challenger")) for file in batches
        ),
        problems=tuple(problems),
        assumed=assumed,
    )


def folder_of(base: str, name: str) -> str:
    """The folder of one model's predictions below ``base``."""
    return os.path.join(base, "predictions", "m-" + quote(name, safe=" ")[:200])


def _remote(file: DataFile) -> Problem:
    return Problem(file.name, None, "remote files are not scored", "keep the batches on a local disk")


def _labels(entry: Model, settings: Settings, problems: list[Problem]) -> Labels:
    """The files of labels with their stamps; what is wrong with them is added to ``problems``."""
    try:
        files = find_files(settings.paths(entry.labels), None, settings.bounds)
    except DataError as error:
        problems.append(error.problem)
        return {}
    problems += [_remote(file) for file in files if file.remote][:1]
    return {os.path.abspath(file.uri): file.stamp for file in files if not file.remote}


def _target(entry: Model, spec: DataSpec, files: Sequence[DataFile]) -> tuple[str | None, str]:
    """The column of the truth, and what was assumed in choosing it."""
    configured = entry.target or spec.options.target
    if configured is not None:
        return configured, ""
    for file in files:
        try:
            names = [name for name, _ in format_of(file).schema(file)]
        except Exception:  # a file that cannot be read is told where it is scored
            continue
        guessed = next((name for name in names if guess_role(name, None, None, None, None) == "target"), None)
        if guessed is not None:
            return guessed, f"{entry.name}: target column assumed: {guessed}"
    return None, ""


def _usual_columns(
    entry: Model, spec: DataSpec, target: str | None, reference: Sequence[DataFile]
) -> tuple[str, ...]:
    """The columns, in order, that a model gets which names none: fixed once, by the reference, so that a
    batch in another order is scored the same."""
    apart = {target, entry.key or spec.options.key, entry.group}
    for file in reference:
        try:
            return numeric_columns(dict(format_of(file).schema(file)), apart)
        except Exception:  # as in _target
            continue
    return ()


def _common_job(
    entry: Model, spec: DataSpec, target: str | None, usual: tuple[str, ...], labels: Labels
) -> ScoringJob:
    """What all jobs of an entry have in common."""
    return ScoringJob(
        *("", "", "", ""),
        features=entry.features,
        target=target,
        key=entry.key or spec.options.key,
        group=entry.group,
        slices=entry.slices or spec.options.segments,
        task=entry.task,
        classes=entry.classes,
        positive=entry.positive,
        score=entry.score,
        seconds=entry.timeout,
        usual=usual,
        labels=tuple(labels),
    )


def _job_maker(
    settings: Settings, entry: Model, like: ScoringJob, folder: str, usable: Sequence[str], labels: Labels
) -> Callable[[DataFile, str], ScoringJob | None]:
    """Makes the job of a file and a side from what all jobs of the entry have in common; None where that side
    has no model that can be run."""
    models = {side: path for side, path in model_files(entry, settings) if path in usable}
    stamps = {side: stamp_of(path) for side, path in models.items()}
    stamped = [f"{path}\t{stamp}" for path, stamp in labels.items()]

    def job_of(file: DataFile, side: str) -> ScoringJob | None:
        if side not in models:
            return None
        output = os.path.join(folder, side, mirrored(file.name))
        job = replace(like, model=models[side], data=os.path.abspath(file.uri), output=output)
        identity = json.dumps([_ENGINE, stamps[side], file.stamp, repr(job), stamped]).encode()
        return replace(job, identity=hashlib.sha256(identity).hexdigest()[:32], mtime_ns=file.mtime_ns)

    return job_of


def model_files(entry: Model, settings: Settings) -> Iterator[tuple[str, str]]:
    """(side, path) of the models that an entry names."""
    for side, named in (("champion", entry.champion), ("challenger", entry.challenger)):
        if named:
            yield side, settings.path(named)


def mirrored(name: str) -> str:
    """The relative path of a data file's predictions: its own, with what lies above the root taken off."""
    parts = [part for part in name.replace(os.sep, "/").split("/") if part not in ("", ".")]
    path = "/".join("above" if part == ".." else part for part in parts)
    return path if path.lower().endswith(_ENDING) else path + _ENDING
