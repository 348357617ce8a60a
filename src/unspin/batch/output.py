"""One output file: written beside its place, then moved there whole."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from unspin.errors import OutputError
from unspin.sources import Change, Record, Source, Writer

# The same name every time, so that a killed run leaves nothing that the next
# one does not write over.
_PART = ".unspin-part"
NOTE_SUFFIX = ".unspin.json"


class OutputFullError(OutputError):
    """The disk is full: nothing more can be written, but the run can be resumed."""

    def __init__(self, target: Path | None) -> None:
        super().__init__(f"no room on the disk for {target}: make some, then go on with --resume")


class Output:
    """A file being written; its target stays as it was until :meth:`finish`."""

    def __init__(self, input_: Path, target: Path, source: Source) -> None:
        self._input = input_
        self._target = target
        # A dataset keeps the place of a record that failed; a file that is one
        # article has no output then.
        self.keeps_failed = source.takes_notes
        self._takes_notes = source.takes_notes
        self._touched = False
        self._wrote = False
        self._note: Mapping[str, Any] | None = None
        self._part = target.with_name(f".{target.name[:200]}{_PART}")
        target.parent.mkdir(parents=True, exist_ok=True)
        self._stream: IO[bytes] = self._part.open("wb")
        try:
            self._writer: Writer = source.writer(self._stream)
        except BaseException:
            self.discard()
            raise

    def write(
        self, record: Record, changes: Mapping[str, Change], note: Mapping[str, Any] | None
    ) -> None:
        """Write a record; a ``note`` goes beside the file where records have no room."""
        if note is not None and not self._takes_notes:
            self._note, note = note, None
        self._touched = self._touched or bool(changes) or note is not None
        self._writer.write(record, changes, note)
        self._wrote = True

    def drop(self) -> None:
        """Leave a record out."""
        self._touched = True

    def finish(self, backup: Path | None) -> str | None:
        """The SHA-256 of the finished file; ``None`` where every record was left out.

        A file in which nothing changed has the bytes of the input, whatever a
        compressor made of them. With ``backup``, the file that is replaced is
        kept there, and an unchanged one is not replaced.
        """
        self._writer.close()
        if not self._wrote and self._touched and not self.keeps_failed:
            self.discard()
            return None
        if not self._touched:
            if backup is not None and not backup.exists():
                self.discard()
                return sha256_of(self._target)
            self._stream.seek(0)
            self._stream.truncate()
            with self._input.open("rb") as source:
                shutil.copyfileobj(source, self._stream)
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        if backup is not None:
            _keep(self._target, backup)
            shutil.copymode(self._target, self._part)
        digest = sha256_of(self._part)
        os.replace(self._part, self._target)
        if self._note is not None:
            self._write_note()
        return digest

    def _write_note(self) -> None:
        path = self._target.with_name(self._target.name + NOTE_SUFFIX)
        self._part.write_text(json.dumps(self._note, indent=1) + "\n", encoding="utf-8")
        os.replace(self._part, path)

    def discard(self) -> None:
        """Leave no trace."""
        with contextlib.suppress(OSError):
            self._stream.close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)


def backup_of(manifest: Path, path: str) -> Path:
    """Where a run in place keeps a file's original."""
    return manifest.with_name(manifest.name.removesuffix(".jsonl") + ".backup") / path


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _keep(original: Path, backup: Path) -> None:
    """Copy a file, unless that was done before; the copy appears whole."""
    if backup.exists():
        return
    backup.parent.mkdir(parents=True, exist_ok=True)
    part = backup.with_name(f".{backup.name[:200]}{_PART}")
    shutil.copy2(original, part)
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    os.replace(part, backup)
