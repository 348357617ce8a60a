from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from unspin.errors import UnspinError
from unspin.learn.language_model import Compression, build_binary, corpus_sentences
from unspin.learn.ngrams import read_arpa

TINY = Path(__file__).parents[1] / "fixtures" / "tiny" / "model.arpa"


def test_corpus_leaves_out_held_back_paragraphs_and_caps_sources(tmp_path):
    lines = [f"Paragraph {i} isn’t the company’s." for i in range(6)]
    with gzip.open(tmp_path / "a.txt.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n\nKeep  this OUT.\nLast-minute one.\n")
    pairs = tmp_path / "dev.jsonl"
    record = {"id": "1", "spinner": "A", "original": "First.\n\nKeep this out.", "spun": "x"}
    pairs.write_text(json.dumps(record) + "\n")
    found = list(corpus_sentences(tmp_path, [pairs]))
    assert found[0] == ["paragraph", "<num>", "isn't", "the", "company", "'s"]
    assert found[-1] == ["last", "minute", "one"]
    assert len(found) == 7
    assert len(list(corpus_sentences(tmp_path, [pairs], cap=16))) == 4


def test_missing_kenlm_says_how_to_get_it(tmp_path):
    with pytest.raises(UnspinError, match="build KenLM"):
        build_binary(
            read_arpa(TINY), tmp_path / "out", tmp_path / "build_binary", Compression(8, 8, 255)
        )
