"""Reads the English trigram model of the PyPI package ``pocketsphinx``.

Its format, with all numbers little-endian::

    "Trie Language Model"
    uint8 order = 3
    uint32[3] n-gram counts               the bigram count can be a few too high
    4 bytes                               unused
    float32[65536] bigram probabilities, float32[65536] bigram back-offs,
    float32[65536] trigram probabilities  quantization tables
    unigrams + 1 of (float32 probability, float32 back-off, uint32 first bigram)
    bigrams + 1 of (word, table indexes, first trigram)     bit-packed
    trigrams of (word, table index)                         bit-packed
    uint32 size, words, each ended by NUL

A packed field is as wide as the bit length of what it counts (words, trigrams)
or 16 bits a table index, least significant bit first; an index pair has the
probability in its high half. A packed array takes ``ceil((entries + 1) * bits
/ 8) + 8`` bytes. Probabilities are logarithms to base 1.0001.

N-grams are keyed backwards: under "used" come the words that stand before it,
under those the words before them. The entry ``used, being, is`` is
P(used | is being), and the back-off of ``being, is`` is that of the history
"is being".
"""

from __future__ import annotations

import math
import struct
import zipfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unspin.errors import DataError
from unspin.learn.ngrams import Floats, Ints, NgramModel, Order

MAGIC = b"Trie Language Model"
_TABLE = 65536
# Natural logarithm of the format's base.
_LOG_BASE = math.log(1.0001)
_PADDING = 8  # bytes after each packed array


def pocketsphinx_model(path: Path | None) -> tuple[bytes, str]:
    """The bytes of pocketsphinx's English model and the package's version.

    ``path`` is a wheel, or the model file itself; ``None`` is the installed package.
    """
    inner = "pocketsphinx/model/en-us/en-us.lm.bin"
    try:
        if path is None:
            package = metadata.distribution("pocketsphinx")
            return Path(str(package.locate_file(inner))).read_bytes(), package.version
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                return wheel.read(inner), path.name.split("-")[1]
        return path.read_bytes(), "unknown"
    except (metadata.PackageNotFoundError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(
            f"pocketsphinx's {inner} cannot be read: {error}; "
            "pip install pocketsphinx, or give its wheel with --pocketsphinx"
        ) from error


def decode_pocketsphinx(data: bytes) -> NgramModel:
    """The trigram model in the bytes of a pocketsphinx ``.lm.bin`` file.

    Raises:
        DataError: if the bytes are of another format or incomplete.
    """
    if not data.startswith(MAGIC):
        raise DataError(f"no pocketsphinx trie model: it does not begin with {MAGIC.decode()!r}")
    at = len(MAGIC)
    if len(data) < at + 17 + 3 * _TABLE * 4:
        raise DataError("the header is cut off: the model file is incomplete")
    if data[at] != 3:
        raise DataError(f"the model has order {data[at]}; only trigram models are understood")
    n1, _, n3 = struct.unpack_from("<3I", data, at + 1)
    at += 17
    tables = np.frombuffer(data, "<f4", 3 * _TABLE, at).reshape(3, _TABLE).astype(np.float64)
    at += tables.size * 4
    if len(data) < at + 12 * (n1 + 1):
        raise DataError("the unigrams are cut off: the model file is incomplete")
    unigrams = np.frombuffer(
        data, [("prob", "<f4"), ("backoff", "<f4"), ("next", "<u4")], n1 + 1, at
    )
    at += unigrams.nbytes
    first2 = unigrams["next"].astype(np.int64)
    n2 = int(first2[-1])  # the header's count is too high
    word_bits, next_bits = n1.bit_length(), n3.bit_length()
    header_n2 = struct.unpack_from("<I", data, len(MAGIC) + 5)[0]
    (word2, index2, first3), _ = _unpack(data, at, n2 + 1, (word_bits, 32, next_bits))
    at += ((header_n2 + 1) * (word_bits + 32 + next_bits) + 7) // 8 + _PADDING
    (word3, index3), at = _unpack(data, at, n3, (word_bits, 16))
    if at + 4 > len(data):
        raise DataError("the words are cut off: the model file is incomplete")
    size = struct.unpack_from("<I", data, at)[0]
    words = data[at + 4 : at + 4 + size].split(b"\0")[:n1]
    if len(words) != n1:
        raise DataError("the words are cut off: the model file is incomplete")
    predicted2 = np.repeat(np.arange(n1), np.diff(first2))
    of3 = np.repeat(np.arange(n2), np.diff(first3[: n2 + 1]))
    orders = (
        _order(
            np.arange(n1)[:, None],
            unigrams["prob"][:-1].astype(np.float64),
            unigrams["backoff"][:-1].astype(np.float64),
        ),
        _order(
            np.stack([word2[:n2], predicted2], 1),
            tables[0][index2[:n2] >> 16],
            tables[1][index2[:n2] & 0xFFFF],
        ),
        _order(np.stack([word3, word2[of3], predicted2[of3]], 1), tables[2][index3], np.zeros(n3)),
    )
    return NgramModel([w.decode("utf-8") for w in words], orders)


def _unpack(data: bytes, start: int, entries: int, widths: Sequence[int]) -> tuple[list[Ints], int]:
    """The fields of a packed array, and where the next part of the file begins."""
    total = sum(widths)
    size = ((entries + 1) * total + 7) // 8 + _PADDING
    if start + size > len(data):
        raise DataError("the n-gram arrays are cut off: the model file is incomplete")
    raw = np.frombuffer(data, np.uint8, size, start).astype(np.uint64)
    fields = []
    offset = np.arange(entries, dtype=np.int64) * total
    for width in widths:
        byte = offset >> 3
        value = np.zeros(entries, np.uint64)
        # 32 bits that begin inside a byte can touch five bytes.
        for k in range((width + 14) // 8):
            value |= raw[byte + k] << np.uint64(8 * k)
        value >>= (offset & 7).astype(np.uint64)
        value &= np.uint64((1 << width) - 1)
        fields.append(value.astype(np.int64))
        offset = offset + width
    return fields, start + size


def _order(words: NDArray[Any], prob: Floats, backoff: Floats) -> Order:
    by = np.lexsort(words.T[::-1])
    return Order(words[by].astype(np.int32), prob[by] * _LOG_BASE, backoff[by] * _LOG_BASE)
