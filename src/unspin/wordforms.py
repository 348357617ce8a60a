"""Lemmas and inflected forms of English words, from lemminflect's tables.

lemminflect parses all 120,000 rows of its tables when the first word is looked
up, which takes longer than restoring a short text. Here a row is parsed when
its word is asked for.
"""

from __future__ import annotations

import gzip
from bisect import bisect_left
from collections.abc import Callable
from functools import cache
from typing import Any

_Forms = dict[str, tuple[str, ...]]


def lemmas(word: str) -> _Forms:
    """The lemmas of ``word`` by universal part of speech; empty for unknown words.

    >>> lemmas("raised")
    {'VERB': ('raise',)}
    """
    found: _Forms = _lemminflect().getAllLemmas(word)
    return found


def inflections(lemma: str, tag: str) -> tuple[str, ...]:
    """The spellings of ``lemma`` in the form of a Penn Treebank tag; empty where it has none.

    >>> inflections("child", "NNS"), inflections("childs", "NNS")
    (('children',), ())
    """
    found: tuple[str, ...] = _lemminflect().getInflection(lemma, tag, inflect_oov=False)
    return found


class _Copied(dict[str, tuple[str, ...]]):
    """Forms that lemminflect copies before it changes them; their spellings stay as they are."""

    def __deepcopy__(self, memo: object) -> _Forms:
        return dict(self)


class _Table:
    """What lemminflect takes for its dictionary of forms by word."""

    def __init__(self, path: str, parse: Callable[[str], tuple[str, _Forms]]) -> None:
        self._parse = parse
        self._parsed: dict[str, _Forms] = {}
        with gzip.open(path) as file:
            text = file.read().decode("utf-8").rstrip("\n")
        # Rows are sorted by word: a comma would stand after the apostrophe, a tab does not.
        self._lines = text.replace(",", "\t").split("\n")
        if self._lines != sorted(self._lines):
            self._lines.sort(key=_word)

    def __setitem__(self, word: str, forms: _Forms) -> None:
        self._parsed[word] = forms

    def get(self, word: str, default: _Forms) -> _Forms:
        found = self._parsed.get(word)
        if found is None:
            found = _Copied()
            begin = word + "\t"
            for number in range(bisect_left(self._lines, begin), len(self._lines)):
                line = self._lines[number]
                if not line.startswith(begin):
                    break
                found.update(self._parse(line.replace("\t", ","))[1])
            if not found:
                return default
            self._parsed[word] = found
        return found


def _word(line: str) -> str:
    return line.partition("\t")[0]


@cache
def _lemminflect() -> Any:
    import lemminflect
    from lemminflect import config
    from lemminflect.codecs.InflectionLUCodec import InflectionLUCodec
    from lemminflect.codecs.LemmaLUCodec import LemmaLUCodec
    from lemminflect.core.LexicalUtils import categoryToUPos

    def parse_lemmas(line: str) -> tuple[str, _Forms]:
        word, category, forms = LemmaLUCodec.fromString(line)
        return word, {categoryToUPos(category): forms}

    def parse_inflections(line: str) -> tuple[str, _Forms]:
        word, _, forms = InflectionLUCodec.fromString(line)
        return word, forms

    # Both are singletons that load a table only where they have none yet.
    lemminflect.Lemmatizer().lemma_dict = _Table(config.lemma_lu_fn, parse_lemmas)
    table = _Table(config.inflection_lu_fn, parse_inflections)
    lemminflect.Inflections().infl_dict = InflectionLUCodec.updateForAuxMod(table)
    return lemminflect
