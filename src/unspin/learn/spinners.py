"""How much likelier each word is in a family's output than in what it was made from.

The table behind the cheap screen (:mod:`unspin.document`): for word ``w`` and
family ``f`` the log ratio (nats, rounded to 0.1) of its relative frequency in
spun and in original text. Words that no spinner touches are left out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unspin.learn.parallel import ParallelText
from unspin.spinners import HEADER, SCALE

# Less is noise or says nothing.
_MIN_RATIO = 0.35
_MIN_COUNT = 15
_SMOOTHING = 1.0


def log_ratios(text: ParallelText) -> NDArray[np.float64]:
    """(words, families) log ratios, shrunk toward 0 where counts are small."""
    shape = len(text.vocabulary), len(text.spinners)
    tables = []
    for side in (text.spun, text.original):
        sizes = np.diff(side.offsets)
        family = np.repeat(text.spinner[text.document], sizes)
        flat = side.words.astype(np.int64) * shape[1] + family
        tables.append(np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape).astype(float))
    spun, original = tables
    scale = original.sum(0) / np.maximum(spun.sum(0), 1)
    ratio: NDArray[np.float64] = np.log((spun * scale + _SMOOTHING) / (original + _SMOOTHING))
    ratio[(spun + original) < _MIN_COUNT] = 0.0
    return ratio


def write(text: ParallelText, path: Path) -> int:
    """Write the table; returns the number of words."""
    ratios = np.clip(np.rint(log_ratios(text) * SCALE), -99, 99).astype(int)
    lines = []
    for word, row in zip(text.vocabulary, ratios.tolist(), strict=True):
        if word.isalpha() and max(map(abs, row)) >= _MIN_RATIO * SCALE:
            lines.append("\t".join([word, " ".join(map(str, row))]))
    head = [HEADER, "# families: " + " ".join(text.spinners)]
    path.write_text("\n".join(head + sorted(lines)) + "\n", encoding="utf-8")
    return len(lines)
