"""Runs a batch: reads ahead for the workers, writes in order, keeps the manifest."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from unspin.batch.articles import changes_of, is_live, note_of, stretches
from unspin.batch.journal import Journal, key_of
from unspin.batch.manifest import STATUSES, Manifest, digest_of
from unspin.batch.output import Output, OutputFullError, backup_of, sha256_of
from unspin.batch.plan import Job, Plan
from unspin.batch.retry import worth_retrying
from unspin.batch.worker import Factory, Outcome, Task, run_tasks
from unspin.errors import InputError, OutputError, UnspinError
from unspin.records import Provenance
from unspin.settings import Settings
from unspin.sources import Change, ReadOptions, Record, Source, open_source

# EFBIG: a limit on the size of files, which a user or a quota sets.
_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


class Action(StrEnum):
    """What is done with an article."""

    FIX = "fix"  # its edits are made
    ANNOTATE = "annotate"  # score and edits are added, the text stays
    DROP_SPUN = "drop-spun"  # spun ones go to the rejects, the others stay as they are


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a batch is run.

    ``manifest`` is ``None`` for a dry run. Backups of a run ``in_place`` lie
    beside it.
    """

    manifest: Path | None
    action: Action = Action.FIX
    in_place: bool = False
    resume: bool = False
    workers: int = 0
    read: ReadOptions = field(default_factory=ReadOptions)


Report = Callable[[Mapping[str, Any]], None]


def run_batch(
    plan: Plan,
    settings: Settings,
    options: BatchOptions,
    factory: Factory,
    provenance: Provenance,
    report: Report | None = None,
) -> dict[str, int]:
    """How many articles were edited, unchanged, skipped and failed, and how many edits made.

    ``factory`` makes each worker's restorer, so it must be importable. ``report``
    gets every line of the manifest as it comes.

    Raises:
        UnspinError: if the run cannot go on; it can be resumed.
    """
    run = _Run(plan, settings, options, provenance, report)
    finished = False
    try:
        steps = run_tasks(run.tasks(), factory, settings, options.workers)
        with closing(steps):  # type: ignore[type-var]
            for task, outcomes in steps:
                run.take(task.context, outcomes)
        finished = True
    finally:
        run.close(finished)
    return {name: run.counts[name] for name in (*STATUSES, "edits")}


@dataclass(frozen=True, slots=True)
class _Step:
    """A stretch of a file's records; the last one may say why the file is no use."""

    job: Job
    source: Source | None
    records: tuple[Record, ...]
    first: bool
    last: bool
    number: int = 0
    key: str | None = None
    known: bool = False
    error: str | None = None
    skip: str | None = None


