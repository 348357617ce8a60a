"""Rows parsed one by one against lemminflect's own loading of the whole tables."""

from __future__ import annotations

import random

import lemminflect
from lemminflect import config
from lemminflect.codecs.InflectionLUCodec import InflectionLUCodec
from lemminflect.codecs.LemmaLUCodec import LemmaLUCodec

from unspin.wordforms import inflections, lemmas


def test_every_row_is_what_lemminflect_would_have_loaded() -> None:
    assert lemmas("mice") == {"NOUN": ("mouse",)}
    plain_lemmas = LemmaLUCodec.load(config.lemma_lu_fn)
    plain_forms = InflectionLUCodec.load(config.inflection_lu_fn)
    rng = random.Random(0)
    for word in rng.sample(sorted(plain_lemmas), 5000):
        assert lemminflect.Lemmatizer().lemma_dict.get(word, {}) == plain_lemmas[word]
    for word in ["be", "can", "dare", *rng.sample(sorted(plain_forms), 5000)]:
        assert lemminflect.Inflections().infl_dict.get(word, {}) == plain_forms[word]


def test_capitals_overrides_and_unknown_words_are_lemminflects_business() -> None:
    assert lemmas("Mice") == {"NOUN": ("Mouse",)}
    assert lemmas("qwertzu") == {}
    assert inflections("be", "VBD") == ("was", "were")
    assert inflections("qwertzu", "VBD") == ()
    assert inflections("Raise", "VBG") == ("Raising",)
