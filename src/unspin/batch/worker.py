"""Worker processes: each loads its models once and restores the texts it is sent.

The main process keeps all files to itself and is the only one that writes; a
worker that dies takes down nothing but the articles it held, which are tried
once more one at a time, so that the one at fault is known.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple, Protocol, TypeAlias

from unspin.errors import DataError, SettingsError, UnspinError
from unspin.records import Edit, EditKind, Evidence, Restoration
from unspin.settings import Settings
from unspin.sources import MARKUPS

NO_WORKER = (
    "worker processes end before they answer: use --workers 0 to see why, and in a script of your "
    'own call run_batch under if __name__ == "__main__"'
)
WORKER_DIED = "the worker process died while restoring this article"

# Tasks under way or waiting for their turn, for each worker: enough that none
# idles while a slow task holds up the order, few enough that memory stays flat.
_AHEAD = 6
# So many deaths before the first answer are not the fault of the articles.
_MOST_DEATHS = 8


class RestorerLike(Protocol):
    """What a worker needs of a restorer."""

    def restore(self, text: str) -> Restoration:
        """The proposed restoration of a text."""


Factory: TypeAlias = Callable[[Settings], RestorerLike]
Texts: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What restoring one article gave: edits of the raw text by field, or an error."""

    edits: Mapping[str, tuple[Edit, ...]]
    suggestions: int = 0
    findings: int = 0
    spin_score: float = 0.0
    spin_rate: float = 0.0
    spinner: str | None = None
    is_spun: bool = False
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The outcome as JSON values; evidence and alternatives are left out."""
        edits = {
            field: [[e.start, e.end, e.before, e.after, e.confidence, e.kind] for e in edits]
            for field, edits in self.edits.items()
        }
        return {
            "edits": edits,
            "suggestions": self.suggestions,
            "findings": self.findings,
            "spin_score": self.spin_score,
            "spin_rate": self.spin_rate,
            "spinner": self.spinner,
            "is_spun": self.is_spun,
            "error": self.error,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Outcome:
        """The outcome that :meth:`to_dict` wrote."""
        edits = {field: tuple(_edit(*row) for row in rows) for field, rows in data["edits"].items()}
        return cls(**{**data, "edits": edits})


def _edit(start: int, end: int, before: str, after: str, confidence: float, kind: str) -> Edit:
    return Edit(start, end, before, after, confidence, EditKind(kind), Evidence("batch"))


@dataclass(frozen=True, slots=True)
class Task:
    """Articles to restore together; ``known`` is what an interrupted run already found.

    ``context`` belongs to the caller and does not travel to the worker.
    """

    markup: str
    articles: tuple[Texts, ...]
    context: Any = None
    known: tuple[Outcome, ...] | None = None


def restore_article(restorer: RestorerLike, markup: str, texts: Texts) -> Outcome:
    """The outcome for one article; whatever goes wrong with its text is its error.

    Raises:
        DataError, SettingsError: for what would go wrong with every article.
    """
    edits: dict[str, tuple[Edit, ...]] = {}
    found: list[Restoration] = []
    try:
        for field, text in texts.items():
            view = MARKUPS[markup](text)
            restoration = restorer.restore(view.text)
            found.append(restoration)
            edits[field] = tuple(
                replace(e, evidence=Evidence("batch"), alternatives=())
                for e in view.back(restoration.edits)
            )
    except (DataError, SettingsError):
        raise
    except Exception as error:
        return Outcome({}, error=f"{type(error).__name__}: {error}")
    worst = max(found, key=lambda r: r.spin_score)
    return Outcome(
        edits,
        sum(len(r.suggestions) for r in found),
        sum(len(r.findings) for r in found),
        worst.spin_score,
        worst.spin_rate,
        worst.spinner,
        any(r.is_spun for r in found),
    )


def run_tasks(
    tasks: Iterator[Task], factory: Factory, settings: Settings, workers: int
) -> Iterator[tuple[Task, tuple[Outcome, ...]]]:
    """The tasks with their outcomes, in order; 0 ``workers`` works in this process.

    Raises:
        UnspinError: for what would go wrong with every article.
    """
    if workers > 0:
        pool = _Pool(factory, settings, workers)
        try:
            yield from pool.run(tasks)
        finally:
            pool.close()
        return
    restorer: RestorerLike | None = None
    for task in tasks:
        if task.known is not None:
            yield task, task.known
            continue
        restorer = restorer or factory(settings)
        yield task, tuple(restore_article(restorer, task.markup, a) for a in task.articles)


def _serve(connection: Connection, factory: Factory, settings: Settings) -> None:
    """Answer tasks until the other end is closed: by the main process, or by its death."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    restorer: RestorerLike | None = None
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            markup, articles = connection.recv()
            answer: tuple[Outcome, ...] | str
            try:
                restorer = restorer or factory(settings)
                answer = tuple(restore_article(restorer, markup, texts) for texts in articles)
            except UnspinError as error:
                answer = str(error)
            connection.send(answer)


