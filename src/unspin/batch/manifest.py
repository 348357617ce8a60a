"""The manifest: what became of every article, and what a killed run goes on from.

JSON Lines. The first line is of type ``run`` (versions, settings, action), then
for each file its articles (``article``, with a ``status`` of ``edited``,
``unchanged``, ``skipped`` with ``reason`` or ``failed`` with ``error``) and a
``file`` line, written after the output is in place; the last line is ``end``.
Without a time or a machine's name in it, the same run gives the same bytes.

To go on, everything after the last ``file`` line is dropped. Results of the
file that was being worked on are in the journal, so that nothing is restored
twice; only its output is written anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from unspin.batch.worker import Outcome
from unspin.errors import InputError, OutputError, SettingsError
from unspin.files import MISSING, UNREADABLE

STATUSES = ("edited", "unchanged", "skipped", "failed")

EXISTS = "{path} exists: go on with --resume, undo it, or name another --manifest"
UNWRITABLE = "{path} cannot be written ({reason}): make room, then go on with --resume"
OTHER_RUN = (
    "{path} belongs to a run with another {key} ({before}, now {now}): use the same options, "
    "or name another --manifest"
)
NOT_A_MANIFEST = "{path} is not a manifest of unspin batch"


def read_manifest(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The ``run`` line and the ``file`` lines of a manifest.

    Raises:
        InputError: if it is missing or none.
    """
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as stream:
            header: dict[str, Any] | None = None
            files = []
            for line in stream:
                try:
                    record = json.loads(line)
                except ValueError:
                    break  # where the run was killed
                if header is None:
                    if not isinstance(record, dict) or record.get("type") != "run":
                        break
                    header = record
                elif record.get("type") == "file":
                    files.append(record)
    except FileNotFoundError as error:
        raise InputError(MISSING.format(name=path)) from error
    except OSError as error:
        raise InputError(UNREADABLE.format(name=path, reason=error.strerror)) from error
    if header is None:
        raise InputError(NOT_A_MANIFEST.format(path=path))
    return header, files


class AppendFile:
    """A file of JSON lines that can be cut back to an earlier size."""

    def __init__(self, path: Path, size: int) -> None:
        """The file at ``path``, cut to ``size``.

        Raises:
            OutputError: if it cannot be written.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream: IO[bytes] = path.open("ab")
            self._stream.truncate(size)
        except OSError as error:
            raise OutputError(UNWRITABLE.format(path=path, reason=error.strerror)) from error
        self.size = size

    def append(self, record: Mapping[str, Any]) -> None:
        """Add a line."""
        line = dump(record) + b"\n"
        try:
            self._stream.write(line)
        except OSError as error:
            raise OutputError(UNWRITABLE.format(path=self.path, reason=error.strerror)) from error
        self.size += len(line)

    def flush(self) -> None:
        """Hand the lines to the system, so that they outlive this process."""
        try:
            self._stream.flush()
        except OSError as error:
            raise OutputError(UNWRITABLE.format(path=self.path, reason=error.strerror)) from error

    def cut(self, size: int) -> None:
        """Drop what follows ``size`` bytes."""
        self.flush()
        self._stream.truncate(size)
        self.size = size

    def close(self) -> None:
        """Flush, sync and close."""
        self.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()


class Manifest:
    """A manifest being written, with the rejects beside it."""

    def __init__(self, path: Path, header: Mapping[str, Any], resume: bool) -> None:
        """A new manifest, or with ``resume`` the one at ``path`` if there is one.

        Raises:
            OutputError: if there is one already and ``resume`` is off.
            SettingsError: if it belongs to another run.
        """
        self.done: dict[str, dict[str, Any]] = {}
        self.counts: Counter[str] = Counter()
        size = rejects = 0
        if path.exists() and path.stat().st_size:
            if not resume:
                raise OutputError(EXISTS.format(path=path))
            size, rejects = self._read(path, header)
        self._lines = AppendFile(path, size)
        self._rejects_path = path.with_name(path.name.removesuffix(".jsonl") + ".rejected.jsonl")
        self._rejects: AppendFile | None = None
        self._rejects_size = rejects
        if self._rejects_path.exists():
            self._reject_file()
        if not size:
            self._lines.append(header)
            self._lines.flush()
        self._start = (self._lines.size, rejects)

    def _read(self, path: Path, header: Mapping[str, Any]) -> tuple[int, int]:
        size = position = rejects = 0
        with path.open("rb") as stream:
            for line in stream:
                position += len(line)
                record = _whole(line)
                if record is None:
                    break
                if not size:
                    _same_run(path, record, header)
                    size = position
                elif record.get("type") == "file":
                    self.done[record["path"]] = record
                    self._count(record)
                    size, rejects = position, record["rejects"]
        return size, rejects

    def _count(self, record: Mapping[str, Any]) -> None:
        for name in (*STATUSES, "edits"):
            self.counts[name] += record[name]

    def article(self, record: Mapping[str, Any]) -> None:
        """Add what became of an article."""
        self._lines.append({"type": "article", **record})

    def reject(self, record: Mapping[str, Any]) -> None:
        """Add an article to the file of rejects."""
        self._reject_file().append(record)

    def _reject_file(self) -> AppendFile:
        if self._rejects is None:
            self._rejects = AppendFile(self._rejects_path, self._rejects_size)
        return self._rejects

    def end_file(self, record: Mapping[str, Any]) -> None:
        """Add the line that makes a file's articles final."""
        if self._rejects is not None:
            self._rejects.flush()
            self._rejects_size = self._rejects.size
        line = {"type": "file", **record, "rejects": self._rejects_size}
        self._lines.append(line)
        self._lines.flush()
        self._count(line)
        self._start = (self._lines.size, self._rejects_size)

    def drop_file(self) -> None:
        """Take back the articles of a file that could not be finished."""
        self._lines.cut(self._start[0])
        if self._rejects is not None:
            self._rejects.cut(self._start[1])

    def close(self, finished: bool) -> None:
        """Close; a ``finished`` run gets its last line."""
        if finished:
            self._lines.append({"type": "end", **{n: self.counts[n] for n in (*STATUSES, "edits")}})
        self._lines.close()
        if self._rejects is not None:
            self._rejects.close()


