"""Lemmas and inflected forms of English words, from lemminflect's tables.

lemminflect parses all 120,000 rows of its tables when the first word is looked
up, which takes longer than restoring a short text. Here a row is parsed when
its word is asked for.
"""

from __future__ import annotations

import gzip
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


class _Table:
    """What lemminflect takes for its dictionary of forms by word."""

    def __init__(self, path: str, parse: Callable[[str], tuple[str, _Forms]]) -> None:
        self._parse = parse
        self._lines: dict[str, str] = {}
        self._parsed: dict[str, _Forms] = {}
        with gzip.open(path) as file:
            text = file.read().decode("utf-8")
        for line in text.split("\n"):
            word = line.partition(",")[0]
            known = self._lines.get(word)
            self._lines[word] = line if known is None else f"{known}\n{line}"
        self._lines.pop("", None)

    def __setitem__(self, word: str, forms: _Forms) -> None:
        self._parsed[word] = forms

    def get(self, word: str, default: _Forms) -> _Forms:
        found = self._parsed.get(word)
        if found is None:
            lines = self._lines.get(word)
            if lines is None:
                return default
            found = {}
            for line in lines.split("\n"):
                found.update(self._parse(line)[1])
            self._parsed[word] = found
        return found


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
