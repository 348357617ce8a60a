"""A simulated rewriter that makes text wordy or chatty, by hand-written groups and by rules.

    python tests/simulators/wordy.py dev.jsonl.gz -o sim1.jsonl

Groups of ``groups.txt`` come first; then morphological rules: nominalization
("develop" -> "carry out the development of"), adverbs as circumlocutions
("carefully" -> "in a careful manner"), negated antonyms ("difficult" -> "far
from easy"), adjectives put behind their noun ("a careful plan" -> "a plan of a
careful nature").
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import lemminflect
from spinning import UPOS, Swap, form, likely_part, parser, readings, write_pairs
from wordfreq import zipf_frequency

from unspin.inflect import article_fix
from unspin.records import Token, TokenKind

GROUPS = Path(__file__).with_name("groups.txt")
# Verbs that carry a noun made of another verb.
_CARRIERS = ("carry out", "perform", "go through with", "undertake")
_ENDINGS = (
    ("e", "ation"),
    ("", "ation"),
    ("e", "ion"),
    ("", "ion"),
    ("", "ment"),
    ("y", "ication"),
)
_OPPOSITES = dict(
    pair.split("-")
    for pair in "difficult-easy simple-complicated unlikely-likely wrong-right useful-useless "
    "careful-careless safe-dangerous rare-common cheap-expensive false-true visible-hidden "
    "certain-doubtful strange-normal serious-trivial successful-unsuccessful relevant-irrelevant "
    "useless-useful weak-strong sufficient-insufficient famous-unknown quiet-loud empty-full "
    "similar-unlike significant-slight recent-old quick-slow dry-wet narrow-wide shallow-deep "
    "effective-ineffective active-idle accurate-inaccurate complete-partial "
    "positive-negative negative-positive responsible-blameless powerful-powerless "
    "valuable-worthless honest-dishonest familiar-unfamiliar aware-unaware".split()
)
_NEGATIONS = ("far from {}", "anything but {}", "not {}", "by no means {}")
_MANNERS = ("in a {} manner", "in {} fashion", "in a way that is {}")
_NATURES = ("of a {} nature", "of {} character", "that can be called {}")


@cache
def groups() -> dict[tuple[str, str], tuple[str, ...]]:
    """(part of speech, word) -> replacements."""
    found = {}
    for line in GROUPS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            head, _, rest = line.partition(" = ")
            part, _, word = head.partition(": ")
            found[part, word] = tuple(rest.split("; "))
    return found


def swap(tokens: Sequence[Token], index: int, rng: random.Random) -> Swap | None:
    """The wordy version of a token, by the first way that works."""
    word = tokens[index].norm
    part = likely_part(tokens, index)
    if not part:
        return None
    for guess in (part, *(other for other in UPOS if other != part)):
        for lemma, tag in readings(word, guess):
            if (guess, lemma) in groups():
                return index + 1, form(rng.choice(groups()[guess, lemma]), guess, tag)
    if word in _OPPOSITES and part == "a":
        return index + 1, rng.choice(_NEGATIONS).format(_OPPOSITES[word])
    if part == "r" and word.endswith("ly"):
        return _manner(word, index, rng)
    if part == "a":
        return _nature(tokens, index, rng)
    if part == "v":
        return _nominal(word, index, rng)
    return None


def _manner(word: str, index: int, rng: random.Random) -> Swap | None:
    stem = word[:-2]
    for adjective in (stem, stem[:-1] + "y", stem + "le"):
        if zipf_frequency(adjective, "en") > 3 and "ADJ" in lemminflect.getAllLemmas(adjective):
            words = rng.choice(_MANNERS).format(adjective)
            return index + 1, _with_article(words)
    return None


def _nature(tokens: Sequence[Token], index: int, rng: random.Random) -> Swap | None:
    """The adjective behind the noun that it stands before, where the phrase ends there."""
    if index + 2 >= len(tokens):
        return None
    noun, after = tokens[index + 1], tokens[index + 2]
    nouns = lemminflect.getAllLemmas(noun.norm).get("NOUN", ())
    ends = after.kind is TokenKind.PUNCTUATION or after.norm in ("and", "of", "that", "in", "is")
    if not (nouns and noun.surface.islower() and ends and after.norm != "-"):
        return None
    words = rng.choice(_NATURES).format(tokens[index].norm)
    return index + 2, f"{noun.surface} {_with_article(words)}"


def _nominal(word: str, index: int, rng: random.Random) -> Swap | None:
    for lemma, tag in readings(word, "v"):
        for ending, suffix in _ENDINGS:
            if lemma.endswith(ending) and len(lemma) > 4:
                noun = lemma[: len(lemma) - len(ending)] + suffix
                known = "NOUN" in lemminflect.getAllLemmas(noun)
                if known and zipf_frequency(noun, "en") > 2.8:
                    return index + 1, f"{form(rng.choice(_CARRIERS), 'v', tag)} the {noun} of"
    return None


def _with_article(words: str) -> str:
    parts = words.split()
    for number in range(len(parts) - 1):
        parts[number] = article_fix(parts[number], parts[number + 1]) or parts[number]
    return " ".join(parts)


if __name__ == "__main__":
    assert {part for part, _ in groups()} == set(UPOS)
    write_pairs(parser(__doc__).parse_args(), "wordy", swap)
