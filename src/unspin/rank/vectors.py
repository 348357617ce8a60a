"""Vectors of candidates: made from their word pieces, plus what was learned of a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unspin.rank.hashing import pair_hash, word_hash
from unspin.rank.wordpiece import WordPieces

Floats = NDArray[np.float32]

# Cached vectors; a hostile document must not make them grow without end.
_MAX_CACHED = 200_000


class CandidateVectors:
    """The memory-mapped tables that :mod:`unspin.learn.export` wrote."""

    def __init__(self, folder: Path, pieces: WordPieces, small: Mapping[str, Any]) -> None:
        """Map the tables in ``folder``; ``small`` is ``context.heads.npz``."""
        self._pieces = pieces
        self._project = np.load(folder / "context.project.npy", mmap_mode="r")
        self._project_scale: Floats = small["project_scale"]
        self._keys = np.load(folder / "context.pairs.npy", mmap_mode="r")
        self._pairs = np.load(folder / "context.vectors.npy", mmap_mode="r")
        self._pair_scale: Floats = small["pair_scale"]
        self._pair_bias: Floats = small["pair_bias"]
        self._cache: dict[str, Floats] = {}

    def of_phrases(self, phrases: Sequence[str]) -> Floats:
        """(phrases, 128) projected mean embeddings of the phrases' pieces."""
        cache = self._cache
        if len(cache) > _MAX_CACHED:
            cache.clear()
        missing = sorted({p for p in phrases if p not in cache})
        if missing:
            cut = [self._pieces.phrase(p) if p else (self._pieces.unk,) for p in missing]
            flat = np.array([piece for pieces in cut for piece in pieces])
            sizes = np.array([len(pieces) for pieces in cut])
            rows = self._project[flat] * self._project_scale[flat, None]
            sums = np.add.reduceat(rows, np.cumsum(sizes) - sizes, axis=0)
            for phrase, vector in zip(missing, sums / sizes[:, None], strict=True):
                cache[phrase] = vector.astype(np.float32)
        return np.stack([cache[p] for p in phrases])

    def of_pairs(self, spun: NDArray[np.uint64], originals: Sequence[str]) -> tuple[Floats, Floats]:
        """(pairs, 128) vectors and (pairs,) biases of spun phrases (hashes) and originals."""
        vectors = self.of_phrases(originals)
        bias = np.zeros(len(originals), np.float32)
        keys = pair_hash(spun, np.array([word_hash(o) for o in originals], np.uint64))
        row = np.searchsorted(self._keys, keys)
        row[row == len(self._keys)] = 0
        hit = self._keys[row] == keys
        rows = row[hit]
        vectors[hit] += self._pairs[rows] * self._pair_scale[rows, None]
        bias[hit] = self._pair_bias[rows]
        return vectors, bias
