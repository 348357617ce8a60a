"""JSON lines on disk that outlive a kill: appended, cut back, read up to what is whole."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from unspin.errors import OutputError

UNWRITABLE = "{path} cannot be written ({reason}): make room, then go on with --resume"


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
            with contextlib.ExitStack() as failed:
                failed.callback(self._stream.close)
                self._stream.truncate(size)
                failed.pop_all()
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
        """Flush, sync and close; closed it is in any case.

        Raises:
            OutputError: if the last lines cannot be written.
        """
        try:
            self.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise OutputError(UNWRITABLE.format(path=self.path, reason=error.strerror)) from error
        finally:
            with contextlib.suppress(OSError):
                self._stream.close()


def dump(record: Mapping[str, Any]) -> bytes:
    """The record as a line of JSON; undecodable bytes of names and texts become escapes."""
    text = json.dumps(record, ensure_ascii=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(record).encode("ascii")


def whole(line: bytes) -> dict[str, Any] | None:
    """The record of a line, or ``None`` where a kill cut it off or it is none."""
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
