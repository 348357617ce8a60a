"""Estimates ``dictionaries/en/names.tsv`` from unspun text.

A word is a name when, inside sentences that are not headings, it is nearly
always written with a capital. A phrase is a name when it is written with
capitals often enough. Both are counted on text that no spinner has touched, so
"National Institutes of Health" is listed and "Nationwide Institutes of Health"
is not.

    python -m unspin.learn.names CORPUS.txt.gz... > dictionaries/en/names.tsv
"""

from __future__ import annotations

import gzip
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wordfreq import zipf_frequency

from unspin.names import NAMES_HEADER, capitalized_runs, is_heading, opens_clause
from unspin.records import TokenKind
from unspin.tokens import sentences

# Counted on 22.8 million words; below these, press-release headings and the
# shorthand of single authors come in.
MIN_WORD = 8
MIN_SHARE = 0.9
MIN_PHRASE = 12
MAX_PHRASE = 7
# A larger corpus counts as one of this many tokens: to senators every house is the House.
MAX_CORPUS = 300_000


@dataclass(slots=True)
class Counts:
    """How often one corpus writes words with a capital, without, and phrases in capitals."""

    words: int = 0
    upper: Counter[str] = field(default_factory=Counter)
    lower: Counter[str] = field(default_factory=Counter)
    phrases: Counter[str] = field(default_factory=Counter)


def count(paragraphs: Iterable[str]) -> Counts:
    """The counts of one corpus, headings and beginnings of sentences left out."""
    counts = Counts()
    for paragraph in paragraphs:
        for sentence in sentences(paragraph):
            tokens = sentence.tokens
            counts.words += len(tokens)
            if is_heading(tokens):
                continue
            for index, token in enumerate(tokens):
                if token.kind is not TokenKind.WORD or opens_clause(tokens, index):
                    continue
                if token.surface.islower():
                    counts.lower[token.norm] += 1
                elif token.surface[0].isupper() and token.surface[1:].islower():
                    counts.upper[token.norm] += 1
            for begin, end in capitalized_runs(tokens):
                begin += opens_clause(tokens, begin)
                if 2 <= end - begin <= MAX_PHRASE:
                    counts.phrases[" ".join(t.norm for t in tokens[begin:end])] += 1
    return counts


def rows(corpora: Iterable[Counts]) -> Iterator[tuple[str, int]]:
    """The names worth listing with their counts, sorted.

    Words that wordfreq has never seen need no row: with a capital inside a
    sentence they are taken for names anyway. Nor do phrases made of names.
    """
    upper: Counter[str] = Counter()
    phrases: Counter[str] = Counter()
    heavy: dict[str, float] = {}  # weighted counts of capitals, and of all occurrences
    total: dict[str, float] = {}
    for corpus in corpora:
        weight = min(1.0, MAX_CORPUS / max(1, corpus.words))
        upper.update(corpus.upper)
        phrases.update(corpus.phrases)
        for word, n in corpus.upper.items():
            heavy[word] = heavy.get(word, 0.0) + weight * n
            total[word] = total.get(word, 0.0) + weight * n
        for word, n in corpus.lower.items():
            total[word] = total.get(word, 0.0) + weight * n
    names = {
        word
        for word, n in upper.items()
        if n >= MIN_WORD and heavy[word] >= MIN_SHARE * total[word] and not word.startswith("i'")
    }
    listed = {word: upper[word] for word in names if zipf_frequency(word, "en") > 0}
    for phrase, n in phrases.items():
        words = phrase.split()
        if n >= MIN_PHRASE and words[-1].isalpha() and not all(w in names for w in words):
            listed[phrase] = n
    yield from sorted(listed.items())


def main(paths: list[str]) -> None:
    """Write the table for gzipped text files to stdout."""
    print(NAMES_HEADER)
    print("name\tcount")
    for name, n in rows(count(_lines(Path(path))) for path in sorted(paths)):
        print(f"{name}\t{n}")


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from file


if __name__ == "__main__":
    main(sys.argv[1:])