class Journal:
    """Outcomes of the file being worked on, kept until its output is in place."""

    def __init__(self, path: Path, resume: bool) -> None:
        self._path = path
        size = 0
        if resume and path.exists():
            with path.open("rb") as stream:
                size = sum(len(line) for line in stream if line.endswith(b"\n"))
        self._lines = AppendFile(path, size)
        self._read = path.open("rb")
        self._end = size

    def replay(self, key: str) -> tuple[Outcome, ...] | None:
        """The outcomes found before for the next articles, if ``key`` is theirs."""
        start = self._read.tell()
        if start >= self._end:
            return None
        record = _whole(self._read.readline())
        if record is None or record.get("key") != key:
            self._end = start
            self._lines.cut(start)
            return None
        return tuple(Outcome.from_dict(outcome) for outcome in record["outcomes"])

    def add(self, key: str, outcomes: Iterable[Outcome]) -> None:
        """Keep the outcomes of the next articles."""
        self._lines.append({"key": key, "outcomes": [outcome.to_dict() for outcome in outcomes]})
        self._lines.flush()

    def clear(self) -> None:
        """Forget everything: the file's output is in place."""
        if self._lines.size:
            self._lines.cut(0)
        self._end = 0

    def close(self, finished: bool) -> None:
        """Close; a ``finished`` run needs its journal no more."""
        self._read.close()
        self._lines.close()
        if finished:
            self._path.unlink(missing_ok=True)


def key_of(path: str, number: int, articles: Iterable[Mapping[str, str]]) -> str:
    """What names a stretch of articles and changes with their texts."""
    digest = hashlib.sha256(f"{path}\0{number}\0".encode("utf-8", "surrogatepass"))
    for texts in articles:
        digest.update(digest_of(texts).encode())
    return digest.hexdigest()


def digest_of(texts: Mapping[str, str]) -> str:
    """The SHA-256 of an article's texts."""
    digest = hashlib.sha256()
    for number, text in enumerate(texts.values()):
        digest.update((b"\0" if number else b"") + text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def dump(record: Mapping[str, Any]) -> bytes:
    """The record as a line of JSON; undecodable bytes of names and texts become escapes."""
    text = json.dumps(record, ensure_ascii=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(record).encode("ascii")


def _whole(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _same_run(path: Path, record: Mapping[str, Any], header: Mapping[str, Any]) -> None:
    if record.get("type") != "run":
        raise SettingsError(NOT_A_MANIFEST.format(path=path))
    now = json.loads(json.dumps(header))
    for key in {**record, **now}:
        if record.get(key) != now.get(key):
            raise SettingsError(
                OTHER_RUN.format(path=path, key=key, before=record.get(key), now=now.get(key))
            )
