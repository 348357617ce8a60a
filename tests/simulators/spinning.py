"""What the simulators of unseen spinners share. They are for tests: nothing is trained on them."""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import lemminflect
from wordfreq import zipf_frequency

from unspin.inflect import article_fix, match_case
from unspin.pairs import read_pairs
from unspin.records import Token, TokenKind
from unspin.tokens import tokenize

TAGS = {
    "v": ("VB", "VBD", "VBG", "VBN", "VBZ"),
    "n": ("NN", "NNS"),
    "a": ("JJ", "JJR", "JJS"),
    "r": ("RB",),
}
UPOS = {"v": "VERB", "n": "NOUN", "a": "ADJ", "r": "ADV"}
# Above this Zipf frequency stand function words.
MOST_COMMON = 6.2
# Words passed over although their turn has come, so that the choice is no pattern.
_CHANCE = 0.9
_BEFORE_NOUNS = frozenset(
    "the a an this that these those my your his her its our their no some any each every "
    "of in on for with by from at as into about between through around".split()
)
_BEFORE_VERBS = frozenset(
    "to i you he she it we they who which can could will would may might must should not "
    "don't doesn't didn't can't won't let".split()
)

# A swap of tokens start:end: (end, the new words), or None to leave the token alone.
Swap = tuple[int, str]
Swapper = Callable[[Sequence[Token], int, random.Random], Swap | None]


def readings(word: str, part: str) -> Iterator[tuple[str, str]]:
    """The (lemma, tag) readings of a word as one part of speech."""
    for lemma in lemminflect.getAllLemmas(word).get(UPOS[part], ()):
        for tag in TAGS[part]:
            if word in lemminflect.getInflection(lemma, tag, inflect_oov=False):
                yield lemma, tag


def form(phrase: str, part: str, tag: str) -> str:
    """A phrase with its head in the form of ``tag``."""
    words = phrase.split()
    at = 0 if part == "v" else len(words) - 1
    if part == "n":  # "point at issue" -> "points at issue"
        at = next((i - 1 for i, w in enumerate(words) if i and w in _BEFORE_NOUNS), at)
    found = lemminflect.getInflection(words[at], tag)
    if found and tag not in ("NN", "JJ", "RB", "VB"):
        words[at] = found[0]
    return " ".join(words)


def likely_part(tokens: Sequence[Token], index: int) -> str:
    """A guess at the part of speech of a token, by its neighbours; often wrong, as spinners are."""
    before = tokens[index - 1].norm if index else ""
    if before in _BEFORE_VERBS:
        return "v"
    word = tokens[index].norm
    parts = [part for part, upos in UPOS.items() if upos in lemminflect.getAllLemmas(word)]
    if "a" in parts and index + 1 < len(tokens) and tokens[index + 1].kind is TokenKind.WORD:
        return "a"
    if "n" in parts and "v" in parts:
        # "the judges", "clear rules" against "the judges rule", "people plan".
        verbal = before.endswith("s") and not word.endswith("s")
        return "v" if verbal and before not in _BEFORE_NOUNS else "n"
    return next((part for part in ("n", "v", "a", "r") if part in parts), "")


def is_content(token: Token) -> bool:
    """Whether a token is a word that spinners touch: lower case, neither rare nor everywhere."""
    return (
        token.kind is TokenKind.WORD
        and token.surface[1:].islower()
        and len(token.norm) > 2
        and zipf_frequency(token.norm, "en") < MOST_COMMON
    )


def spin(text: str, swap: Swapper, rate: float, rng: random.Random) -> str:
    """``text`` with ``rate`` of its content words swapped, where ``swap`` can."""
    tokens = tokenize(text)
    parts: list[str] = []
    at = index = content = changed = 0
    while index < len(tokens):
        token = tokens[index]
        # A capital inside a sentence is a name's.
        first = index == 0 or tokens[index - 1].norm in (".", "!", "?", ":")
        joined = any(t.norm in "-'’/_@" for t in tokens[max(0, index - 1) : index + 2])
        if not is_content(token) or joined or (token.surface[0].isupper() and not first):
            index += 1
            continue
        content += 1
        if changed > rate * content or rng.random() > _CHANCE:
            index += 1
            continue
        found = swap(tokens, index, rng)
        if found is None:
            index += 1
            continue
        end, words = found
        words = match_case([token.surface], words, first)
        before = tokens[index - 1] if index else None
        article = article_fix(before.surface, words) if before else None
        if article is not None and before is not None and at <= before.start:
            parts += [text[at : before.start], article, text[before.end : token.start], words]
        else:
            parts += [text[at : token.start], words]
        at = tokens[end - 1].end
        changed += end - index
        content += end - index - 1
        index = end
    return "".join([*parts, text[at:]])


def parser(description: str | None) -> argparse.ArgumentParser:
    """The command line that simulators share."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("pairs", type=Path, help="pair file whose originals are spun")
    arguments.add_argument("--documents", type=int, default=60)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("-o", "--output", type=Path, required=True)
    return arguments


def write_pairs(arguments: argparse.Namespace, name: str, swap: Swapper) -> None:
    """Spin the originals of the pair file and write the pairs as JSON Lines."""
    originals = {pair.original: pair.id for pair in read_pairs([arguments.pairs])}
    listed = sorted(originals, key=lambda text: (originals[text], text))
    rng = random.Random(arguments.seed)
    chosen = sorted(rng.sample(range(len(listed)), min(arguments.documents, len(listed))))
    with arguments.output.open("w", encoding="utf-8") as out:
        for number in chosen:
            text = listed[number]
            rate = rng.uniform(0.29, 0.39)  # of what can be spun; 25 to 35 % of all content words
            record = {
                "id": originals[text],
                "spinner": name,
                "original": text,
                "spun": spin(text, swap, rate, random.Random(f"{arguments.seed} {text}")),
            }
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
