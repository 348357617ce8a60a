from __future__ import annotations

import math
import struct

import numpy as np
import pytest

from unspin.errors import DataError
from unspin.learn.pocketsphinx import MAGIC, decode_pocketsphinx

WORDS = ["</s>", "<s>", "being", "is", "used"]
# Reading order: probability and back-off of each n-gram, to base 1.0001.
UNIGRAMS = {
    "</s>": (-7000.0, 0.0),
    "<s>": (-990000.0, -2500.0),
    "being": (-9000.5, -3000.25),
    "is": (-8000.0, -1000.0),
    "used": (-12000.0, -500.0),
}
BIGRAMS = {
    ("<s>", "is"): (-4000.0, -700.0),
    ("is", "being"): (-3000.5, -1500.0),
    ("being", "used"): (-2000.0, -125.5),
    ("used", "</s>"): (-6000.0, 0.0),
}
TRIGRAMS = {
    ("<s>", "is", "being"): -5000.0,
    ("is", "being", "used"): -1000.25,
    ("being", "used", "</s>"): -7500.0,
}


def packed(entries: int, rows: list[list[tuple[int, int]]]) -> bytes:
    """Rows of (value, bits) as a bit array sized for ``entries``."""
    value = at = 0
    for row in rows:
        for number, bits in row:
            value |= number << at
            at += bits
    size = ((entries + 1) * sum(b for _, b in rows[0]) + 7) // 8 + 8
    return value.to_bytes(size, "little")


def pocketsphinx_bytes(surplus: int = 2) -> bytes:
    """The tiny model as pocketsphinx writes it, keyed backwards.

    ``surplus`` is added to the header's bigram count, as in the real file.
    """
    number = {word: i for i, word in enumerate(WORDS)}
    tables = np.zeros((3, 65536), "<f4")
    bigrams = sorted(BIGRAMS, key=lambda g: [number[w] for w in reversed(g)])
    trigrams = sorted(TRIGRAMS, key=lambda g: [number[w] for w in reversed(g)])
    # Indexes far apart, so that all 16 bits matter.
    index2 = {g: 65535 - 777 * i for i, g in enumerate(bigrams)}
    index3 = {g: 40000 + 1111 * i for i, g in enumerate(trigrams)}
    for gram, i in index2.items():
        tables[0, i], tables[1, 65535 - i] = BIGRAMS[gram]
    for gram, i in index3.items():
        tables[2, i] = TRIGRAMS[gram]
    n2 = len(bigrams) + surplus
    word_bits, next_bits = len(WORDS).bit_length(), len(trigrams).bit_length()
    data = MAGIC + bytes([3]) + struct.pack("<3I", len(WORDS), n2, len(trigrams)) + bytes(4)
    data += tables.tobytes()
    for word in WORDS:
        data += struct.pack("<ffI", *UNIGRAMS[word], sum(g[1] < word for g in bigrams))
    data += struct.pack("<ffI", 0.0, 0.0, len(bigrams))
    rows = []
    for gram in bigrams:
        first = sum(
            [number[w] for w in g[:0:-1]] < [number[w] for w in gram[::-1]] for g in trigrams
        )
        pair = index2[gram] << 16 | 65535 - index2[gram]
        rows.append([(number[gram[0]], word_bits), (pair, 32), (first, next_bits)])
    rows.append([(0, word_bits), (0, 32), (len(trigrams), next_bits)])
    data += packed(n2, rows)
    data += packed(len(trigrams), [[(number[g[0]], word_bits), (index3[g], 16)] for g in trigrams])
    words = b"".join(word.encode() + b"\0" for word in WORDS)
    return data + struct.pack("<I", len(words)) + words


@pytest.mark.parametrize("surplus", [0, 2])
def test_pocketsphinx_comes_back_exactly(surplus):
    model = decode_pocketsphinx(pocketsphinx_bytes(surplus))
    assert model.vocabulary == WORDS
    assert model.counts == [len(UNIGRAMS), len(BIGRAMS), len(TRIGRAMS)]
    base = math.log(1.0001)
    expected = [
        {(w,): v for w, v in UNIGRAMS.items()},
        BIGRAMS,
        {g: (p, 0.0) for g, p in TRIGRAMS.items()},
    ]
    for order, wanted in zip(model.orders, expected, strict=True):
        found = {
            tuple(WORDS[i] for i in gram): (prob / base, backoff / base)
            for gram, prob, backoff in zip(
                order.words.tolist(), order.log_prob, order.backoff, strict=True
            )
        }
        assert found == {gram: pytest.approx(values) for gram, values in wanted.items()}


def test_other_and_incomplete_files_are_refused():
    data = pocketsphinx_bytes()
    with pytest.raises(DataError, match="does not begin with"):
        decode_pocketsphinx(b"garbage")
    with pytest.raises(DataError, match="order 2"):
        decode_pocketsphinx(data.replace(MAGIC + b"\3", MAGIC + b"\2"))
    tables = len(MAGIC) + 17 + 3 * 65536 * 4
    for cut in (len(MAGIC) + 3, 500, tables + 30, tables + 75, len(data) - 45, len(data) - 9):
        with pytest.raises(DataError, match="cut off"):
            decode_pocketsphinx(data[:cut])
