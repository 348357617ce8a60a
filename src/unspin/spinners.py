"""The word table of the known spinner families, for the cheap screen.

Format: a header line, a line ``# families: A B ...``, then one word a line, a
tab, and one integer per family: ten times the natural log of how much likelier
the word is in the family's output than in ordinary text. Example::

    # unspin spinners 1
    # families: A B
    mature	21 0
    used	-12 -1
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unspin.errors import DataError

HEADER = "# unspin spinners 1"
SCALE = 10


class SpinnerTable:
    """Log likelihood ratios of words under each family against ordinary text."""

    def __init__(
        self, families: list[str], words: dict[str, int], ratios: NDArray[np.int8]
    ) -> None:
        self.families = families
        self._words = words
        self._ratios = ratios

    @classmethod
    def read(cls, path: Path) -> SpinnerTable:
        """The table of a file.

        Raises:
            DataError: when the file is no such table.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: cannot be read: {error}") from error
        if len(lines) < 2 or lines[0] != HEADER or not lines[1].startswith("# families: "):
            raise DataError(f"{path}: expected a table that begins with {HEADER!r}")
        families = lines[1].removeprefix("# families: ").split()
        rows = [line.split("\t") for line in lines[2:]]
        try:
            flat = np.array(" ".join(row[1] for row in rows).split(), dtype=np.int8)
            ratios = flat.reshape(len(rows), len(families))
        except (IndexError, ValueError) as error:
            raise DataError(f"{path}: a row does not have {len(families)} numbers") from error
        return cls(families, {row[0]: n for n, row in enumerate(rows)}, ratios)

    def log_ratios(self, norms: Iterable[str]) -> NDArray[np.float64]:
        """The summed log ratio (nats) of the words under each family."""
        known = self._words
        found = [known[norm] for norm in norms if norm in known]
        if not found:
            return np.zeros(len(self.families))
        summed: NDArray[np.float64] = self._ratios[found].sum(0, dtype=np.float64) / SCALE
        return summed
