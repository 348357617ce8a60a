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

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unspin.errors import DataError

HEADER = "# unspin spinners 1"
SCALE = 10
_OTHER = re.compile(r"[^0-9 -]")
# A spinner that had written a word so often would have left its original somewhere: the
# occurrences that count in a paragraph of so many words and marks or more.
_REPEATS, _ENDLESS = 50, 2000


class SpinnerTable:
    """Log likelihood ratios of words under each family against ordinary text."""

    def __init__(
        self, families: list[str], words: dict[str, int], ratios: NDArray[np.int8]
    ) -> None:
        self.families = families
        self._words = words
        # The last row is that of all words that the table does not have.
        self._ratios = np.concatenate([ratios, np.zeros((1, len(families)), np.int8)])

    def without(self, family: str) -> SpinnerTable:
        """The table of all other families; for measuring what an unknown one does."""
        column = self.families.index(family)
        others = [name for name in self.families if name != family]
        return SpinnerTable(others, self._words, np.delete(self._ratios[:-1], column, axis=1))

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
        rows = [line.partition("\t") for line in lines[2:]]
        numbers = " ".join([row for _, _, row in rows])
        try:
            # Faster than to convert each, but what is no number it only warns of.
            flat = np.fromstring(numbers, dtype=np.int64, sep=" ")
            if _OTHER.search(numbers) or len(flat) != numbers.count(" ") + 1:
                raise ValueError("not all are numbers")
            ratios = flat.astype(np.int8).reshape(len(rows), len(families))
            if not np.array_equal(ratios.ravel(), flat):
                raise ValueError("a number does not fit into a byte")
        except (ValueError, DeprecationWarning) as error:
            raise DataError(f"{path}: a row does not have {len(families)} numbers") from error
        return cls(families, {word: n for n, (word, _, _) in enumerate(rows)}, ratios)

    def log_ratios(self, norms: Iterable[str]) -> NDArray[np.float64]:
        """The summed log ratio (nats) of the words under each family."""
        total: NDArray[np.float64] = self.paragraph_ratios([list(norms)])[0]
        return total

    def paragraph_ratios(self, paragraphs: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """(paragraphs, families): the summed log ratios (nats) of each paragraph's norms."""
        known = self._words.get
        unknown = len(self._ratios) - 1
        if not paragraphs:
            return np.zeros((0, len(self.families)))
        counted = [_counted(norms) for norms in paragraphs]
        rows = [known(norm, unknown) for norms in counted for norm in norms]
        sizes = np.array([len(norms) for norms in counted])
        starts = np.cumsum(sizes) - sizes
        summed = np.add.reduceat(self._ratios[rows], starts, axis=0, dtype=np.int64)
        ratios: NDArray[np.float64] = summed / SCALE
        return ratios


def _counted(norms: Sequence[str]) -> Sequence[str]:
    """The norms of a paragraph that are evidence: of a word repeated without end, ``_REPEATS``."""
    if len(norms) < _ENDLESS:
        return norms or ("",)
    return [norm for norm, n in Counter(norms).items() for _ in range(min(n, _REPEATS))]
