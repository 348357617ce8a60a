"""The encoder's training text: corpora cut into chunks, chunks joined to batches of tensors."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unspin.learn.features import Candidates, Hints, Matches
from unspin.learn.parallel import ParallelText
from unspin.rank.encoding import MAX_PIECES
from unspin.rank.wordpiece import WordPieces

BATCH_PIECES = 4096
# Stands for a wide logit that is withheld.
BLIND = -100.0
# Lengths are padded to a multiple of this and batches to a full one, since the
# CPU's matrix kernels are compiled anew for every new shape (4 s a step saved).
_GRAIN = 16


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything the encoder is trained on, as flat arrays.

    ``wide[wide_at[m]:wide_at[m + 1]]`` are the features' logits of match ``m``'s
    candidates; per spun token, ``changed`` is 1, 0 or -1 (unknown) and ``wanted``
    the number of the original in the guesser's words, -1 for none of them.
    """

    text: ParallelText
    lexicon: Candidates
    matches: Matches
    hints: Hints
    wide: NDArray[np.float32]
    wide_at: NDArray[np.int64]
    changed: NDArray[np.int8]
    wanted: NDArray[np.int32]


class Pieces:
    """The word pieces of a vocabulary as flat arrays."""

    def __init__(self, pieces: WordPieces, words: list[str]) -> None:
        cut = [pieces.ids(w) for w in words]
        self.at = np.concatenate([[0], np.cumsum([len(c) for c in cut])]).astype(np.int64)
        self.flat = np.array([p for c in cut for p in c], np.int64)

    def of(self, words: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The pieces of a word sequence and the offset of each word's first one."""
        lengths = self.at[words + 1] - self.at[words]
        begin = np.concatenate([[0], np.cumsum(lengths)])
        index = np.repeat(self.at[words] - begin[:-1], lengths) + np.arange(begin[-1])
        return self.flat[index], begin


@dataclass(frozen=True, slots=True)
class Chunk:
    """Spun tokens ``start:end`` of one document, at most ``MAX_PIECES`` pieces."""

    corpus: int
    document: int
    start: int
    end: int
    pieces: int


def chunks_of(
    number: int, corpus: Corpus, pieces: Pieces, documents: NDArray[np.int64]
) -> list[Chunk]:
    """The paragraphs of ``documents`` cut at sentence starts into chunks."""
    text = corpus.text
    at = np.searchsorted(text.document, np.arange(len(text.spinner) + 1))
    found = []
    for d in documents.tolist():
        for p in range(int(at[d]), int(at[d + 1])):
            low, high = int(text.spun.offsets[p]), int(text.spun.offsets[p + 1])
            words = text.spun.words[low:high]
            sizes = pieces.at[words + 1] - pieces.at[words]
            begin, size = low, 0
            last, last_size = low, 0  # the latest sentence start and the size up to it
            for i in range(low, high):
                if i > begin and text.spun.starts[i]:
                    last, last_size = i, size
                step = int(sizes[i - low])
                if size + step > MAX_PIECES and i > begin:
                    cut = last if last > begin else i
                    done = last_size if last > begin else size
                    found.append(Chunk(number, d, begin, cut, done))
                    begin, size = cut, size - done
                    last, last_size = cut, 0
                size += step
            if high > begin and size <= MAX_PIECES:
                found.append(Chunk(number, d, begin, high, size))
    return found


def batches(
    chunks: list[Chunk], rng: np.random.Generator, limit: int = BATCH_PIECES
) -> Iterator[list[Chunk]]:
    """Chunks in random order, those of like length together."""
    order = rng.permutation(len(chunks))
    for pool in range(0, len(order), 4000):
        part = sorted(order[pool : pool + 4000].tolist(), key=lambda n: chunks[n].pieces)
        made: list[list[Chunk]] = []
        batch: list[Chunk] = []
        for n in part:
            if batch and len(batch) >= limit // _padded(chunks[n].pieces):
                made.append(batch)
                batch = []
            batch.append(chunks[n])
        if batch:
            made.append(batch)
        for n in rng.permutation(len(made)):
            yield made[n]


def _padded(pieces: int) -> int:
    """The sequence length of a chunk: hints and ends added, rounded up."""
    return -(-(pieces + 4) // _GRAIN) * _GRAIN


@dataclass(slots=True)
class Batch:
    """One batch as tensors; ``first`` and ``last`` index the flattened states.

    Words have their first and last piece, ``changed`` and ``wanted``; matches
    ``first``, ``last``, ``label`` (-1: not learned) and ``phrase``; candidates
    ``row``, ``owner`` (their match), ``slot`` (their column) and ``wide``.
    ``covered`` and ``covers`` list the (piece, match) pairs of all spans.
    """

    ids: Tensor
    word_first: Tensor
    word_last: Tensor
    changed: Tensor
    wanted: Tensor
    first: Tensor
    last: Tensor
    label: Tensor
    phrase: Tensor
    row: Tensor
    owner: Tensor
    slot: Tensor
    wide: Tensor
    covered: Tensor
    covers: Tensor


class Collator:
    """Builds batches from chunks of several corpora over one lexicon."""

    def __init__(self, corpora: list[Corpus], pieces: WordPieces, hints: tuple[int, int]) -> None:
        self.corpora = corpora
        self.pieces = [Pieces(pieces, c.text.vocabulary) for c in corpora]
        self._wp = pieces
        self._family = pieces.size
        self._rate = pieces.size + hints[0]

    def build(self, chunks: list[Chunk], blind: Collection[int] = ()) -> Batch:
        """The batch of ``chunks``; those numbered in ``blind`` get no wide logits."""
        longest = _padded(max(c.pieces for c in chunks))
        ids = np.zeros((max(len(chunks), BATCH_PIECES // longest), longest), np.int64)
        ids[len(chunks) :, 0] = self._wp.cls
        columns: dict[str, list[NDArray[Any]]] = {
            k: []
            for k in (
                "word_first",
                "word_last",
                "changed",
                "wanted",
                "first",
                "last",
                "label",
                "phrase",
                "row",
                "owner",
                "slot",
                "wide",
                "covered",
                "covers",
            )
        }
        matches_so_far = 0
        for b, chunk in enumerate(chunks):
            corpus = self.corpora[chunk.corpus]
            words = corpus.text.spun.words[chunk.start : chunk.end]
            flat, begin = self.pieces[chunk.corpus].of(words)
            ids[b, 0] = self._wp.cls
            ids[b, 1] = self._family + corpus.hints.family[chunk.document]
            ids[b, 2] = self._rate + corpus.hints.rate[chunk.document]
            ids[b, 3 : 3 + len(flat)] = flat
            ids[b, 3 + len(flat)] = self._wp.sep
            base = b * longest + 3
            columns["word_first"].append(base + begin[:-1])
            columns["word_last"].append(base + begin[1:] - 1)
            columns["changed"].append(corpus.changed[chunk.start : chunk.end])
            columns["wanted"].append(corpus.wanted[chunk.start : chunk.end].astype(np.int64))
            m = corpus.matches
            low, high = np.searchsorted(m.start, [chunk.start, chunk.end])
            number = np.arange(low, high)
            inside = m.start[low:high] + m.length[low:high] <= chunk.end
            number = number[inside]
            start = m.start[number] - chunk.start
            end = start + m.length[number]
            size = begin[end] - begin[start]
            columns["covers"].append(np.repeat(np.arange(len(number)) + matches_so_far, size))
            inner = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
            columns["covered"].append(base + np.repeat(begin[start], size) + inner)
            columns["first"].append(base + begin[start])
            columns["last"].append(base + begin[end] - 1)
            columns["label"].append(m.label[number].astype(np.int64))
            phrase = m.phrase[number]
            columns["phrase"].append(phrase)
            sizes = corpus.lexicon.at[phrase + 1] - corpus.lexicon.at[phrase]
            total = int(sizes.sum())
            slot = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            columns["row"].append(np.repeat(corpus.lexicon.at[phrase], sizes) + slot)
            columns["owner"].append(np.repeat(np.arange(len(number)) + matches_so_far, sizes))
            columns["slot"].append(slot)
            wide = corpus.wide[np.repeat(corpus.wide_at[number], sizes) + slot]
            columns["wide"].append(np.full_like(wide, BLIND) if b in blind else wide)
            matches_so_far += len(number)
        joined = {k: torch.from_numpy(np.concatenate(v)) for k, v in columns.items()}
        joined["phrase"] = joined["phrase"].long()
        return Batch(ids=torch.from_numpy(ids), **joined)
