"""Posteriors to confidences, and the threshold that goes with them.

A logistic curve on the log odds of the posterior (Platt 1999), fitted by
``python -m unspin.learn.calibrate`` on held-out parallel text. The file holds
one entry per ranker::

    {"context": {"slope": 1.0, "offset": 0.0, "threshold": 0.5, "harm": 0.5, "open": {...}}}

``open`` is the curve and threshold of words that no lexicon row knows, fitted on
the text of spinners that the models have not seen.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unspin.errors import DataError
from unspin.records import EditKind

_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Calibration:
    """``confidence = sigmoid(slope * logit(posterior) + offset)``.

    ``threshold`` is the least worth (``gate.worth``) of an edit that is applied,
    ``harm`` what a word wrongly touched counts in it.
    """

    slope: float
    offset: float
    threshold: float
    harm: float = 0.5
    open: Calibration | None = None

    def of(self, kind: EditKind) -> Calibration:
        """The curve and threshold for edits of a kind."""
        return self.open if kind is EditKind.OPEN and self.open is not None else self

    def confidence(self, posterior: float) -> float:
        """The probability that an edit of this posterior is exactly right.

        >>> Calibration(1.0, 0.0, 0.5).confidence(0.25)
        0.25
        """
        p = min(max(posterior, _EDGE), 1 - _EDGE)
        return 1 / (1 + math.exp(-(self.slope * math.log(p / (1 - p)) + self.offset)))


def read_calibration(path: Path, ranker: str) -> Calibration:
    """The calibration of a ranker.

    Raises:
        DataError: when the file has none.
    """
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))[ranker]
        known = _curve(entry)
        return replace(known, open=_curve(entry["open"])) if "open" in entry else known
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: no calibration for the {ranker} ranker: {error}") from error


def _curve(entry: Mapping[str, Any]) -> Calibration:
    slope, offset, threshold, harm = (
        float(entry[name]) for name in ("slope", "offset", "threshold", "harm")
    )
    return Calibration(slope, offset, threshold, harm)
