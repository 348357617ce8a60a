"""Fits how guesses of the encoder and the thesaurus weigh against each other.

    python -m unspin.learn.open_vocabulary PAIRS... -o src/unspin/data/context.json

PAIRS are texts of spinners that neither lexicon nor encoder was trained on. A
conditional logit over the candidates of every word that was changed into one
word: its original, or "something else" where it is not among them. Two documents
in three are used, the rest says how well it does. The weights become the
manifest's ``open_vocabulary`` entry.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unspin.diffing import regions
from unspin.learn.logit import Case, fit, shares
from unspin.models import Models
from unspin.pairs import Pair, read_pairs
from unspin.rank.open_vocabulary import WEIGHTS, Choice, OpenVocabulary
from unspin.records import Arc, Lattice, Ranking, TokenKind
from unspin.restorer import Restorer
from unspin.settings import Settings
from unspin.tokens import tokenize

Floats = NDArray[np.float32]


class _Recorder(OpenVocabulary):
    """Keeps the choices of every word it is asked about, by offset."""

    def __init__(self, inner: OpenVocabulary) -> None:
        self._inner = inner
        self.seen: dict[int, Choice] = {}

    def arcs(
        self, lattice: Lattice, ranking: Ranking, queries: Floats, familiar: bool
    ) -> tuple[list[tuple[Arc, float]], dict[tuple[int, int], float]]:
        tokens = lattice.sentence.tokens
        words = [n for n, t in enumerate(tokens) if t.kind is TokenKind.WORD]
        choices = self._inner.choices([t.norm for t in tokens], words, queries)
        self.seen |= {tokens[n].start: c for n, c in zip(words, choices, strict=True)}
        return [], {}


def cases(pair: Pair, restorer: Restorer, recorder: _Recorder) -> Iterator[Case]:
    """The changed words of a document that are one word on both sides."""
    recorder.seen.clear()
    restorer.explain(pair.spun)
    spun, original = tokenize(pair.spun), [t.norm for t in tokenize(pair.original)]
    for region in regions(original, [t.norm for t in spun]):
        if region.o2 - region.o1 != 1 or region.s2 - region.s1 != 1:
            continue
        choice = recorder.seen.get(spun[region.s1].start)
        if choice is not None:
            features = np.zeros((len(choice.texts) + 1, len(WEIGHTS)))
            features[:-1, :-1] = choice.features
            features[-1, -1] = 1.0
            word = original[region.o1]
            right = choice.texts.index(word) if word in choice.texts else len(choice.texts)
            yield Case(features, right)


def report(found: Iterable[Case], weights: NDArray[np.float64]) -> str:
    """Log loss (nats) and how often the right word comes first, among 5, or at all."""
    loss, ranks, number = 0.0, [], 0
    for case in found:
        share = shares(case, weights)
        loss -= float(np.log(share[case.right]))
        number += 1
        if case.right < len(share) - 1:
            ranks.append(int((share[:-1] > share[case.right]).sum()))
    first, five = (sum(r < n for r in ranks) / number for n in (1, 5))
    return (
        f"{number} words, log loss {loss / number:.3f}, first {first:.3f}, "
        f"among 5 {five:.3f}, at all {len(ranks) / number:.3f}"
    )


def main() -> None:
    """Fit and write the manifest's entry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    settings = Settings()
    restorer = Restorer(settings)
    models: Models = restorer._models
    recorder = _Recorder(models.context.open_vocabulary)
    models.context.open_vocabulary = recorder
    folds: tuple[list[Case], list[Case]] = [], []
    for number, pair in enumerate(read_pairs(args.pairs)):
        folds[number % 3 == 2].extend(cases(pair, restorer, recorder))
    weights = fit(folds[0], np.array([0.5, 0.5, 0.0, 0.2, -4.0]))
    print("used:  ", report(folds[0], weights))
    print("unseen:", report(folds[1], weights))
    manifest = json.loads(args.output.read_text(encoding="utf-8"))
    manifest["open_vocabulary"] = dict(zip(WEIGHTS, weights.round(4).tolist(), strict=True))
    print(manifest["open_vocabulary"])
    args.output.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
