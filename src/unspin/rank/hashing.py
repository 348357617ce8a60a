"""Hashed features of an arc in its context, in numpy.

Each feature is a template number and up to three 64-bit values, hashed to an
index. Its first bits are the slot of a table, the last ``TAG_BITS`` the tag by which a
slot knows whose weight it holds: an order of magnitude more features than slots are
seen in training, and only the one that matters most is kept of those that share a slot.
``unspin.learn.features`` computes the same indexes in compiled code; a test holds the
two together.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]

TEMPLATES = 22
SLOT_BITS, TAG_BITS = 24, 3
INDEX_BITS = SLOT_BITS + TAG_BITS
BOUNDARY = np.uint64(0x51ED270B)  # stands for the word beyond a sentence's edge

_C1 = np.uint64(0x9E3779B97F4A7C15)
_C2 = np.uint64(0xBF58476D1CE4E5B9)
_C3 = np.uint64(0x94D049BB133111EB)
_SHIFT = np.uint64(31)

# Upper edges of the bins of a document's spin rate and of the channel's odds.
RATE_EDGES = np.array([0.01, 0.025, 0.05, 0.08, 0.12, 0.17, 0.24, 0.33, 0.45])
UNKNOWN_RATE = len(RATE_EDGES) + 1
CHANNEL_EDGES = np.array([-6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0])


@lru_cache(maxsize=1 << 17)
def word_hash(phrase: str) -> int:
    """The stable 64-bit value of a norm or of norms joined by spaces."""
    return zlib.crc32(phrase.encode("utf-8", "surrogatepass")) + 1


def pair_hash(left: U64, right: U64) -> U64:
    """One value for two."""
    mixed = (left * _C1 + right) * _C2
    mixed ^= mixed >> _SHIFT
    return mixed


def index(template: int, left: U64, right: U64, bits: int = INDEX_BITS) -> U64:
    """The index of a feature."""
    mixed = (left * _C1 + right + np.uint64(template)) * _C2
    mixed ^= mixed >> _SHIFT
    mixed *= _C3
    return mixed >> np.uint64(64 - bits)


def rate_bin(rate: float | None) -> int:
    """The bin of a spin rate; ``None`` is a bin of its own."""
    if rate is None:
        return UNKNOWN_RATE
    return int(np.searchsorted(RATE_EDGES, rate, side="right"))
