"""The encoder's training text: corpora cut into chunks, chunks joined to batches of tensors.

All text lies in a few long tensors on the training device, and a batch is
gathered there: the processor only deals out numbers of chunks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unspin.learn.features import Candidates, Hints, Matches
from unspin.learn.parallel import ParallelText
from unspin.rank.encoding import MAX_PIECES
from unspin.rank.wordpiece import WordPieces

# Lengths are padded to a multiple of this and batches to a full one, since the
# CPU's matrix kernels are compiled anew for every new shape (4 s a step saved).
_GRAIN = 16
# The two hint tokens and [CLS] stand before the pieces.
_BEFORE = 3


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


@dataclass(frozen=True, slots=True)
class Chunks:
    """Stretches of one document each, at most ``MAX_PIECES`` pieces long.

    All columns have a value for each chunk: tokens ``start:end``, matches
    ``match:match_end``, and numbers of ``pieces`` and ``candidates``; ``family`` and
    ``rate`` are hints.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    match: NDArray[np.int64]
    match_end: NDArray[np.int64]
    pieces: NDArray[np.int64]
    candidates: NDArray[np.int64]
    family: NDArray[np.int64]
    rate: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)

    def take(self, which: NDArray[np.int64]) -> Chunks:
        """The chunks numbered ``which``."""
        return Chunks(*(getattr(self, name)[which] for name in self.__slots__))


def joined(parts: Sequence[Chunks]) -> Chunks:
    """All chunks of ``parts``."""
    return Chunks(*(np.concatenate([getattr(p, n) for p in parts]) for n in Chunks.__slots__))


