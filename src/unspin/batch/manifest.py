"""The manifest: what became of every article, and what a killed run goes on from.

JSON Lines. The first line is of type ``run`` (versions, settings, action), then
for each file its articles (``article``, with a ``status`` of ``edited``,
``unchanged``, ``skipped`` with ``reason`` or ``failed`` with ``error``) and a
``file`` line, written after the output is in place; the last line is ``end``.
Without a time or a machine's name in it, the same run gives the same bytes.

To go on, everything after the last ``file`` line is dropped. Results of the
file that was being worked on are in the journal, so that nothing is restored
twice; only its output is written anew. Files with articles that failed are
tried again; until the run is finished their new lines follow the old ones, and
a file's last lines count.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from unspin.batch.lines import AppendFile, whole
from unspin.batch.tidy import finish_tidying, tidy
from unspin.errors import InputError, OutputError, SettingsError
from unspin.files import MISSING, UNREADABLE

STATUSES = ("edited", "unchanged", "skipped", "failed")

EXISTS = "{path} exists: go on with --resume, undo it, or name another --manifest"
OTHER_RUN = (
    "{path} belongs to a run with another {key} ({before}, now {now}): use the same options, "
    "or name another --manifest"
)
NOT_A_MANIFEST = "{path} is not a manifest of unspin batch"


def read_manifest(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The ``run`` line of a manifest and the last ``file`` line of each file.

    Raises:
        InputError: if it is missing or none.
    """
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as stream:
            header: dict[str, Any] | None = None
            files: dict[str, dict[str, Any]] = {}
            for line in stream:
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    break  # where the run was killed
                if not isinstance(record, dict):
                    break
                if header is None:
                    if record.get("type") != "run":
                        break
                    header = record
                elif record.get("type") == "file" and "path" in record:
                    files[record["path"]] = record
    except FileNotFoundError as error:
        raise InputError(MISSING.format(name=path)) from error
    except OSError as error:
        raise InputError(UNREADABLE.format(name=path, reason=error.strerror)) from error
    if header is None:
        raise InputError(NOT_A_MANIFEST.format(path=path))
    return header, list(files.values())


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
        self._rejects_path = path.with_name(path.name.removesuffix(".jsonl") + ".rejected.jsonl")
        self._superseded = False  # whether a file has lines that no longer count
        if resume:
            finish_tidying(path, self._rejects_path)
        if path.exists() and path.stat().st_size:
            if not resume:
                raise OutputError(EXISTS.format(path=path))
            size, rejects = self._read(path, header)
        self._lines = AppendFile(path, size)
        self._rejects: AppendFile | None = None
        self._rejects_size = rejects
        with contextlib.ExitStack() as failed:
            failed.callback(self.close, False)
            if self._rejects_path.exists():
                self._reject_file()
            if not size:
                self._lines.append(header)
                self._lines.flush()
            failed.pop_all()
        self._start = (self._lines.size, rejects)

    def _read(self, path: Path, header: Mapping[str, Any]) -> tuple[int, int]:
        size = position = rejects = 0
        with path.open("rb") as stream:
            for line in stream:
                position += len(line)
                record = whole(line)
                if record is None:
                    if not size and line.endswith(b"\n"):  # no run began like that
                        raise SettingsError(NOT_A_MANIFEST.format(path=path))
                    break
                if not size:
                    _same_run(path, record, header)
                    size = position
                elif record.get("type") == "file":
                    self._take(record)
                    size, rejects = position, record["rejects"]
        return size, rejects

    def _take(self, record: dict[str, Any]) -> None:
        """Count a file, in place of what was counted for it before."""
        before = self.done.get(record["path"])
        self._superseded = self._superseded or before is not None
        for name in (*STATUSES, "edits"):
            self.counts[name] += record[name] - (before[name] if before else 0)
        self.done[record["path"]] = record

    def forget_failed(self, paths: Iterable[str]) -> None:
        """Drop what failed as a whole and is not among ``paths`` any more."""
        wanted = set(paths)
        gone = [p for p, r in self.done.items() if r["status"] == "failed" and p not in wanted]
        for path in gone:
            record = self.done.pop(path)
            for name in (*STATUSES, "edits"):
                self.counts[name] -= record[name]
        self._superseded = self._superseded or bool(gone)

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
        self._take(line)
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
        with contextlib.ExitStack() as files:
            files.callback(self._lines.close)
            if self._rejects is not None:
                files.callback(self._rejects.close)
        if finished and self._superseded:
            tidy(self._lines.path, self._rejects_path, self.done)


def digest_of(texts: Mapping[str, str]) -> str:
    """The SHA-256 of an article's texts."""
    digest = hashlib.sha256()
    for number, text in enumerate(texts.values()):
        digest.update((b"\0" if number else b"") + text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _same_run(path: Path, record: Mapping[str, Any], header: Mapping[str, Any]) -> None:
    if record.get("type") != "run":
        raise SettingsError(NOT_A_MANIFEST.format(path=path))
    now = json.loads(json.dumps(header))
    for key in {**record, **now}:
        if record.get(key) != now.get(key):
            raise SettingsError(
                OTHER_RUN.format(path=path, key=key, before=record.get(key), now=now.get(key))
            )
