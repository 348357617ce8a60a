"""Words to word pieces, as the uncased BERT vocabulary cuts them.

The text is already tokenized (:mod:`unspin.tokens`), so what remains is BERT's
clean-up of one word and the greedy longest match (Wu et al. 2016). Written
here because pieces must line up with this project's tokens, and each distinct
word is cut only once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

CLS, SEP, UNK, PAD = "[CLS]", "[SEP]", "[UNK]", "[PAD]"
# Longer "words" are noise; BERT gives up on them too.
_MAX_LETTERS = 100
# What a hostile document may make the cache hold.
_MAX_CACHED = 200_000


class WordPieces:
    """A word-piece vocabulary and a cache of the words cut so far."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.size = len(vocabulary)
        self._ids = {piece: number for number, piece in enumerate(vocabulary)}
        self.cls, self.sep, self.unk, self.pad = (self._ids[p] for p in (CLS, SEP, UNK, PAD))
        self._cut: dict[str, tuple[int, ...]] = {}

    @classmethod
    def read(cls, path: Path) -> WordPieces:
        """The vocabulary of a file with one piece a line, in order."""
        return cls(path.read_text(encoding="utf-8").splitlines())

    def ids(self, norm: str) -> tuple[int, ...]:
        """The piece numbers of one token, at least one."""
        cut = self._cut.get(norm)
        if cut is None:
            if len(self._cut) >= _MAX_CACHED:
                self._cut.clear()
            cut = self._cut[norm] = self._pieces(norm)
        return cut

    def phrase(self, phrase: str) -> tuple[int, ...]:
        """The piece numbers of norms joined by spaces."""
        return tuple(piece for word in phrase.split(" ") for piece in self.ids(word))

    def _pieces(self, norm: str) -> tuple[int, ...]:
        found: list[int] = []
        for part in _parts(norm):
            found.extend(self._greedy(part))
        return tuple(found) or (self.unk,)

    def _greedy(self, word: str) -> list[int]:
        if len(word) > _MAX_LETTERS:
            return [self.unk]
        pieces: list[int] = []
        start = 0
        while start < len(word):
            end = len(word)
            while end > start:
                piece = word[start:end] if start == 0 else "##" + word[start:end]
                number = self._ids.get(piece)
                if number is not None:
                    pieces.append(number)
                    break
                end -= 1
            else:
                return [self.unk]
            start = end
        return pieces


def _parts(norm: str) -> list[str]:
    """BERT's clean-up: lower case, no accents, punctuation and CJK letters apart."""
    parts = [""]
    for char in unicodedata.normalize("NFD", norm.lower()):
        category = unicodedata.category(char)
        if category == "Mn" or category in ("Cc", "Cf", "Cs") or char == "\ufffd":
            continue
        if _is_punctuation(char, category) or _is_cjk(ord(char)):
            parts.extend((char, ""))
        elif char.isspace():
            parts.append("")
        else:
            parts[-1] += char
    return [part for part in parts if part]


def _is_punctuation(char: str, category: str) -> bool:
    code = ord(char)
    ascii_mark = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return ascii_mark or category.startswith("P")


def _is_cjk(code: int) -> bool:
    return (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0x20000 <= code <= 0x2CEAF
        or 0xF900 <= code <= 0xFAFF
        or 0x2F800 <= code <= 0x2FA1F
    )