class _Run:
    def __init__(
        self,
        plan: Plan,
        settings: Settings,
        options: BatchOptions,
        provenance: Provenance,
        report: Report | None,
    ) -> None:
        self._plan = plan
        self._options = options
        self._report = report or (lambda record: None)
        self._manifest: Manifest | None = None
        self._journal: Journal | None = None
        self._output: Output | None = None
        self._file: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._abandoned: str | None = None  # the file whose other stretches no longer matter
        path = options.manifest
        if path is None:
            return
        root = os.path.relpath(plan.root.resolve(), path.parent.resolve())
        header = {
            "type": "run",
            "root": Path(root).as_posix(),
            "in_place": options.in_place,
            "action": str(options.action),
            "fields": list(options.read.fields),
            "encoding": options.read.encoding,
            "version": provenance.version,
            "lexicon": provenance.lexicon,
            "model": provenance.model,
            "settings": provenance.settings,
        }
        backups = backup_of(path, "")
        if options.in_place and not options.resume and backups.exists():
            raise OutputError(
                f"{backups} holds the originals of another run: undo that one, "
                "or name another --manifest"
            )
        with ExitStack() as failed:
            self._manifest = Manifest(path, header, options.resume)
            failed.callback(self._manifest.close, False)
            self._journal = Journal(path.with_name(path.name + ".journal"), options.resume)
            failed.pop_all()

    @property
    def counts(self) -> Counter[str]:
        """What became of the articles so far, those of the resumed run included."""
        return self._manifest.counts if self._manifest else self._counts

    def close(self, finished: bool) -> None:
        """Let go of all files; a run that is not ``finished`` can be resumed."""
        with ExitStack() as files:  # the others are closed if one cannot be
            if self._manifest is not None:
                files.callback(self._manifest.close, finished)
            if self._journal is not None:
                files.callback(self._journal.close, finished)
            if self._output is not None:
                files.callback(self._output.discard)

    def tasks(self) -> Iterator[Task]:
        """The work, file by file, read as it is asked for."""
        if self._manifest is not None:
            self._manifest.forget_failed(job.path for job in self._plan.jobs)
        done = dict(self._manifest.done) if self._manifest else {}
        failed = []
        for job in self._plan.jobs:
            before = done.get(job.path)
            if before is None:
                yield from self._job_tasks(job)
            elif worth_retrying(job, before, self._backup(job)):
                failed.append(job)
            else:
                self._report({"type": "file", **before, "resumed": True})
        # Last, so that the journal is still that of the file cut off.
        for job in failed:
            yield from self._job_tasks(job)

    def _job_tasks(self, job: Job) -> Iterator[Task]:
        if job.skip is not None or job.error is not None:
            step = _Step(job, None, (), True, True, skip=job.skip, error=job.error)
            yield Task("text", (), step)
        else:
            yield from self._file_tasks(job)

    def _file_tasks(self, job: Job) -> Iterator[Task]:
        source: Source | None = None
        number = 0
        try:
            source = open_source(self._input(job), self._options.read)
            previous: tuple[Record, ...] | None = None
            for records in stretches(source.records()):
                if previous is not None:
                    yield self._task(job, source, previous, number, last=False)
                    number += 1
                previous = records
            yield self._task(job, source, previous or (), number, last=True)
        except (UnspinError, OSError) as error:
            step = _Step(job, source, (), number == 0, True, number, error=str(error))
            yield Task("text", (), step)

    def _input(self, job: Job) -> Path:
        """The file to read: its backup, where a killed run had replaced it already."""
        backup = self._backup(job)
        return backup if backup is not None and backup.exists() else job.input

    def _backup(self, job: Job) -> Path | None:
        """Where the file's original is or will be kept, if the run is in place."""
        if self._options.in_place and self._options.manifest is not None:
            return backup_of(self._options.manifest, job.path)
        return None

    def _task(
        self, job: Job, source: Source, records: tuple[Record, ...], number: int, last: bool
    ) -> Task:
        articles = tuple(record.texts for record in records if is_live(record))
        key = known = None
        if self._journal is not None and not (last and number == 0):
            key = key_of(job.path, number, articles)
            known = self._journal.replay(key)
        step = _Step(job, source, records, number == 0, last, number, key, known is not None)
        return Task(source.markup, articles, step, known)

    def take(self, step: _Step, outcomes: tuple[Outcome, ...]) -> None:
        """Write what became of a stretch of records; the last one ends its file."""
        if step.job.path == self._abandoned:
            return
        if step.first:
            self._file = Counter()
        if step.error is not None or step.skip is not None:
            self._give_up(step.job, step.error, step.skip)
            return
        assert step.source is not None
        if self._journal is not None and step.key is not None and not step.known:
            self._journal.add(step.key, outcomes)
        try:
            if step.first and self._manifest is not None and step.job.target is not None:
                self._output = Output(self._input(step.job), step.job.target, step.source)
            left = iter(outcomes)
            for record in step.records:
                self._record(step, record, next(left) if is_live(record) else None)
            if step.last:
                self._end(step.job)
        except OutputFullError:
            raise
        except (OutputError, OSError) as error:
            if isinstance(error, OSError) and error.errno in _FULL:
                raise OutputFullError(step.job.target) from error
            self._give_up(step.job, str(error), None)
            self._abandoned = None if step.last else step.job.path

    def _record(self, step: _Step, record: Record, outcome: Outcome | None) -> None:
        job, source, output = step.job, step.source, self._output
        assert source is not None
        if record.silent:
            if output:
                output.write(record, {}, self._note(None))
            return
        name = f"{job.path}:{record.id}" if record.id else job.path
        entry: dict[str, Any] = {"path": job.path, "id": name}
        changes: dict[str, Change] = {}
        spun = self._options.action is Action.DROP_SPUN and outcome is not None and outcome.is_spun
        if record.broken is not None:
            entry |= {"status": "failed", "error": record.broken}
        elif outcome is None:
            entry |= {"status": "skipped", "reason": record.skip}
        elif outcome.error is not None:
            entry |= {"status": "failed", "error": outcome.error}
        else:
            try:
                changes = changes_of(record, outcome)
            except InputError as error:
                entry |= {"status": "failed", "error": str(error)}
            else:
                entry |= self._verdict(record, outcome, changes, spun)
        if self._options.action is not Action.FIX:
            changes = {}
        if output is not None:
            if spun:
                output.drop()
            else:
                entry = self._write(entry, record, changes, outcome, output)
        if spun and self._manifest is not None:
            try:
                self._manifest.reject({**entry, "record": source.original(record)})
            except RecursionError:  # nested too deep to be written: its texts at least
                self._manifest.reject({**entry, "record": dict(record.texts)})
        self._count(entry, retry=record.broken is None)

    def _verdict(
        self, record: Record, outcome: Outcome, changes: Mapping[str, Change], spun: bool
    ) -> dict[str, Any]:
        made = changes if self._options.action is Action.FIX else {}
        after = {name: made[name].text if name in made else t for name, t in record.texts.items()}
        verdict: dict[str, Any] = {"status": "edited" if made else "unchanged"}
        if spun:
            verdict = {"status": "skipped", "reason": "spun"}
        return verdict | {
            "spin_score": outcome.spin_score,
            "spin_rate": outcome.spin_rate,
            "spinner": outcome.spinner,
            "edits": sum(len(change.edits) for change in changes.values()),
            "suggestions": outcome.suggestions,
            "findings": outcome.findings,
            "sha256_in": digest_of(record.texts),
            "sha256_out": None if spun else digest_of(after),
        }

    def _write(
        self,
        entry: dict[str, Any],
        record: Record,
        changes: Mapping[str, Change],
        outcome: Outcome | None,
        output: Output,
    ) -> dict[str, Any]:
        note = self._note(outcome)
        failed = entry["status"] == "failed"
        try:
            if failed and not output.keeps_failed:
                output.drop()
            else:
                output.write(record, changes, note)
        except (UnicodeEncodeError, OutputError) as error:
            # An encoding that lacks a character of an edit: this article stays as it was.
            entry = {"path": entry["path"], "id": entry["id"], "status": "failed"}
            entry["error"] = str(error)
            if output.keeps_failed:
                output.write(record, {}, note)
            else:
                output.drop()
        return entry

    def _note(self, outcome: Outcome | None) -> dict[str, Any] | None:
        return note_of(outcome) if self._options.action is Action.ANNOTATE else None

    def _count(self, entry: Mapping[str, Any], retry: bool = True) -> None:
        """Note what became of an article; ``retry`` if a failure may be otherwise another time."""
        self._file[entry["status"]] += 1
        if entry["status"] == "failed" and retry:
            self._file["retry"] += 1
        if entry["status"] == "edited":
            self._file["edits"] += entry["edits"]
        if self._manifest is not None:
            self._manifest.article(entry)
        self._report({"type": "article", **entry})

    def _end(self, job: Job) -> None:
        before = after = None
        if self._output is not None:
            before = sha256_of(self._input(job))
            after = self._output.finish(self._backup(job))
            self._output = None
        self._close_file(job, "done", before, after)

    def _give_up(self, job: Job, error: str | None, skip: str | None) -> None:
        """A file that could not be read or written is one failed article."""
        if self._output is not None:
            self._output.discard()
            self._output = None
        if self._manifest is not None:
            self._manifest.drop_file()
        self._file = Counter()
        entry = {"path": job.path, "id": job.path}
        if skip is not None:
            self._count({**entry, "status": "skipped", "reason": skip})
        else:
            self._count({**entry, "status": "failed", "error": error})
        self._close_file(job, "skipped" if skip is not None else "failed", None, None)

    def _close_file(self, job: Job, status: str, before: str | None, after: str | None) -> None:
        record: dict[str, Any] = {"path": job.path, "status": status}
        record |= {name: self._file[name] for name in (*STATUSES, "edits")}
        self._counts.update({name: self._file[name] for name in (*STATUSES, "edits")})
        if self._manifest is not None:
            record |= {"sha256_in": before, "sha256_out": after, "retry": self._file["retry"] > 0}
            self._manifest.end_file(record)
        if self._journal is not None:
            self._journal.clear()
        self._report({"type": "file", **record})