@dataclass(slots=True)
class _Slot:
    """A task in its place in the order; ``parts`` fill up with outcomes."""

    task: Task
    parts: list[Outcome | None]
    left: int


class _Part(NamedTuple):
    """Articles of a slot's task that are sent together; ``again`` after a worker's death."""

    slot: _Slot
    numbers: tuple[int, ...]
    again: bool


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    held: _Part | None = None


class _Pool:
    def __init__(self, factory: Factory, settings: Settings, count: int) -> None:
        self._factory = factory
        self._settings = settings
        self._count = count
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._order: deque[_Slot] = deque()
        self._waiting: deque[_Part] = deque()
        self._deaths: int | None = 0  # before the first answer; None after it

    def run(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, tuple[Outcome, ...]]]:
        """The tasks with their outcomes, in order."""
        exhausted = False
        while True:
            while not exhausted and len(self._order) < self._count * _AHEAD:
                task = next(tasks, None)
                if task is None:
                    exhausted = True
                else:
                    self._add(task)
                    self._hand_out()
            self._hand_out()
            while self._order and self._order[0].left == 0:
                slot = self._order.popleft()
                yield slot.task, tuple(part for part in slot.parts if part is not None)
            if self._order:
                self._collect()
            elif exhausted:
                return

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.connection.close()
            if worker.held is not None:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(5)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers.clear()

    def _add(self, task: Task) -> None:
        if task.known is not None or not task.articles:
            self._order.append(_Slot(task, list(task.known or ()), 0))
            return
        count = len(task.articles)
        slot = _Slot(task, [None] * count, count)
        self._order.append(slot)
        self._waiting.append(_Part(slot, tuple(range(count)), False))

    def _hand_out(self) -> None:
        idle = [worker for worker in self._workers if worker.held is None]
        while self._waiting:
            if not idle:
                if len(self._workers) >= self._count:
                    return
                idle.append(self._start())
            worker = idle.pop()
            part = worker.held = self._waiting.popleft()
            articles = tuple(part.slot.task.articles[n] for n in part.numbers)
            try:
                worker.connection.send((part.slot.task.markup, articles))
            except OSError:
                self._bury(worker)

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(theirs, self._factory, self._settings), daemon=True
        )
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _collect(self) -> None:
        """Wait until a worker answers, or dies."""
        busy = {worker.connection: worker for worker in self._workers if worker.held is not None}
        if not busy:
            return
        for connection in wait(list(busy)):
            worker = busy[connection]  # type: ignore[index]
            assert worker.held is not None
            try:
                answer = worker.connection.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            slot, numbers, _ = worker.held
            worker.held = None
            self._deaths = None
            if isinstance(answer, str):
                raise UnspinError(answer)
            for number, outcome in zip(numbers, answer, strict=True):
                slot.parts[number] = outcome
            slot.left -= len(numbers)

    def _bury(self, worker: _Worker) -> None:
        """Replace a dead worker; what it held is tried again, each article by itself."""
        assert worker.held is not None
        slot, numbers, again = worker.held
        self._workers.remove(worker)
        worker.connection.close()
        worker.process.join(5)
        if self._deaths is not None:
            self._deaths += 1
            if self._deaths >= _MOST_DEATHS:
                raise UnspinError(NO_WORKER)
        if again:
            slot.parts[numbers[0]] = Outcome({}, error=WORKER_DIED)
            slot.left -= 1
        else:
            self._waiting.extendleft(_Part(slot, (n,), True) for n in reversed(numbers))
