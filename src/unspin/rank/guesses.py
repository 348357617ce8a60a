"""What the encoder itself would put in place of a word, out of the commonest words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unspin.rank.vectors import CandidateVectors

Floats = NDArray[np.float32]
# Log probabilities of all words, the log of what they were divided by, the likeliest words.
Guess = tuple[Floats, float, NDArray[np.int64]]

# Likeliest words that are named.
NAMED = 40
# Queries answered at once: each reads the whole table, and takes 50 KB for its answer.
_BLOCK = 32


class Guesser:
    """The table of words that a changed word's original is looked up in."""

    def __init__(self, folder: Path, vectors: CandidateVectors, small: Mapping[str, Any]) -> None:
        """Load the table in ``folder``; ``small`` is ``context.heads.npz``."""
        self.words = (folder / "context.guesses.txt").read_text(encoding="utf-8").split("\n")[:-1]
        self.number = {word: n for n, word in enumerate(self.words)}
        bytes_ = np.load(folder / "context.guesses.npy", mmap_mode="r")
        self._table: Floats = bytes_ * small["guess_scale"][:, None]
        self._bias: Floats = small["guess_bias"]
        self._rare = float(self._bias.min(initial=0.0))
        self._vectors = vectors

    def log_probabilities(self, queries: Floats) -> tuple[Floats, Floats]:
        """(words asked, table) natural log probabilities of each original, given a change.

        Also (words asked,): the log of what they were divided by.
        """
        scores = queries @ self._table.T * queries.shape[1] ** -0.5 + self._bias
        top = scores.max(1, keepdims=True)
        norm = top + np.log(np.exp(scores - top).sum(1, keepdims=True))
        return scores - norm, norm[:, 0]

    def each(self, queries: Floats) -> Iterator[Guess]:
        """What is guessed for each query in turn."""
        for begin in range(0, len(queries), _BLOCK):
            table, norms = self.log_probabilities(queries[begin : begin + _BLOCK])
            best = np.argpartition(-table, NAMED, axis=1)[:, :NAMED]
            yield from zip(table, norms.tolist(), best, strict=True)

    def outside(self, query: Floats, norm: float, words: Sequence[str]) -> Floats:
        """Log probabilities of words that the table lacks, as if they were its rarest."""
        vectors = self._vectors.of_phrases(words)
        scores: Floats = vectors @ query * len(query) ** -0.5 + self._rare - norm
        return scores

    def scores(self, queries: Floats, words: Sequence[str]) -> Floats:
        """(words,): how well each of ``words`` answers its query (words, 128).

        In nats; only scores for the same query compare.
        """
        numbers = [self.number.get(word) for word in words]
        found = np.empty((len(words), queries.shape[1]), np.float32)
        bias = np.full(len(words), self._rare, np.float32)
        listed = [at for at, n in enumerate(numbers) if n is not None]
        rows = [n for n in numbers if n is not None]
        found[listed], bias[listed] = self._table[rows], self._bias[rows]
        missing = [at for at, n in enumerate(numbers) if n is None]
        if missing:
            found[missing] = self._vectors.of_phrases([words[at] for at in missing])
        scale = queries.shape[1] ** -0.5
        result: Floats = np.einsum("ij,ij->i", queries, found) * scale + bias
        return result

    def vectors(self, words: Sequence[str]) -> Floats:
        """(words, 128) vectors of length 1 made of the words' pieces."""
        found = self._vectors.of_phrases(words)
        result: Floats = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)
        return result