@dataclass(slots=True)
class Batch:
    """One batch as tensors; ``first`` and ``last`` index the flattened states.

    Words have their first and last piece, ``changed`` and ``wanted``; matches
    ``first``, ``last``, ``label`` (-1: not learned) and ``phrase``; candidates
    ``row``, ``owner`` (their match), ``slot`` (their column) and ``wide``.
    ``blind`` marks matches whose wide logits are withheld.
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
    blind: Tensor
    row: Tensor
    owner: Tensor
    slot: Tensor
    wide: Tensor


class Collator:
    """Builds batches from the chunks of several corpora over one lexicon."""

    def __init__(
        self,
        corpora: Sequence[Corpus],
        pieces: WordPieces,
        hints: tuple[int, int],
        device: str = "cpu",
    ) -> None:
        """Lay the corpora end to end on ``device``; ``hints`` are numbers of families and rates."""
        self.device = torch.device(device)
        self._cls, self._sep = pieces.cls, pieces.sep
        self._family, self._rate = pieces.size, pieces.size + hints[0]
        self._widest = int(np.diff(corpora[0].lexicon.at).max(initial=1))
        self._corpora = corpora
        cut = [_pieces_of(pieces, c.text) for c in corpora]
        self._piece_at = np.concatenate([[0], np.cumsum(np.concatenate([n for _, n in cut]))])
        self._token_base = _bases([len(c.text.spun.words) for c in corpora])
        self._match_base = _bases([len(c.matches.start) for c in corpora])
        self._wide_at = np.concatenate(
            [
                [0],
                *(
                    b + c.wide_at[1:]
                    for b, c in zip(_bases([len(c.wide) for c in corpora]), corpora, strict=False)
                ),
            ]
        )
        starts = [b + c.matches.start for b, c in zip(self._token_base, corpora, strict=False)]
        self._match_start = np.concatenate(starts)

        def put(arrays: Sequence[NDArray[np.generic]], kind: type) -> Tensor:
            return torch.from_numpy(np.concatenate(arrays).astype(kind)).to(self.device)

        self._piece = put([flat for flat, _ in cut], np.int32)
        self._at = put([self._piece_at], np.int32)
        self._changed = put([c.changed for c in corpora], np.int8)
        self._wanted = put([c.wanted for c in corpora], np.int32)
        self._start = put([self._match_start], np.int32)
        self._length = put([c.matches.length for c in corpora], np.int32)
        self._phrase = put([c.matches.phrase for c in corpora], np.int32)
        self._label = put([c.matches.label for c in corpora], np.int16)
        self._wide = put([c.wide for c in corpora], np.float16)
        self._at_wide = put([self._wide_at], np.int64)
        self._lexicon_at = put([corpora[0].lexicon.at], np.int64)

    @property
    def columns(self) -> int:
        """How many columns logits need: keep, none and the longest list of candidates."""
        return self._widest + 2

    def chunks(self, number: int, documents: NDArray[np.int64]) -> Chunks:
        """``documents`` of corpus ``number``, cut at sentence starts.

        Short paragraphs of a document share a chunk.
        """
        corpus = self._corpora[number]
        text, base = corpus.text, int(self._token_base[number])
        sentence = np.flatnonzero(text.spun.starts)
        first = np.searchsorted(text.document, documents)
        last = np.searchsorted(text.document, documents, side="right")
        spans: list[tuple[int, int]] = []
        owner: list[int] = []
        piece_at = self._piece_at[base : base + len(text.spun.words) + 1]
        for document, low, high in zip(
            documents.tolist(),
            text.spun.offsets[first].tolist(),
            text.spun.offsets[last].tolist(),
            strict=True,
        ):
            cuts = sentence[slice(*np.searchsorted(sentence, [low, high]))].tolist()
            begin = low
            for a, b in zip([low, *cuts], [*cuts, high], strict=True):
                if piece_at[b] - piece_at[begin] > MAX_PIECES and a > begin:
                    spans.append((begin, a))
                    begin = a
                while piece_at[b] - piece_at[begin] > MAX_PIECES:
                    at = int(np.searchsorted(piece_at, piece_at[begin] + MAX_PIECES, "right")) - 1
                    at = max(at, begin + 1)
                    spans.append((begin, at))
                    begin = at
            if high > begin:
                spans.append((begin, high))
            owner += [document] * (len(spans) - len(owner))
        start, end = np.array(spans, np.int64).reshape(-1, 2).T + base
        match, match_end = (np.searchsorted(self._match_start, x) for x in (start, end))
        which = np.array(owner, np.int64)
        found = Chunks(
            start, end, match, match_end,
            self._piece_at[end] - self._piece_at[start],
            self._wide_at[match_end] - self._wide_at[match],
            corpus.hints.family[which], corpus.hints.rate[which],
        )  # fmt: skip
        # A single word of more pieces than a chunk holds.
        return found.take(np.flatnonzero(found.pieces <= MAX_PIECES))

    def build(self, chunks: Chunks, rows: int = 0, blind: NDArray[np.bool_] | None = None) -> Batch:
        """The batch of ``chunks``, padded to ``rows``; those in ``blind`` get no wide logits."""
        number = len(chunks)
        longest = padded(int(chunks.pieces.max(initial=1)))
        dark = np.zeros(number, bool) if blind is None else blind
        columns = np.stack(
            [
                chunks.start,
                chunks.end,
                chunks.match,
                chunks.family + self._family,
                chunks.rate + self._rate,
                dark,
            ]
        )
        start, end, match, family, rate, hidden = torch.from_numpy(columns).to(self.device)
        # The totals are known here: asking the device for them would halt it.
        tokens = int((chunks.end - chunks.start).sum())
        pieces = int(chunks.pieces.sum())
        matches = int((chunks.match_end - chunks.match).sum())
        candidates = int(chunks.candidates.sum())
        base = self._at[start].long()
        row = torch.arange(number, device=self.device)
        ids = torch.zeros((max(number, rows), longest), dtype=torch.long, device=self.device)
        ids[:, 0] = self._cls
        ids[:number, 1], ids[:number, 2] = family, rate
        size = self._at[end].long() - base
        owner, place = _spread(size, pieces)
        ids[owner, _BEFORE + place] = self._piece[base[owner] + place].long()
        ids[row, _BEFORE + size] = self._sep
        # From a token's number to its first piece in the flattened batch.
        shift = row * longest + _BEFORE - base
        owner, place = _spread(end - start, tokens)
        token = start[owner] + place
        word_first = self._at[token] + shift[owner]
        word_last = self._at[token + 1] - 1 + shift[owner]
        in_chunk, place = _spread(
            torch.from_numpy(chunks.match_end - chunks.match).to(self.device), matches
        )
        m = match[in_chunk] + place
        begin = self._start[m].long()
        stop = begin + self._length[m]
        limit = end[in_chunk]
        phrase = self._phrase[m].long()
        label = self._label[m].long()
        # A sentence too long for a chunk was cut inside a phrase.
        label = torch.where(stop > limit, -torch.ones_like(label), label)
        stop = torch.minimum(stop, limit)
        sizes = self._lexicon_at[phrase + 1] - self._lexicon_at[phrase]
        owner, slot = _spread(sizes, candidates)
        return Batch(
            ids=ids,
            word_first=word_first,
            word_last=word_last,
            changed=self._changed[token],
            wanted=self._wanted[token].long(),
            first=self._at[begin] + shift[in_chunk],
            last=self._at[stop] - 1 + shift[in_chunk],
            label=label,
            phrase=phrase,
            blind=hidden[in_chunk] > 0,
            row=self._lexicon_at[phrase][owner] + slot,
            owner=owner,
            slot=slot,
            wide=self._wide[self._at_wide[m][owner] + slot].float(),
        )


def _bases(sizes: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _pieces_of(
    pieces: WordPieces, text: ParallelText
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pieces of the spun words, end to end, and their number for each word."""
    cut = [pieces.ids(w) for w in text.vocabulary]
    at = _bases([len(c) for c in cut])
    flat = np.array([p for c in cut for p in c], np.int64)
    sizes = np.diff(at)[text.spun.words]
    begin = _bases(sizes)  # type: ignore[arg-type]
    index = np.repeat(at[text.spun.words] - begin[:-1], sizes) + np.arange(begin[-1])
    return flat[index], sizes


def _spread(sizes: Tensor, total: int) -> tuple[Tensor, Tensor]:
    """For groups of these sizes, the group of each of ``total`` members and its place there."""
    group = torch.repeat_interleave(sizes, output_size=total)
    before = torch.cumsum(sizes, 0) - sizes
    return group, torch.arange(total, device=sizes.device) - before[group]


def batches(
    chunks: Chunks, rng: np.random.Generator, limit: int
) -> Iterator[tuple[NDArray[np.int64], int]]:
    """Numbers of chunks in random order, of like length and at most ``limit`` pieces, with
    the rows that a full batch of their length has.
    """
    order = rng.permutation(len(chunks))
    size = max(4000, 40 * limit // MAX_PIECES)
    for pool in range(0, len(order), size):
        part = order[pool : pool + size]
        part = part[np.argsort(chunks.pieces[part], kind="stable")]
        lengths = [padded(n) for n in chunks.pieces[part].tolist()]
        made: list[tuple[int, int]] = []
        begin = 0
        for n, length in enumerate(lengths):
            if (n + 1 - begin) * length > limit and n > begin:
                made.append((begin, n))
                begin = n
        made.append((begin, len(part)))
        for at in rng.permutation(len(made)):
            low, high = made[at]
            yield part[low:high], limit // lengths[high - 1]


def padded(pieces: int) -> int:
    """The sequence length of a chunk: hints and ends added, rounded up."""
    return -(-(pieces + _BEFORE + 1) // _GRAIN) * _GRAIN
