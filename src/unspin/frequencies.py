"""How common English words are, as wordfreq says.

wordfreq imports the tables of all languages and makes a dictionary of 320,000 words
before it answers, which takes as long as restoring a short text. Here its list is read
without it: most words are one token for wordfreq, looked up as they are, and all
others are left to its own tokenizer. The answers are the same to the last bit.
"""

from __future__ import annotations

import importlib.util
import math
import re
import zlib
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

import msgpack

# What wordfreq's tokenizer takes for one token, and what for none.
_LETTER = "A-Za-zà-öø-ÿ\u0100-\u012f\u0131-\u0148\u014a-\u017e"  # of one lower-case letter each
_PLAIN = re.compile(rf"'?([{_LETTER}]+(?:'(?:s|t|d|m|ll|re|ve))?)")
_MARKS = re.compile(r"[!-/:-?\[-^`{-~‘’“”–—…]+")
# Frequencies are 10 ** (-n / 100) for the words of the nth list. Words of the lists before
# this one are looked up most: they are in a dictionary, which of all words would take 70 ms
# to make. The other lists are sorted; once this often looked through, they become sets.
_COMMON = 550
_PATIENCE = 200
_ZIPF_OF_NEVER = 1e-9
_GZIP = 31  # what zlib calls the format


class _Table:
    """The numbers of the lists that words are in (UTF-8 bytes)."""

    def __init__(self, lists: Sequence[Sequence[bytes]]) -> None:
        self._common = {word: n for n, words in enumerate(lists[:_COMMON]) for word in words}
        self._lists = lists[_COMMON:]
        self._sets: list[frozenset[bytes]] | None = None
        self._searches = 0

    def number(self, word: bytes) -> int | None:
        found = self._common.get(word)
        return self._rare(word) if found is None else found

    def _rare(self, word: bytes) -> int | None:
        if self._sets is None:
            self._searches += 1
            if self._searches <= _PATIENCE:
                for number, words in enumerate(self._lists, _COMMON):
                    at = bisect_left(words, word)
                    if at < len(words) and words[at] == word:
                        return number
                return None
            self._sets = [frozenset(words) for words in self._lists]
            self._lists = ()
        for number, listed in enumerate(self._sets, _COMMON):
            if word in listed:
                return number
        return None


@lru_cache(maxsize=65536)
def zipf(word: str) -> float:
    """The Zipf frequency (log10 per billion words) of a word; 0 for one never seen.

    >>> zipf("the"), zipf("Isn't"), zipf("qwertzuiop")
    (7.73, 5.41, 0.0)
    """
    return round(math.log(frequency(word, _ZIPF_OF_NEVER), 10) + 9, 2)


def frequency(word: str, minimum: float) -> float:
    """The share of all words that are this one (0 to 1); ``minimum`` for one never seen."""
    table = _table()
    if table is None:
        return _ask_wordfreq(word, minimum)
    plain = _PLAIN.fullmatch(word)
    if plain is None:
        return minimum if _MARKS.fullmatch(word) else _of_tokens(word, table, minimum)
    number = table.number(plain[1].lower().encode())
    return minimum if number is None else _rounded(1.0 / _share(number), minimum)


def _of_tokens(word: str, table: _Table, minimum: float) -> float:
    """The frequency of what may be several tokens or have digits, as wordfreq has it."""
    from wordfreq.numbers import digit_freq, smash_numbers
    from wordfreq.tokens import lossy_tokenize

    inverse = 0.0
    for token in lossy_tokenize(word, "en"):
        smashed = smash_numbers(token)
        number = table.number(smashed.encode("utf-8", "surrogatepass"))
        if number is None:
            return minimum
        share = _share(number) if smashed == token else _share(number) * digit_freq(token)
        inverse += 1.0 / share
    return _rounded(inverse, minimum) if inverse else minimum


def _share(number: int) -> float:
    share: float = 10 ** (-number / 100)
    return share


def _rounded(inverse: float, minimum: float) -> float:
    """One over ``inverse`` to three digits, as wordfreq rounds it."""
    value = max(1.0 / inverse, minimum)
    return round(value, math.floor(-math.log(value, 10)) + 3)


def _ask_wordfreq(word: str, minimum: float) -> float:
    import wordfreq

    found: float = wordfreq.word_frequency(word, "en", minimum=minimum)
    return found


@cache
def _table() -> _Table | None:
    """The large English list; ``None`` where it is not as version 3.1 has it."""
    package = importlib.util.find_spec("wordfreq")
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent / "data" / "large_en.msgpack.gz"
    try:
        raw = zlib.decompress(path.read_bytes(), _GZIP)
        header, *lists = msgpack.unpackb(raw, raw=True)
        if header != {b"format": b"cB", b"version": 1}:
            return None
        return _Table(lists)
    except (OSError, ValueError, TypeError, zlib.error):
        return None
