r"""Builds what recognises torn terms (``unspin.torn``) and measures it.

    python training/torn.py tables --tortured TORTURED.tsv
    python training/torn.py fit --tortured TORTURED.tsv --prose PROSE.txt.gz... \
        --pairs PAIRS.jsonl.gz... --clean FOLDER...

``tables`` counts the documented phrases of each term of ``dictionaries/en/terms.tsv`` and
writes ``torn.tsv``: what the hand-written tables (``spinbot.tsv``, ``technical.tsv``) and
documented phrases put for the words of terms. ``fit`` takes the phrases into clean carriers,
each fold's with tables that know only the others, and compositions in half of the
prose and of the pairs' originals against them; the other half, then all of it, says which
pairs of words authors write. It reports, over folds, what share of the phrases is flagged and
restored at how many marks in 10,000 words of the folders (those of ``benchmarks/clean.py``),
and the same with what the encoder sees of phrases that it was not trained on.
"""

from __future__ import annotations

import argparse
import gzip
import math
import random
import re
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from planting import is_held
from spinbot import read_table

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from tortured import CARRIERS, Phrase, counted, in_singular, read_phrases, word_weights
from verdict import exported
from wordfreq import zipf_frequency

from unspin.composition import (
    MAX_UNIT,
    SWAPS_HEADER,
    TERMS_HEADER,
    Composer,
    Composition,
    by_first_word,
    by_spun,
    read_terms,
    singular,
)
from unspin.document import logit
from unspin.importing import TOO_COMMON
from unspin.language_model import LanguageModel
from unspin.pairs import read_pairs
from unspin.records import Sentence
from unspin.resources import data_path
from unspin.restorer import Restorer
from unspin.tokens import paragraph_norms, phrase_norms, sentences
from unspin.torn import (
    CODE_BITS,
    FEATURES,
    LEAST_LOOK,
    describe,
    pair_code,
    read_again,
    rivals,
)

ROOT = Path(__file__).parents[1]
DICTIONARIES = ROOT / "dictionaries/en"
DATA = ROOT / "src/unspin/data"
FOLDS = 5
# Words of prose to find compositions in.
PROSE = 3_000_000
# A composition that overlaps a torn phrase without being it counts for little.
BESIDE = 0.3
# Log odds taken off, so that 1.2 times P(wrong) exceeds P(right) where less than one of 100,000
# clean words begins a composition (chosen on the folders of clean text and hand-written negatives).
_RARE = -1.52

Pairs = dict[tuple[str, str], float]
Paragraph = tuple[list[str], list[Sentence]]
# (right, phrase's number, paragraph, composition, rivals)
Example = tuple[bool, int, Paragraph, Composition, tuple[int, float]]
Candidate = tuple[Paragraph, Composition, tuple[int, float]]
# (right, the phrase, log odds)
Judged = tuple[bool, tuple[int, int], float]


@cache
def by_hand() -> Pairs:
    """(spun, original) -> natural log of P(spun | original) of the hand-written tables."""
    found: Pairs = {}
    for name in ("spinbot.tsv", "technical.tsv"):
        for original, forms in read_table(Path(__file__).with_name(name)).items():
            for spun, share in forms.items():
                key = spun, original
                found[key] = max(found.get(key, -math.inf), math.log(share))
    return found


def usable(listed: Pairs, vocabulary: set[str]) -> Iterator[tuple[str, str, float, str]]:
    """The pairs, by hand and ``listed``, that change something and lead to words of terms.

    With their weights and sources.
    """
    hand = by_hand()
    for (spun, original), weight in sorted((listed | hand).items()):
        words = original.split(" ")
        if (
            max(len(words), len(spun.split(" "))) <= MAX_UNIT
            and not any(c.isdigit() for c in spun + original)
            and zipf_frequency(spun, "en") < TOO_COMMON
            and vocabulary.issuperset(map(singular, words))
            and list(map(singular, spun.split(" "))) != list(map(singular, words))
        ):
            both = (spun, original) in hand and (spun, original) in listed
            source = "both" if both else "hand" if (spun, original) in hand else "list"
            yield spun, original, weight, source


def vocabulary_of(terms: Iterable[str]) -> set[str]:
    return {singular(word) for term in terms for word in term.split(" ")}


def tables(args: argparse.Namespace) -> None:
    """Write both files."""
    phrases = read_phrases(args.tortured)
    terms = counted(read_terms(DICTIONARIES / "terms.tsv"), phrases)
    _write("terms.tsv", TERMS_HEADER, by_first_word(terms))
    rows = list(usable(word_weights(phrases), vocabulary_of(terms)))
    _write("torn.tsv", SWAPS_HEADER, by_spun(rows))
    print(f"{len(terms):,} terms, {len(rows):,} pairs of words")


def _write(name: str, header: str, lines: dict[str, str]) -> None:
    """Write a file of the dictionaries below its comments."""
    path = DICTIONARIES / name
    comments = [line for line in path.read_text("utf-8").splitlines()[1:] if line[:1] == "#"]
    body = (f"{first}\t{rest}" for first, rest in sorted(lines.items()))
    path.write_text("\n".join([header, *comments, *body]) + "\n", encoding="utf-8")


