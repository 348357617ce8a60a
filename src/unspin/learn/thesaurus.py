"""Builds the thesaurus data file from WordNet 3.0 and Moby.

    python -m unspin.learn.thesaurus --wordnet DIR --moby words.txt \
        -o src/unspin/data/thesaurus.npz

``DIR`` holds WordNet's ``data.noun`` and its fellows (Debian: wordnet-base, in
/usr/share/wordnet), ``words.txt`` one Moby entry a line, head first (npm
package moby). A manifest is written beside the output. The same inputs give the
same bytes.

Second hops are bounded: a word is reached from another that it has no direct
relation to only where the two share so many Moby entries that the prior ranks
it among the most likely.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import lemminflect
import numpy as np
from numpy.typing import NDArray
from wordfreq import zipf_frequency

from unspin.thesaurus import (
    FORMAT,
    Moby,
    WordNet,
    frequency_score,
    pack,
    relation_score,
)

# Words rarer than this (Zipf) are no originals, and rarer ones are not spun into.
MIN_ORIGINAL = 2.5
MIN_SPUN = 1.6
MIN_SPUN_PHRASE = 4.0  # the rarest word of a phrase
# How many neighbours a key keeps, by its frequency: most of a text's spun words
# are common ones.
PHRASE_NEIGHBOURS = 5
MAX_NEIGHBOURS = 54
# Sisters of a large family have little in common.
MAX_SISTERS = 40
# Neighbours this much less likely (nats) than the best are left out.
WORST = 4.4

_PARTS = (("n", "noun"), ("v", "verb"), ("a", "adj"), ("r", "adv"))
_POINTERS = {
    **dict.fromkeys(("&", "$", "^"), WordNet.SIMILAR),
    **dict.fromkeys(("@", "~", "@i", "~i"), WordNet.HYPERNYM),
    **dict.fromkeys(("+", "\\", "=", "*", ">"), WordNet.DERIVED),
}
_ENTRY = re.compile(r"[a-z]+(?:[ -][a-z]+){0,2}")
_WORD = re.compile(r"[a-z]{2,}")

Relations = dict[str, dict[str, int]]


@dataclass(slots=True)
class WordNetData:
    """WordNet's relations between words, both ways."""

    relations: Relations = field(default_factory=lambda: defaultdict(dict))

    def relate(self, one: str, other: str, relation: int) -> None:
        """Note a relation, unless a closer one is known."""
        if one != other:
            for a, b in ((one, other), (other, one)):
                known = self.relations[a].get(b, relation)
                self.relations[a][b] = min(known, relation)


def read_wordnet(folder: Path) -> WordNetData:
    """The relations of WordNet's database files; names are left out."""
    words: dict[tuple[str, str], list[str]] = {}
    pointers: dict[tuple[str, str], list[tuple[str, tuple[str, str]]]] = {}
    for part, name in _PARTS:
        for line in (folder / f"data.{name}").read_text(encoding="utf-8").splitlines():
            if line.startswith(" "):
                continue  # the licence
            cells = line.split(" | ")[0].split()
            number = int(cells[3], 16)
            names = [cells[4 + 2 * i].partition("(")[0].replace("_", " ") for i in range(number)]
            key = (part, cells[0])
            words[key] = [w for w in names if _ENTRY.fullmatch(w)]
            at = 4 + 2 * number
            pointers[key] = [
                (cells[i], ("a" if cells[i + 2] == "s" else cells[i + 2], cells[i + 1]))
                for i in range(at + 1, at + 1 + 4 * int(cells[at]), 4)
            ]
    data = WordNetData()
    children: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for key, names in words.items():
        _relate_all(data, names, names, WordNet.SYNONYM)
        for pointer, target in pointers[key]:
            if pointer in _POINTERS:
                _relate_all(data, names, words[target], _POINTERS[pointer])
            if pointer in ("@", "&"):
                children[target].append(key)
    for group in children.values():
        if len(group) <= MAX_SISTERS:
            for i, one in enumerate(group):
                for other in group[:i]:
                    _relate_all(data, words[one], words[other], WordNet.SISTER)
    return data


