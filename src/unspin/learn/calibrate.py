"""Fits the confidences of a ranker on held-out parallel text.

    python -m unspin.learn.calibrate context dev.jsonl.gz -o calibration.json
    python -m unspin.learn.calibrate context unseen.jsonl.gz --open -o calibration.json

Fits slope and offset of the logistic curve by Newton's method on the log loss
of "this edit is exactly right" on documents that are surely spun, two-fold over
documents to report the calibration error on documents the curve has not seen,
and chooses as threshold the least worth (``gate.worth``) from which four
edits in five are right, but 0.3 at least. With ``--open`` the curve is that of
open vocabulary: the shipped lexicon is off.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unspin.calibration import Calibration
from unspin.evaluate import calibration_error, judge
from unspin.gate import worth
from unspin.pairs import read_pairs
from unspin.records import Edit
from unspin.restorer import Restorer
from unspin.settings import Settings
from unspin.tokens import tokenize

_EDGE = 1e-6
_PRECISION = 0.8
_SURELY_SPUN = 0.9


def fit(posterior: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset that minimize the log loss."""
    p = np.clip(posterior, _EDGE, 1 - _EDGE)
    x = np.stack([np.log(p / (1 - p)), np.ones_like(p)])
    beta = np.array([1.0, 0.0])
    for _ in range(50):
        q = 1 / (1 + np.exp(np.clip(-beta @ x, -60, 60)))
        gradient = x @ (right - q)
        hessian = (x * (q * (1 - q))) @ x.T + 1e-6 * np.eye(2)
        step = np.clip(np.linalg.solve(hessian, gradient), -0.5, 0.5)
        beta = beta + step
        if float(np.abs(step).max()) < 1e-8:
            break
    return float(beta[0]), float(beta[1])


def threshold_for(precision: float, worths: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The least worth from 0.3 on, in steps of 0.01, whose edits are right so often."""
    for step in range(30, 100):
        chosen = worths >= step / 100
        if chosen.any() and float(right[chosen].mean()) >= precision:
            return step / 100
    return 1.0


def main() -> None:
    """Fit one ranker's entry of the calibration file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ranker")
    parser.add_argument("pairs", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--open", action="store_true", help="fit the open vocabulary's curve")
    parser.add_argument("--precision", type=float, default=_PRECISION)
    args = parser.parse_args()
    restorer = Restorer(
        Settings(ranker=args.ranker, min_confidence=0.0, builtin_lexicon=not args.open)
    )
    restorer.use_calibration(Calibration(1.0, 0.0, 0.0))
    entries = json.loads(args.output.read_text(encoding="utf-8")) if args.output.exists() else {}
    before = entries.get(args.ranker, {})
    harm = float(before.get("harm", 0.5))
    # All of these documents are spun, which must not teach that doubtful ones are.
    proposals: list[tuple[int, float, Edit, bool]] = []
    for number, pair in enumerate(read_pairs(args.pairs)):
        found = restorer.restore(pair.spun)
        if found.spin_score < _SURELY_SPUN:
            continue
        edits = sorted([*found.edits, *found.suggestions], key=lambda e: e.start)
        original = [token.norm for token in tokenize(pair.original)]
        proposals += [
            (number % 2, found.spin_score, edit, is_right)
            for edit, is_right in judge(pair.spun, edits, original)
        ]
    fold = np.array([half for half, *_ in proposals])
    posterior = np.array([edit.confidence for _, _, edit, _ in proposals])
    right = np.array([is_right for *_, is_right in proposals])
    unseen = np.zeros_like(posterior)
    for half in (0, 1):
        curve = Calibration(*fit(posterior[fold != half], right[fold != half].astype(float)), 0.0)
        unseen[fold == half] = [curve.confidence(p) for p in posterior[fold == half]]
    error = calibration_error(list(zip(unseen.tolist(), right.tolist(), strict=True)))
    slope, offset = fit(posterior, right.astype(float))
    curve = Calibration(slope, offset, 0.0)
    confidence = np.array([curve.confidence(p) for p in posterior])
    worths = np.array(
        [
            worth(edit, c, score, harm)
            for (_, score, edit, _), c in zip(proposals, confidence.tolist(), strict=True)
        ]
    )
    threshold = threshold_for(args.precision, worths, right)
    curve_entry = {
        "slope": round(slope, 4),
        "offset": round(offset, 4),
        "threshold": threshold,
        "harm": harm,
        "cross_validated_error": round(error or 0.0, 4),
        "edits": len(posterior),
    }
    if args.open:
        entries[args.ranker] = {**before, "open": curve_entry}
    else:
        entries[args.ranker] = curve_entry | {k: v for k, v in before.items() if k == "open"}
    args.output.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    print(curve_entry)


if __name__ == "__main__":
    main()
