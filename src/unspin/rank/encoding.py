"""The encoder at work: sentences in, vectors of spans and words out, by onnxruntime.

Neighbouring sentences are read together, in chunks of at most ``MAX_PIECES``
word pieces. Only chunks of the same length share a batch: padding would cost time and,
since activations are quantized by the range of their batch, change results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unspin.rank.wordpiece import WordPieces
from unspin.records import Sentence

Floats = NDArray[np.float32]

# What the encoder was trained on: longer chunks are cut at sentence starts.
MAX_PIECES = 200
# Pieces per batch; larger ones gain nothing on one thread.
_BATCH_PIECES = 2048
# Width of a draft: a candidate's vector and the summed probability.
DRAFT = 129


@dataclass(frozen=True, slots=True)
class Reading:
    """What the encoder made of some sentences.

    ``spans`` (spans, 128) are vectors of the spans asked for; per sentence,
    ``changed[n]`` (tokens,) is P(changed) and ``guesses[n]`` (tokens, 128) the
    vectors that a changed word's original should be like.
    """

    spans: Floats
    changed: list[Floats]
    guesses: list[Floats]


class Encoder:
    """An onnxruntime session over ``context.onnx``."""

    def __init__(self, path: Path, pieces: WordPieces, threads: int = 1) -> None:
        """Load the model; raises whatever onnxruntime does when it cannot."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._pieces = pieces

    def read(
        self,
        sentences: Sequence[Sentence],
        hints: tuple[int, int],
        spans: Sequence[tuple[int, int, int]] = (),
        drafts: Floats | None = None,
    ) -> Reading:
        """The encoder's reading of ``sentences``.

        ``hints`` are the tokens of family and rate; ``spans`` are (sentence,
        start, end) in order, ``drafts`` (spans, 129) what is expected in place of
        each.
        """
        cuts = [self._cut(sentence) for sentence in sentences]
        span_at = np.searchsorted([s[0] for s in spans], np.arange(len(sentences) + 1))
        vectors = np.zeros((len(spans), DRAFT - 1), np.float32)
        changed: list[Floats] = [np.zeros(0, np.float32)] * len(sentences)
        guesses: list[Floats] = [np.zeros((0, DRAFT - 1), np.float32)] * len(sentences)
        for group in _batches(cuts):
            size = sum(len(cuts[n][0]) for n in group[0]) + 4
            ids = np.zeros((len(group), size), np.int64)
            draft = np.zeros((len(group) * size, DRAFT), np.float32)
            ends: list[tuple[int, int]] = []
            words: list[tuple[int, int]] = []
            order: list[int] = []
            for row, chunk in enumerate(group):
                ids[row, :3] = (self._pieces.cls, *hints)
                at = 3
                for n in chunk:
                    pieces, begin = cuts[n]
                    ids[row, at : at + len(pieces)] = pieces
                    base = row * size + at
                    words.extend((base + a, base + b - 1) for a, b in pairwise(begin))
                    for s in range(span_at[n], span_at[n + 1]):
                        _, start, end = spans[s]
                        order.append(s)
                        ends.append((base + begin[start], base + begin[end] - 1))
                        if drafts is not None:
                            draft[base + begin[start] : base + begin[end]] += drafts[s]
                    at += len(pieces)
                ids[row, at] = self._pieces.sep
            out = self._run(ids, draft.reshape(len(group), size, DRAFT), ends, words)
            vectors[order] = out[0]
            at = 0
            for chunk in group:
                for n in chunk:
                    end = at + len(cuts[n][1]) - 1
                    changed[n], guesses[n] = out[1][at:end], out[2][at:end]
                    at = end
        return Reading(vectors, changed, guesses)

    def _run(
        self,
        ids: NDArray[np.int64],
        drafts: Floats,
        ends: list[tuple[int, int]],
        words: list[tuple[int, int]],
    ) -> tuple[Floats, Floats, Floats]:
        span, word = (np.array(x, np.int64).reshape(-1, 2) for x in (ends, words))
        vectors, logits, guesses = self._session.run(
            None,
            {
                "ids": ids,
                "drafts": drafts,
                "first": span[:, 0],
                "last": span[:, 1],
                "word_first": word[:, 0],
                "word_last": word[:, 1],
            },
        )
        return vectors, 1.0 / (1.0 + np.exp(-logits)), guesses

    def _cut(self, sentence: Sentence) -> tuple[list[int], list[int]]:
        """A sentence's pieces and the offset of each token's first, at most ``MAX_PIECES``."""
        cuts = [self._pieces.ids(token.norm) for token in sentence.tokens]
        begin = [0, *accumulate(map(len, cuts))]
        if begin[-1] <= MAX_PIECES:
            return list(chain.from_iterable(cuts)), begin
        pieces: list[int] = []
        begin = [0]
        left = len(cuts)
        for cut in cuts:
            left -= 1
            # A token keeps at least one piece, so that every span has its states.
            pieces.extend(cut[: max(1, MAX_PIECES - len(pieces) - left)])
            begin.append(len(pieces))
        return pieces, begin


def _batches(cuts: list[tuple[list[int], list[int]]]) -> list[list[list[int]]]:
    """Sentences joined to chunks, across paragraphs too; chunks of the same length together."""
    chunks: list[list[int]] = []
    sizes: list[int] = []
    for n, (cut, _) in enumerate(cuts):
        size = len(cut)
        if chunks and sizes[-1] + size <= MAX_PIECES:
            chunks[-1].append(n)
            sizes[-1] += size
        else:
            chunks.append([n])
            sizes.append(size)
    groups: list[list[list[int]]] = []
    last = -1
    for c in sorted(range(len(chunks)), key=sizes.__getitem__):
        if sizes[c] != last or (len(groups[-1]) + 1) * (sizes[c] + 4) > _BATCH_PIECES:
            groups.append([])
        groups[-1].append(chunks[c])
        last = sizes[c]
    return groups