def _relate_all(data: WordNetData, ones: list[str], others: list[str], relation: int) -> None:
    for one in ones:
        for other in others:
            data.relate(one, other, relation)


def read_moby(path: Path) -> dict[str, list[str]]:
    """Head word -> the words that Moby lists for it; names are left out."""
    entries: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        head, *rest = (cell.strip() for cell in line.split(","))
        if _ENTRY.fullmatch(head):
            entries[head] = [w for w in rest if _ENTRY.fullmatch(w) and w != head]
    return entries


class _Rows:
    """Moby's entries as arrays over the words that can be originals."""

    def __init__(self, moby: Mapping[str, list[str]], originals: Mapping[str, int]) -> None:
        self._heads = list(moby)
        self._rows: list[NDArray[np.int64]] = []
        self._in: dict[str, list[int]] = defaultdict(list)
        for number, (head, listed) in enumerate(moby.items()):
            row = (head, *listed)
            for word in row:
                self._in[word].append(number)
            self._rows.append(np.array([originals[w] for w in row if w in originals], np.int64))
        self._size = len(originals)
        everywhere = np.zeros(self._size, np.int64)
        for row_ids in self._rows:
            everywhere[row_ids] += 1
        self._norm = np.sqrt(np.maximum(everywhere, 1))

    def heads(self, word: str) -> Iterator[str]:
        """The heads of the entries that list ``word``, its own left out."""
        heads = (self._heads[number] for number in self._in.get(word, ()))
        return (head for head in heads if head != word)

    def similarity(self, word: str) -> NDArray[np.float64]:
        """The cosine between the entries of ``word`` and those of every original."""
        numbers = self._in.get(word)
        if not numbers:
            return np.zeros(self._size)
        together = np.concatenate([self._rows[n] for n in numbers])
        counts = np.bincount(together, minlength=self._size)
        cosine: NDArray[np.float64] = counts / (self._norm * np.sqrt(len(numbers)))
        return cosine


def _allowance(key: str) -> int:
    """How many neighbours a key keeps; 0 when it is too rare to matter."""
    words = re.split("[ -]", key)
    rarest = min(zipf_frequency(word, "en") for word in words)
    if len(words) > 1:
        return PHRASE_NEIGHBOURS if rarest >= MIN_SPUN_PHRASE else 0
    if rarest < MIN_SPUN:
        return 0
    return int(min(MAX_NEIGHBOURS, 2 + 20 * (rarest - MIN_SPUN)))


def _is_base(word: str, own: bool) -> bool:
    """Whether a key is needed; inflected forms only where a source lists them as ``own``."""
    lemmas = lemminflect.getAllLemmas(word)
    return own or not lemmas or any(word in forms for forms in lemmas.values())


@dataclass(frozen=True, slots=True)
class _Near:
    """What one key is related to: numbers of originals and how each is related."""

    numbers: NDArray[np.int64]
    relations: list[tuple[int, int, float]]

    def scores(self) -> NDArray[np.float64]:
        """The relation's part of the prior of each."""
        return np.array([relation_score(*relation) for relation in self.relations], np.float64)

    def packed(self, chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[int]]:
        """The chosen ones, by number, and their packed relations."""
        places = sorted(chosen.tolist(), key=lambda place: int(self.numbers[place]))
        return self.numbers[places], [pack(*self.relations[place]) for place in places]


def _neighbours(
    key: str,
    wordnet: Mapping[str, int],
    listed: Iterable[str],
    rows: _Rows,
    number: Mapping[str, int],
) -> _Near:
    size = len(number)
    closest = np.zeros(size, np.int64)
    for other, relation in wordnet.items():
        if other in number:
            closest[number[other]] = relation
    ways = np.zeros(size, np.int64)
    for flag, words in ((Moby.BACKWARD, listed), (Moby.FORWARD, rows.heads(key))):
        ways[[number[w] for w in words if w in number]] |= flag
    likeness = rows.similarity(key)
    reached = np.flatnonzero((closest > 0) | (ways > 0) | (likeness > 0))
    reached = reached[reached != number.get(key, -1)]
    columns = (closest[reached].tolist(), ways[reached].tolist(), likeness[reached].tolist())
    return _Near(reached, list(zip(*columns, strict=True)))


