"""The journal: outcomes of the file being worked on, so that a kill costs no restoring."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from unspin.batch.lines import AppendFile, whole
from unspin.batch.manifest import digest_of
from unspin.batch.worker import Outcome


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
        record = whole(self._read.readline())
        if record is None or record.get("key") != key:
            self._end = start
            self._lines.cut(start)
            return None
        if record["outcomes"] is None:
            return None
        return tuple(Outcome.from_dict(outcome) for outcome in record["outcomes"])

    def add(self, key: str, outcomes: Iterable[Outcome]) -> None:
        """Keep the outcomes of the next articles; what failed is to be tried again."""
        kept = [outcome.to_dict() for outcome in outcomes]
        failed = any(outcome["error"] is not None for outcome in kept)
        self._lines.append({"key": key, "outcomes": None if failed else kept})
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