def composer(terms: Iterable[str], phrases: list[Phrase]) -> Composer:
    """What is known without any but these phrases."""
    known = counted(terms, phrases)
    return Composer.of(known, usable(word_weights(phrases), vocabulary_of(known)))


def prose(args: argparse.Namespace) -> Iterator[str]:
    """Paragraphs, each once."""
    seen = set()
    for path in args.prose:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from re.split(r"\n\s*\n", file.read(20_000_000))
    for pair in read_pairs(args.pairs):
        key = zlib.crc32(pair.original.encode())
        if key not in seen:
            seen.add(key)
            yield from re.split(r"\n\s*\n", pair.original)


def pairs_in(norms: list[str]) -> Iterator[tuple[str, str]]:
    for pair in pairwise(norms):
        if pair[0][:1].isalpha() and pair[1][:1].isalpha():
            yield pair


def written(pairs: Iterable[tuple[str, str]], known: Composer) -> np.ndarray:
    """The codes of those pairs that could be taken for a torn term."""
    codes = {pair_code(*pair) for pair in pairs if known.compositions(pair)}
    return np.array(sorted(codes), np.uint32)


def paragraphs_of(text: str) -> Iterator[Paragraph]:
    """Norms and sentences of each."""
    for _, group in groupby(sentences(text), key=lambda s: s.paragraph):
        found = list(group)
        yield [token.norm for sentence in found for token in sentence.tokens], found


def candidates(
    paragraphs: Iterable[Paragraph], known: Composer, codes: frozenset[int]
) -> Iterator[Candidate]:
    """The compositions in paragraphs that are not pairs which authors write, and their rivals."""
    for paragraph in paragraphs:
        norms = paragraph[0]
        found = [
            c
            for c in known.compositions(norms)
            if c.end - c.start != 2 or pair_code(*norms[c.start : c.end]) not in codes
        ]
        for c, among in rivals(found):
            yield paragraph, c, among


def planted(
    held: list[Phrase], known: Composer, codes: frozenset[int], rng: random.Random
) -> Iterator[Example]:
    """Compositions about phrases in carriers."""
    for number, phrase in enumerate(held):
        before, after = rng.choice(CARRIERS).split("{}")
        text = before + phrase.spun + after
        begin, size = len(phrase_norms(before)), len(phrase_norms(phrase.spun))
        right = set(map(in_singular, phrase.readings))
        for paragraph, c, among in candidates(paragraphs_of(text), known, codes):
            if c.start < begin + size and begin < c.end:
                whole = c.start == begin and c.end == begin + size
                yield whole and in_singular(c.term) in right, number, paragraph, c, among


def fit(args: argparse.Namespace) -> None:
    """Report over folds, fit on all and write."""
    phrases = read_phrases(args.tortured)
    random.Random(1).shuffle(phrases)
    terms = list(read_terms(DICTIONARIES / "terms.tsv"))
    models = LanguageModel(), LanguageModel(data_path("en.prose.kenlm"))
    everything = composer(terms, phrases)
    halves: list[list[str]] = [[], []]
    for paragraph in prose(args):
        halves[zlib.crc32(paragraph[:300].encode()) % 2].append(paragraph)
    counts: list[set[tuple[str, str]]] = [set(), set()]
    for half, found in zip(halves, counts, strict=True):
        for paragraph in half:
            for norms in paragraph_norms(paragraph):
                found.update(pairs_in(norms))
    codes = [written(found, everything) for found in counts]
    half = frozenset(codes[0].tolist())
    whole = np.union1d(*codes)
    print(f"{len(whole):,} pairs that authors write", flush=True)
    random.Random(2).shuffle(halves[1])
    fold_phrases = [phrases[n::FOLDS] for n in range(FOLDS)]
    known = [
        composer(terms, [p for m in range(FOLDS) if m != n for p in fold_phrases[m]])
        for n in range(FOLDS)
    ]
    rng = random.Random(3)
    examples = [list(planted(*x, half, rng)) for x in zip(fold_phrases, known, strict=True)]
    positives = [
        [(y, describe(p[0], c, among, models)) for y, _, p, c, among in fold] for fold in examples
    ]
    words = 0
    sample: list[Paragraph] = []
    for paragraph in halves[1]:
        sample += paragraphs_of(paragraph)
        words += len(paragraph.split())
        if words > PROSE:
            break
    negatives = [
        describe(p[0], c, among, models) for p, c, among in candidates(sample, known[0], half)
    ]
    test: list[Paragraph] = []
    for folder in args.clean:
        size = 0
        # The other half of the files is what benchmarks/clean.py measures.
        for path in (p for p in sorted(folder.glob("*.txt")) if is_for_tuning(p)):
            test += (read := list(paragraphs_of(path.read_text("utf-8", errors="replace"))))
            if (size := size + sum(len(norms) for norms, _ in read)) > 80_000:
                break
    kept = frozenset(whole.tolist())
    unseen = list(candidates(test, known[0], kept))
    print(f"{len(negatives):,} compositions in {words:,} words", flush=True)
    chance = np.array([describe(p[0], c, among, models) for p, c, among in unseen])
    size = sum(len(norms) for norms, _ in test)
    judge(examples, positives, negatives, unseen, chance, fold_phrases, size)
    model = boosted([x for fold in positives for x in fold], negatives)
    trees, offset = exported(model)
    bits = np.zeros(1 << CODE_BITS, np.bool_)
    bits[whole] = True
    packed = np.packbits(bits, bitorder="little")
    np.savez_compressed(DATA / "torn.npz", trees=trees, offset=offset + _RARE, written=packed)
    odds = model.decision_function(chance)
    for at in np.argsort(-odds)[:30].tolist():
        (norms, _), c, _ = unseen[at]
        print(f"{odds[at] + _RARE:6.2f} {' '.join(norms[c.start : c.end])} -> {c.term}")


