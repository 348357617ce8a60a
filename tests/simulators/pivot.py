"""A simulated rewriter that translates every word to another language and back.

    python tests/simulators/pivot.py dev.jsonl.gz --dictionaries /usr/share/dictd -o sim2.jsonl

Words go from English to German and back through the FreeDict dictionaries
(Debian: dict-freedict-eng-deu and dict-freedict-deu-eng), each draw at random,
whatever the sense; one in eight is inflected wrongly. Nothing else of this
project knows these dictionaries.
"""

from __future__ import annotations

import gzip
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from spinning import UPOS, Swap, form, likely_part, parser, readings, write_pairs
from wordfreq import zipf_frequency

from unspin.records import Token

_HEAD = re.compile(r"(?P<word>[^/<\[]+?) /[^/]*/(?: <(?P<part>\w+)[^>]*>)?")
_PARTS = {
    "v": "v",
    "adj": "a",
    "adv": "r",
    "neut": "n",
    "masc": "n",
    "fem": "n",
    "n": "n",
    "pl": "n",
}
_ENGLISH = re.compile(r"[a-z]+(?: [a-z]+)?")
_NOTE = re.compile(r"[<\[({][^>\])}]*[>\])}]")
_RAREST = 1.2
_WRONG_FORMS = 0.125

Table = dict[tuple[str, str], set[str]]


def entries(path: Path) -> Iterator[tuple[str, str, list[str]]]:
    """The (head word, part of speech, translations) of a dictionary of the dictd format."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        head: re.Match[str] | None = None
        for line in lines:
            found = _HEAD.match(line) if line[0].isalnum() else None
            if found:
                head = found
            elif head and not line.startswith((" ", "\n", "\t")):
                tag = head["part"] or next(iter(re.findall(r"<(\w+)", line)), "")
                part = _PARTS.get(tag, "")
                words = [w.strip().removeprefix("to ") for w in _NOTE.sub("", line).split(",")]
                yield head["word"].strip().removeprefix("to "), part, [w for w in words if w]
                head = None


@cache
def tables(folder: Path) -> tuple[Table, Table]:
    """English to German and German to English, by (word, part of speech)."""
    there: Table = defaultdict(set)
    back: Table = defaultdict(set)
    for name, table in (("eng-deu", there), ("deu-eng", back)):
        for word, part, words in entries(folder / f"freedict-{name}.dict.dz"):
            table[word, part].update(words)
    return there, back


def neighbours(word: str, part: str, folder: Path) -> list[str]:
    """What a word may come back as, by the number of ways it can."""
    there, back = tables(folder)
    found: dict[str, int] = defaultdict(int)
    for german in there.get((word, part), ()):
        for english in back.get((german, part), ()):
            rarest = min((zipf_frequency(w, "en") for w in english.split()), default=0)
            if english != word and _ENGLISH.fullmatch(english) and rarest >= _RAREST:
                found[english] += 1
    return [w for w in sorted(found) for _ in range(found[w])]


def swapper(folder: Path) -> Callable[[Sequence[Token], int, random.Random], Swap | None]:
    """The swap of :func:`spinning.spin` over the dictionaries in ``folder``."""

    def swap(tokens: Sequence[Token], index: int, rng: random.Random) -> Swap | None:
        word = tokens[index].norm
        likely = likely_part(tokens, index)
        for part in (likely, *(p for p in UPOS if p != likely)):
            if not part:
                continue
            for lemma, tag in readings(word, part):
                words = neighbours(lemma, part, folder)
                if words:
                    if rng.random() < _WRONG_FORMS:
                        tag = {"NNS": "NN", "VBD": "VB", "VBG": "VB", "VBN": "VBD"}.get(tag, tag)
                    return index + 1, form(rng.choice(words), part, tag)
        return None

    return swap


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--dictionaries", type=Path, default=Path("/usr/share/dictd"))
    options = arguments.parse_args()
    write_pairs(options, "pivot", swapper(options.dictionaries))