def build(wordnet: WordNetData, moby: Mapping[str, list[str]]) -> dict[str, NDArray[np.generic]]:
    """The arrays of the data file (see :mod:`unspin.thesaurus`)."""
    everything = {*wordnet.relations, *moby, *(w for listed in moby.values() for w in listed)}
    zipf = {w: zipf_frequency(w, "en") for w in everything if _WORD.fullmatch(w)}
    words = sorted((w for w, z in zipf.items() if z >= MIN_ORIGINAL), key=lambda w: (-zipf[w], w))
    number = {word: i for i, word in enumerate(words)}
    stored = np.array([min(255, round(zipf[w] * 32)) for w in words], np.uint8)
    frequency = np.array([frequency_score(z / 32) for z in stored.tolist()])
    rows = _Rows(moby, number)
    keys: list[str] = []
    columns: list[tuple[NDArray[np.int64], list[int]]] = []
    for key in sorted(everything):
        limit = _allowance(key)
        if not limit or not _is_base(key, key in moby or key in wordnet.relations):
            continue
        near = _neighbours(key, wordnet.relations.get(key, {}), moby.get(key, ()), rows, number)
        scores = near.scores() + frequency[near.numbers]
        order = np.lexsort((near.numbers, -scores))[:limit]
        order = order[scores[order] > scores[order[0]] - WORST] if len(order) else order
        if len(order):
            keys.append(key)
            columns.append(near.packed(order))
    steps = np.concatenate([np.diff(chosen, prepend=0) for chosen, _ in columns])
    return {
        "format": np.array(FORMAT, np.int64),
        "words": _joined(words),
        "zipf": stored,
        "keys": _joined(keys),
        "sizes": np.array([len(chosen) for chosen, _ in columns], np.uint8),
        "low": (steps & 255).astype(np.uint8),
        "high": (steps >> 8).astype(np.uint8),
        "relations": np.array([p for _, packed in columns for p in packed], np.uint8),
    }


def _joined(words: Iterable[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(words).encode(), np.uint8)


def write(
    arrays: Mapping[str, NDArray[np.generic]], path: Path, about: Mapping[str, object]
) -> None:
    """Write the data file and, beside it with the suffix ``.json``, its manifest."""
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    manifest = {
        "file": path.name,
        **about,
        "words": arrays["words"].tobytes().count(b"\n") + 1,
        "keys": len(arrays["sizes"]),
        "neighbours": len(arrays["low"]),
        "bytes": path.stat().st_size,
        "sha256": _digest(path),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(arguments: list[str] | None = None) -> None:
    """Build the data file from the command line's sources."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--wordnet", type=Path, required=True, help="folder of data.noun and others"
    )
    parser.add_argument("--moby", type=Path, required=True, help="Moby, one entry a line")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the .npz file to write")
    args = parser.parse_args(arguments)
    arrays = build(read_wordnet(args.wordnet), read_moby(args.moby))
    files = [*(args.wordnet / f"data.{name}" for _, name in _PARTS), args.moby]
    about = {
        "description": "Candidates for words that no lexicon row knows.",
        "sources": {
            "WordNet 3.0": "Princeton University; Debian package wordnet-base",
            "Moby Thesaurus II": "Grady Ward, public domain; npm package moby, words.txt",
        },
        "license": "LicenseRef-WordNet-3.0",
        "license_file": "dictionaries/LICENSES/WordNet-3.0.txt",
        "command": "python -m unspin.learn.thesaurus --wordnet DIR --moby FILE -o FILE",
        "sha256_of_sources": {path.name: _digest(path) for path in files},
    }
    write(arrays, args.output, about)


if __name__ == "__main__":
    main()
