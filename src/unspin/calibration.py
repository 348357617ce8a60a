"""Posteriors to confidences, and the threshold that goes with them.

A logistic curve on the log odds of the posterior (Platt 1999), fitted by
``python -m unspin.learn.calibrate`` on held-out parallel text. The file holds
one entry per ranker::

    {"context": {"slope": 1.0, "offset": 0.0, "threshold": 0.5}}
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from unspin.errors import DataError

_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Calibration:
    """``confidence = sigmoid(slope * logit(posterior) + offset)``."""

    slope: float
    offset: float
    threshold: float

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
        return Calibration(*(float(entry[k]) for k in ("slope", "offset", "threshold")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: no calibration for the {ranker} ranker: {error}") from error
