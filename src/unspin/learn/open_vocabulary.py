"""Fits how guesses of the encoder and the thesaurus weigh against each other.

    python -m unspin.learn.open_vocabulary PAIRS... [--phrases PAIRS...] \
        -o src/unspin/data/context.json

PAIRS are texts of spinners that neither lexicon nor encoder was trained on. A
conditional logit over the candidates of every word that was changed into one
word: its original, or "something else" where it is not among them; the same for
phrases that the thesaurus lists, of the spinners of ``--phrases``, which should put
some for words; and a logistic regression of whether such phrases were changed as
one. Two documents in three are used, the rest says how well it does. The weights
become the manifest's ``open_vocabulary`` entry; without ``--phrases`` its weights of
phrases stay.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unspin.diffing import regions
from unspin.learn.logit import Case, fit, shares
from unspin.models import Models
from unspin.pairs import Pair, read_pairs
from unspin.rank.open_vocabulary import (
    PHRASE_WEIGHTS,
    TOGETHER,
    WEIGHTS,
    Choice,
    OpenVocabulary,
    Proposals,
)
from unspin.records import Lattice, Ranking, TokenKind
from unspin.restorer import Restorer
from unspin.settings import Settings
from unspin.tokens import tokenize

Floats = NDArray[np.float32]
# What is fitted on which texts, and from where.
_WORDS = (("word", WEIGHTS, (0.5, 0.5, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, -4.0)),)
_PHRASES = (
    ("phrase", PHRASE_WEIGHTS, (0.3, 0.3, 0.3, -3.0)),
    ("together", TOGETHER, (0.3, 0.0, 0.0)),
)


class _Recorder(OpenVocabulary):
    """Keeps the choices of every word and phrase, by their offsets, and P(changed)."""

    def __init__(self, inner: OpenVocabulary) -> None:
        self._inner = inner
        self.words: dict[int, Choice] = {}
        self.phrases_seen: dict[tuple[int, int], tuple[Choice, tuple[float, ...]]] = {}

    def proposals(
        self,
        lattices: Sequence[Lattice],
        rankings: Sequence[Ranking],
        counts: Mapping[str, int],
        familiar: bool,
    ) -> list[Proposals]:
        for lattice, ranking in zip(lattices, rankings, strict=True):
            queries, changed = ranking.queries, ranking.changed
            if queries is None or changed is None:
                raise ValueError("not a ranking of the context ranker")
            tokens = lattice.sentence.tokens
            words = [n for n, t in enumerate(tokens) if t.kind is TokenKind.WORD]
            choices = self._inner.choices([t.norm for t in tokens], words, queries, counts)
            self.words |= {tokens[n].start: c for n, c in zip(words, choices, strict=True)}
            for start, end, choice in self._inner.phrases(tokens, changed, queries):
                span = tokens[start].start, tokens[end - 1].end
                self.phrases_seen[span] = choice, tuple(changed[start:end])
        return [Proposals((), {}) for _ in lattices]


class _Cases(NamedTuple):
    """What a document teaches about words, phrases, and whether phrases were changed as one."""

    word: list[Case]
    phrase: list[Case]
    together: list[Case]


def cases(pair: Pair, restorer: Restorer, recorder: _Recorder) -> _Cases:
    """The changed words and phrases of a document that stand for one original."""
    recorder.words.clear()
    recorder.phrases_seen.clear()
    restorer.explain(pair.spun)
    spun, original = tokenize(pair.spun), [t.norm for t in tokenize(pair.original)]
    found = _Cases([], [], [])
    changed: dict[tuple[int, int], str] = {}
    for region in regions(original, [t.norm for t in spun]):
        right = " ".join(original[region.o1 : region.o2])
        changed[spun[region.s1].start, spun[region.s2 - 1].end] = right
        choice = recorder.words.get(spun[region.s1].start)
        if region.o2 - region.o1 == region.s2 - region.s1 == 1 and choice is not None:
            found.word.append(_case(choice, right))
    for span, (choice, p) in recorder.phrases_seen.items():
        together = np.zeros((2, len(TOGETHER)))
        together[0] = OpenVocabulary.together(p)
        found.together.append(Case(together, int(span not in changed)))
        if span in changed:
            found.phrase.append(_case(choice, changed[span]))
    return found


def _case(choice: Choice, right: str) -> Case:
    number, width = choice.features.shape
    features = np.zeros((number + 1, width + 1))
    features[:-1, :-1] = choice.features
    features[-1, -1] = 1.0
    return Case(features, choice.texts.index(right) if right in choice.texts else number)


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
    parser.add_argument("--phrases", nargs="*", type=Path, default=[])
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    # All of them are spun: proposals are wanted of those, too, that look clean.
    restorer = Restorer(Settings(spin_prior=0.99))
    models: Models = restorer._models
    recorder = _Recorder(models.context.open_vocabulary)
    models.context.open_vocabulary = recorder
    weights: dict[str, dict[str, float]] = {}
    for paths, kinds in ((args.pairs, _WORDS), (args.phrases, _PHRASES)):
        documents = [cases(pair, restorer, recorder) for pair in read_pairs(paths)]
        for kind, names, start in kinds if documents else ():
            folds: tuple[list[Case], list[Case]] = [], []
            for number, document in enumerate(documents):
                folds[number % 3 == 2].extend(getattr(document, kind))
            fitted = fit(folds[0], np.array(start))
            for name, fold in (("used:  ", folds[0]), ("unseen:", folds[1])):
                print(kind, name, report(fold, fitted))
            weights[kind] = dict(zip(names, fitted.round(4).tolist(), strict=True))
    manifest = json.loads(args.output.read_text(encoding="utf-8"))
    manifest["open_vocabulary"] |= weights
    print(manifest["open_vocabulary"])
    args.output.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