def is_for_tuning(path: Path) -> bool:
    return bool(zlib.crc32(path.name.encode()) % 2)


def boosted(examples: list[tuple[bool, list[float]]], negatives: list[list[float]]) -> Any:
    """The classifier, fitted."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    right = np.array([e[0] for e in examples] + [False] * len(negatives))
    weights = np.array([1.0 if e[0] else BESIDE for e in examples] + [1.0] * len(negatives))
    x = np.array([e[1] for e in examples] + negatives)
    assert x.shape[1] == FEATURES
    return HistGradientBoostingClassifier(
        max_iter=200,
        learning_rate=0.07,
        max_leaf_nodes=12,
        min_samples_leaf=20,
        l2_regularization=5,
        random_state=1,
    ).fit(x, right, sample_weight=weights)


def judge(
    examples: list[list[Example]],
    positives: list[list[tuple[bool, list[float]]]],
    negatives: list[list[float]],
    unseen: list[Candidate],
    features: np.ndarray,
    phrases: list[list[Phrase]],
    words: int,
) -> None:
    """Report over folds: all phrases by trees, then new ones without and with the encoder."""
    judged: list[tuple[Judged, Paragraph, Composition]] = []
    chance = np.zeros(len(unseen))
    for n, fold in enumerate(positives):
        model = boosted([x for m in range(FOLDS) if m != n for x in positives[m]], negatives)
        chance += model.decision_function(features) / FOLDS
        odds = model.decision_function(np.array([x[1] for x in fold])) + _RARE
        for (right, k, p, c, _), value in zip(examples[n], odds.tolist(), strict=True):
            judged.append(((right, (n, k), value), p, c))
    chance += _RARE
    new = {(n, k) for n, fold in enumerate(phrases) for k, p in enumerate(fold) if is_held(p.spun)}
    look = Restorer()._models.looks_changed

    def again(paragraph: Paragraph, composition: Composition, value: float) -> float:
        if value < logit(LEAST_LOOK):
            return value - 10
        ((_, odds),) = read_again(paragraph[1], [(composition, value)], look)
        return odds

    of_new = [x for x in judged if x[0][1] in new]
    read = [(y, k, again(p, c, value)) for (y, k, value), p, c in of_new]
    read_chance = [again(p, c, v) for (p, c, _), v in zip(unseen, chance.tolist(), strict=True)]
    report("trees", [x[0] for x in judged], chance, sum(map(len, phrases)), words)
    report("trees, new", [x[0] for x in of_new], chance, len(new), words)
    report("read, new", read, np.array(read_chance), len(new), words)


def report(name: str, judged: list[Judged], chance: np.ndarray, number: int, words: int) -> None:
    """Shares of ``number`` phrases at rates of marks in ``words`` words of clean text."""
    best: dict[tuple[int, int], tuple[float, bool]] = defaultdict(lambda: (-math.inf, False))
    for right, key, value in judged:
        best[key] = max(best[key], (value, right))
    ranked = np.sort(chance)[::-1]
    for rate in (0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 1.3, 2.0, 3.0, 5.0):
        least = ranked[min(int(words * rate / 1e4), len(ranked) - 1)]
        hit = [right for value, right in best.values() if value > least]
        print(
            f"{name}: {rate} in 10,000 of {words:,} words: log odds {least:.2f}, flagged "
            f"{len(hit) / number:.3f}, restored {sum(hit) / number:.3f}",
            flush=True,
        )


def main() -> None:
    """Run a stage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    stages = parser.add_subparsers(dest="stage", required=True)
    counting, fitting = stages.add_parser("tables"), stages.add_parser("fit")
    for stage in (counting, fitting):
        stage.add_argument("--tortured", type=Path, required=True)
    fitting.add_argument("--prose", type=Path, nargs="+", required=True)
    fitting.add_argument("--pairs", type=Path, nargs="+", required=True)
    fitting.add_argument("--clean", type=Path, nargs="+", required=True)
    args = parser.parse_args()
    {"tables": tables, "fit": fit}[args.stage](args)


if __name__ == "__main__":
    main()
