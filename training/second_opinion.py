"""Fits what the screen's odds and the mean P(changed) say together of a document.

    python training/second_opinion.py PAIRS... [--clean FOLDER...] [--every N] [--size CHARS]

A logistic regression over documents; prints the constants of
``unspin.document``, AUROC by family against clean documents and what the
highest clean ones are. PAIRS give spun texts and, as clean ones, their
originals; spinners that the models have not seen must be among them. FOLDERs
hold clean text of other kinds (``*.txt``), of which pieces of ``--size`` code
points are taken.
"""

from __future__ import annotations

import argparse
import pickle
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from unspin.document import _OPINION, opinion_features
from unspin.evaluate import auroc
from unspin.learn.logit import Case, fit
from unspin.pairs import read_pairs
from unspin.records import TokenKind
from unspin.restorer import Restorer
from unspin.tokens import paragraph_norms


def texts(args: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """(family or kind, text); clean kinds begin with "clean"."""
    seen = set()
    for path in args.pairs:
        for number, pair in enumerate(read_pairs([path])):
            if number % args.every == 0:
                yield pair.spinner, pair.spun
                if pair.original not in seen:
                    seen.add(pair.original)
                    yield "clean", pair.original
    for folder in args.clean:
        for file in sorted(folder.rglob("*.txt")):
            text = file.read_text(encoding="utf-8", errors="replace")
            for at in range(0, min(len(text), 6 * args.size), args.size):
                yield f"clean {folder.name}", text[at : at + args.size]


def main() -> None:
    """Collect, fit and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", nargs="+", type=Path)
    parser.add_argument("--clean", nargs="*", type=Path, default=[])
    parser.add_argument("--every", type=int, default=3)
    parser.add_argument("--size", type=int, default=3000)
    parser.add_argument("--keep", type=Path, help="where to keep what was collected")
    args = parser.parse_args()
    restorer = Restorer()
    found = defaultdict(list)
    for kind, text in texts(args):
        screening = restorer._screen(text, paragraph_norms(text))
        if not screening.glance:
            continue
        explained = restorer._explain(text, replace(screening, suspicious=True))
        changed = [
            p
            for lattice, ranking in zip(explained.lattices, explained.rankings, strict=True)
            for token, p in zip(lattice.sentence.tokens, ranking.changed or (), strict=False)
            if token.kind is TokenKind.WORD
        ]
        if len(changed) >= 20:
            found[kind].append(opinion_features(screening, screening.glance, changed))
    if args.keep:
        args.keep.write_bytes(pickle.dumps(dict(found)))
    cases = []
    for kind, rows in found.items():
        clean = int(kind.startswith("clean"))
        cases += [Case(np.stack([row, np.zeros(5)]), clean) for row in rows]
    weights = fit(cases, np.array(_OPINION), 0.01)
    print("weights", weights.round(3).tolist())
    odds = {kind: [float(row @ weights) for row in rows] for kind, rows in found.items()}
    clean = [o for kind, values in odds.items() if kind.startswith("clean") for o in values]
    for kind, values in odds.items():
        shown = np.quantile(values, [0.05, 0.5, 0.95, 1.0]).round(1).tolist()
        print(kind, len(values), "AUROC", round(auroc(values, clean) or 0, 4), shown)


if __name__ == "__main__":
    main()
