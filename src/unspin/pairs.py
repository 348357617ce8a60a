"""Pair files: documents before and after spinning.

JSON Lines, optionally gzipped, with the fields ``id``, ``spinner``,
``original`` and ``spun``.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from unspin.errors import DataError

_FIELDS = ("id", "spinner", "original", "spun")


@dataclass(frozen=True, slots=True)
class Pair:
    """One document before and after spinning."""

    id: str
    spinner: str
    original: str
    spun: str


def read_pairs(paths: Iterable[Path]) -> Iterator[Pair]:
    """The pairs of the files in order.

    Raises:
        DataError: naming file and line of what cannot be read.
    """
    for path in paths:
        opener = gzip.open if path.suffix == ".gz" else open
        try:
            with opener(path, "rt", encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    yield _pair(line, path, number)
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: cannot be read: {error}") from error


def _pair(line: str, path: Path, number: int) -> Pair:
    try:
        record = json.loads(line)
        return Pair(*(str(record[field]) for field in _FIELDS))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path}, line {number}: expected a JSON object with the fields "
            f"{', '.join(_FIELDS)}: {error}"
        ) from error
