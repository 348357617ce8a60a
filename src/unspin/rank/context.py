"""The context ranker: a small encoder that reads the sentence, run by onnxruntime.

Per span a vector from the encoder's states, per candidate a vector from the
word pieces of its original plus a learned vector of the (spun, original) pair;
their scaled dot product, plus the features ranker's log odds, is the logit.
"Keep" and "none of these" are candidates too. All files are made by
:mod:`unspin.learn.export`; arrays are memory-mapped.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unspin.errors import DataError
from unspin.rank.arcs import ArcTable, arc_table
from unspin.rank.features import FeaturesRanker
from unspin.rank.hashing import pair_hash, rate_bin, word_hash
from unspin.rank.wordpiece import WordPieces
from unspin.records import DocumentEvidence, Lattice, Ranking, Sentence

Floats = NDArray[np.float32]

# What the encoder was trained on: longer chunks are cut at sentence starts.
MAX_PIECES = 200
# Pieces per batch; larger ones gain nothing on one thread.
_BATCH_PIECES = 2048
# Cached vectors of candidates; a hostile document must not make it grow without end.
_MAX_CACHED = 200_000


class ContextRanker:
    """Encoder, candidate vectors and the features ranker they are added to."""

    def __init__(self, folder: Path, features: FeaturesRanker, threads: int = 1) -> None:
        """Load the model files in ``folder``.

        Raises:
            DataError: when one of them cannot be used.
        """
        import onnxruntime

        try:
            manifest = json.loads((folder / "context.json").read_text(encoding="utf-8"))
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            options.log_severity_level = 3
            self._session = onnxruntime.InferenceSession(
                str(folder / "context.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self._pieces = WordPieces.read(folder / "context.vocab.txt")
            self._project = np.load(folder / "context.project.npy", mmap_mode="r")
            self._pair_keys = np.load(folder / "context.pairs.npy", mmap_mode="r")
            self._pair_vectors = np.load(folder / "context.vectors.npy", mmap_mode="r")
            small = np.load(folder / "context.heads.npz", allow_pickle=False)
            self._pair_bias: Floats = small["pair_bias"]
            self._pair_scale: Floats = small["pair_scale"]
            self._project_scale: Floats = small["project_scale"]
            self._keep: Floats = small["keep"]
            self._none: Floats = small["none"]
            self._none_bias = float(manifest["none_bias"])
            self._wide = float(manifest["wide"])
            self._families = {name: n + 1 for n, name in enumerate(manifest["families"])}
            self._family_token = int(manifest["family_token"])
            self._rate_token = int(manifest["rate_token"])
        except Exception as error:  # onnxruntime raises types of its own
            raise DataError(f"context model in {folder} cannot be used: {error}") from error
        self._features = features
        self._vectors: dict[str, Floats] = {}

    def rank(
        self, lattices: Sequence[Lattice], evidence: DocumentEvidence, words: frozenset[str]
    ) -> list[Ranking]:
        """The log odds of every arc, of unknown originals, and P(changed) of every token."""
        table = arc_table(lattices)
        wide = self._features.logits(table, evidence.spinner, evidence.spin_rate, words)
        spans, changed = self._encode(lattices, table, evidence)
        return self._combine(lattices, table, wide, spans, changed)

    def _combine(
        self,
        lattices: Sequence[Lattice],
        table: ArcTable,
        wide: NDArray[np.float64],
        spans: Floats,
        changed: list[Floats],
    ) -> list[Ranking]:
        if not table.spans:
            return [Ranking((), {}, tuple(c.tolist())) for c in changed]
        owner = table.owner
        originals = [rule.original for rule in table.rules]
        vectors = self._candidate_vectors(originals)
        keys = pair_hash(table.spun[owner], np.array([word_hash(o) for o in originals], np.uint64))
        row = np.searchsorted(self._pair_keys, keys)
        row[row == len(self._pair_keys)] = 0
        hit = self._pair_keys[row] == keys
        rows = row[hit]
        vectors[hit] += self._pair_vectors[rows] * self._pair_scale[rows, None]
        scale = spans.shape[1] ** -0.5
        deep = np.einsum("ij,ij->i", spans[owner], vectors) * scale
        deep[hit] += self._pair_bias[rows]
        phrases = [table.rules[at].spun for at in table.arc_at[:-1]]
        keeps = self._candidate_vectors(phrases) + self._keep
        keep = np.einsum("ij,ij->i", spans, keeps) * scale
        odds = deep - keep[owner] + self._wide * wide
        none = spans @ self._none * scale + self._none_bias - keep
        unknown: list[dict[tuple[int, int], float]] = [{} for _ in lattices]
        for (number, start, end), value in zip(table.spans, none.tolist(), strict=True):
            unknown[number][start, end] = value
        return [
            Ranking(values, gap, tuple(seen.tolist()))
            for values, gap, seen in zip(
                table.per_lattice(lattices, odds), unknown, changed, strict=True
            )
        ]

    def _candidate_vectors(self, phrases: Sequence[str]) -> Floats:
        """The projected mean embedding of each phrase's pieces."""
        cache = self._vectors
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

    def _encode(
        self, lattices: Sequence[Lattice], table: ArcTable, evidence: DocumentEvidence
    ) -> tuple[Floats, list[Floats]]:
        """(spans, 128) vectors, and P(changed) of the tokens of each lattice."""
        cuts = [self._cut(lattice.sentence) for lattice in lattices]
        span_at = np.searchsorted([s[0] for s in table.spans], np.arange(len(lattices) + 1))
        head = [
            self._pieces.cls,
            self._family_token + self._families.get(evidence.spinner or "", 0),
            self._rate_token + rate_bin(evidence.spin_rate),
        ]
        spans = np.zeros((len(table.spans), len(self._none)), np.float32)
        changed: list[Floats] = [np.zeros(0, np.float32)] * len(lattices)
        for group in self._batches(lattices, cuts):
            longest = max(sum(len(cuts[n][0]) for n in chunk) for chunk in group) + 4
            ids = np.zeros((len(group), longest), np.int64)
            first: list[int] = []
            last: list[int] = []
            word: list[int] = []
            order: list[int] = []
            for row, chunk in enumerate(group):
                ids[row, : len(head)] = head
                at = len(head)
                for n in chunk:
                    pieces, begin = cuts[n]
                    ids[row, at : at + len(pieces)] = pieces
                    base = row * longest + at
                    word.extend(base + b for b in begin[:-1])
                    for s in range(span_at[n], span_at[n + 1]):
                        _, start, end = table.spans[s]
                        order.append(s)
                        first.append(base + begin[start])
                        last.append(base + begin[end] - 1)
                    at += len(pieces)
                ids[row, at] = self._pieces.sep
            out = self._run(ids, first, last, word)
            spans[order] = out[0]
            at = 0
            for chunk in group:
                for n in chunk:
                    size = len(cuts[n][1]) - 1
                    changed[n] = out[1][at : at + size]
                    at += size
        return spans, changed

    def _run(
        self, ids: NDArray[np.int64], first: list[int], last: list[int], word: list[int]
    ) -> tuple[Any, Any]:
        vectors, logits = self._session.run(
            None,
            {
                "ids": ids,
                "first": np.array(first, np.int64),
                "last": np.array(last, np.int64),
                "word": np.array(word, np.int64),
            },
        )
        return vectors, 1.0 / (1.0 + np.exp(-logits))

    def _cut(self, sentence: Sentence) -> tuple[list[int], list[int]]:
        """A sentence's pieces and the offset of each token's first, at most ``MAX_PIECES``."""
        pieces: list[int] = []
        begin = [0]
        left = len(sentence.tokens)
        for token in sentence.tokens:
            left -= 1
            cut = self._pieces.ids(token.norm)
            # A token keeps at least one piece, so that every span has its states.
            pieces.extend(cut[: max(1, MAX_PIECES - len(pieces) - left)])
            begin.append(len(pieces))
        return pieces, begin

    def _batches(
        self, lattices: Sequence[Lattice], cuts: list[tuple[list[int], list[int]]]
    ) -> list[list[list[int]]]:
        """Sentences joined to chunks of one paragraph, chunks of like length together."""
        chunks: list[list[int]] = []
        sizes: list[int] = []
        paragraph = -1
        for n, lattice in enumerate(lattices):
            size = len(cuts[n][0])
            if (
                chunks
                and lattice.sentence.paragraph == paragraph
                and sizes[-1] + size <= MAX_PIECES
            ):
                chunks[-1].append(n)
                sizes[-1] += size
            else:
                chunks.append([n])
                sizes.append(size)
            paragraph = lattice.sentence.paragraph
        groups: list[list[list[int]]] = []
        for c in sorted(range(len(chunks)), key=lambda c: sizes[c]):
            if not groups or (len(groups[-1]) + 1) * (sizes[c] + 4) > _BATCH_PIECES:
                groups.append([])
            groups[-1].append(chunks[c])
        return groups
