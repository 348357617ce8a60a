"""Fits how sure the context ranker's logits may be.

    python -m unspin.learn.combine DEV... -o src/unspin/data/context.json

A conditional logit over the candidates of each matched span and "keep" with
two features: the log odds as trained, and 1 for every change. (An n-gram model's
opinion was a third until the encoder was trained for long, which made it
superfluous.) Spans that a longer change cuts through, and those whose original
is no candidate, are left out, as in training. Reports the log loss of documents
that were not fitted on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from unspin.diffing import regions
from unspin.learn.logit import Case, fit, log_loss
from unspin.pairs import Pair, read_pairs
from unspin.records import EditKind, Lattice, Ranking
from unspin.restorer import Restorer
from unspin.settings import DEFAULT_KINDS, Settings
from unspin.tokens import tokenize

_NAMES = ("scale", "offset")


def cases(pair: Pair, restorer: Restorer, wide: float) -> Iterator[Case]:
    """The learnable spans of a document; ``wide`` is the weight of the features' part."""
    spun = tokenize(pair.spun)
    norms = [t.norm for t in spun]
    original = [t.norm for t in tokenize(pair.original)]
    changed = np.zeros(len(spun), bool)
    gold = {}
    for region in regions(original, norms):
        changed[region.s1 : region.s2] = True
        gold[region.s1, region.s2] = " ".join(original[region.o1 : region.o2])
    place = {token.start: n for n, token in enumerate(spun)}
    explained = restorer.explain(pair.spun)
    for lattice, ranking in zip(explained.lattices, explained.rankings, strict=True):
        base = place[lattice.sentence.tokens[0].start]
        for start, end, originals, odds in _spans(lattice, ranking, wide):
            span = base + start, base + end
            if span not in gold and changed[span[0] : span[1]].any():
                continue
            target = gold.get(span)
            if target is not None and target not in originals:
                continue
            features = np.zeros((len(originals) + 1, len(_NAMES)))
            features[:-1, 0] = odds
            features[:-1, 1] = 1.0
            yield Case(features, len(originals) if target is None else originals.index(target))


def _spans(
    lattice: Lattice, ranking: Ranking, wide: float
) -> Iterator[tuple[int, int, list[str], list[float]]]:
    spans: dict[tuple[int, int], tuple[list[str], list[float]]] = {}
    # The ranking's log odds are the second pass's by now.
    for arc, (deep, feature_part) in zip(lattice.arcs, ranking.parts, strict=True):
        originals, values = spans.setdefault((arc.start, arc.end), ([], []))
        originals.append(arc.rule.original)
        values.append(deep + wide * feature_part)
    for (start, end), (originals, values) in spans.items():
        yield start, end, originals, values


def main() -> None:
    """Fit and write the manifest's entry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    restorer = Restorer(replace(Settings(), kinds=DEFAULT_KINDS - {EditKind.OPEN}))
    manifest = json.loads(args.output.read_text(encoding="utf-8"))
    folds: tuple[list[Case], list[Case]] = [], []
    for number, pair in enumerate(read_pairs(args.pairs)):
        folds[number % 3 == 2].extend(cases(pair, restorer, manifest["wide"]))
    start = np.array([1.0, 0.0])
    weights = fit(folds[0], start)
    print(f"unseen documents: log loss {log_loss(folds[1], start):.4f} before, ", end="")
    print(f"{log_loss(folds[1], weights):.4f} after; {len(folds[0])} spans used")
    manifest["final"] = dict(zip(_NAMES, weights.round(4).tolist(), strict=True))
    print(manifest["final"])
    args.output.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
