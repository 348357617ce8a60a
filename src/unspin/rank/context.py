"""The context ranker: a small encoder that reads the sentence and its likely restoration.

The features ranker is asked first; what it expects in place of each span is
given to the encoder beside the spun words ("draft"). Per span a vector comes
from the encoder's states, per candidate one from the word pieces of its
original plus a learned one of the (spun, original) pair; their scaled dot
product, plus the features' log odds, is the logit. "Keep" and "none of these"
are candidates too. What an n-gram model makes of each candidate in its place is
added last, with a weight fitted on dev. All files are made by
:mod:`unspin.learn.export`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unspin.errors import DataError
from unspin.rank.arcs import ArcTable, arc_table
from unspin.rank.encoding import Encoder, Reading
from unspin.rank.features import FeaturesRanker
from unspin.rank.fluency import WordModel
from unspin.rank.guesses import Guesser
from unspin.rank.hashing import rate_bin
from unspin.rank.open_vocabulary import OpenVocabulary, Weights
from unspin.rank.own_rate import has_own_rate, log_shift, shifted
from unspin.rank.vectors import CandidateVectors
from unspin.rank.wordpiece import WordPieces
from unspin.records import DocumentEvidence, Lattice, Ranking
from unspin.thesaurus import Thesaurus

Floats = NDArray[np.float32]


class _Asked(NamedTuple):
    """The candidates of a text, the features' log odds of them, their vectors and biases."""

    table: ArcTable
    wide: NDArray[np.float64]
    vectors: Floats
    bias: Floats


class ContextRanker:
    """Encoder, candidate vectors and the features ranker they are added to."""

    def __init__(
        self,
        folder: Path,
        features: Callable[[], FeaturesRanker],
        thesaurus: Callable[[], Thesaurus],
        language_model: Callable[[], WordModel],
        threads: int = 1,
    ) -> None:
        """Load the model files in ``folder``; the other models are asked for when needed.

        Raises:
            DataError: when one of them cannot be used.
        """
        try:
            manifest = json.loads((folder / "context.json").read_text(encoding="utf-8"))
            pieces = WordPieces.read(folder / "context.vocab.txt")
            self._encoder = Encoder(folder / "context.onnx", pieces, threads)
            small = np.load(folder / "context.heads.npz", allow_pickle=False)
            self._vectors = CandidateVectors(folder, pieces, small)
            self._keep: Floats = small["keep"]
            self._none: Floats = small["none"]
            self._none_bias = float(manifest["none_bias"])
            self._wide = float(manifest["wide"])
            # Until ``unspin.learn.combine`` has run, as trained.
            final = manifest.get("final", {"scale": 1.0, "offset": 0.0})
            self._final = float(final["scale"]), float(final["offset"])
            self._families = {name: n + 1 for n, name in enumerate(manifest["families"])}
            self._family_token = int(manifest["family_token"])
            self._rate_token = int(manifest["rate_token"])
        except Exception as error:  # onnxruntime raises types of its own
            raise DataError(f"context model in {folder} cannot be used: {error}") from error
        self._features = features
        self._folder = folder
        self._thesaurus = thesaurus
        self._language_model = language_model

    @cached_property
    def guesser(self) -> Guesser:
        """What the encoder itself would write in place of a word."""
        small = np.load(self._folder / "context.heads.npz", allow_pickle=False)
        return Guesser(self._folder, self._vectors, small)

    @cached_property
    def open_vocabulary(self) -> OpenVocabulary:
        """The source of candidates that no lexicon row has."""
        weights = Weights.read(self._folder / "context.json")
        return OpenVocabulary(self._thesaurus(), self.guesser, self._language_model(), weights)

    def rank(
        self, lattices: Sequence[Lattice], evidence: DocumentEvidence, words: frozenset[str]
    ) -> list[Ranking]:
        """The log odds of every arc, of unknown originals, and P(changed) of every token."""
        spinner = evidence.spinner
        asked, reading = self._read(lattices, spinner, evidence.spin_rate, words)
        # What the text's own rate adds to the log odds of all changes, if it counts.
        tokens = sum(map(len, reading.changed))
        shift = log_shift(reading.changed) if has_own_rate(spinner, tokens) else 0.0
        if shift:
            reading = replace(reading, changed=shifted(reading.changed, shift))
        if asked is None:
            return [
                Ranking((), {}, tuple(changed.tolist()), queries=queries)
                for changed, queries in zip(reading.changed, reading.guesses, strict=True)
            ]
        return self._combine(lattices, asked, reading, shift)

    def changed(self, lattices: Sequence[Lattice], words: frozenset[str]) -> list[float]:
        """P(changed) of every token of a text by nobody knows whom, at no known rate."""
        _, reading = self._read(lattices, None, None, words)
        return [p for changed in reading.changed for p in changed.tolist()]

    def _read(
        self,
        lattices: Sequence[Lattice],
        spinner: str | None,
        rate: float | None,
        words: frozenset[str],
    ) -> tuple[_Asked | None, Reading]:
        """What the encoder was asked about, if about anything, and what it makes of it all."""
        hints = self._hints(spinner, rate)
        sentences = [lattice.sentence for lattice in lattices]
        table = arc_table(lattices)
        if not table.spans:
            return None, self._encoder.read(sentences, hints)
        wide = self._features().logits(table, spinner, rate, words)
        originals = [rule.original for rule in table.rules]
        vectors, bias = self._vectors.of_pairs(table.spun[table.owner], originals)
        drafts = _drafts(table, wide, vectors)
        reading = self._encoder.read(sentences, hints, table.spans, drafts)
        return _Asked(table, wide, vectors, bias), reading

    def opened(
        self,
        lattices: Sequence[Lattice],
        rankings: Sequence[Ranking],
        evidence: DocumentEvidence,
    ) -> list[Ranking]:
        """What :meth:`rank` gave, with proposals for words whose original the lexicon lacks.

        Looking for them takes long, and most texts that are read are clean.
        """
        counts = Counter(token.norm for lattice in lattices for token in lattice.sentence.tokens)
        found = self.open_vocabulary.proposals(
            lattices, rankings, counts, familiar=evidence.spinner is not None
        )
        return [
            replace(ranking, opened=arcs, opened_unknown=unknown)
            for ranking, (arcs, unknown) in zip(rankings, found, strict=True)
        ]

    def _hints(self, spinner: str | None, rate: float | None) -> tuple[int, int]:
        family = self._family_token + self._families.get(spinner or "", 0)
        return family, self._rate_token + rate_bin(rate)

    def _combine(
        self,
        lattices: Sequence[Lattice],
        asked: _Asked,
        reading: Reading,
        shift: float,
    ) -> list[Ranking]:
        table, wide, vectors, bias = asked
        owner = table.owner
        spans = reading.spans
        scale = spans.shape[1] ** -0.5
        deep = np.einsum("ij,ij->i", spans[owner], vectors) * scale + bias
        phrases = [table.rules[at].spun for at in table.arc_at[:-1]]
        keeps = self._vectors.of_phrases(phrases) + self._keep
        keep = np.einsum("ij,ij->i", spans, keeps) * scale
        deep -= keep[owner]
        slope, offset = self._final
        odds = slope * (deep + self._wide * wide) + offset + shift
        none = spans @ self._none * scale + self._none_bias - keep + shift
        unknown: list[dict[tuple[int, int], float]] = [{} for _ in lattices]
        for (number, start, end), value in zip(table.spans, none.tolist(), strict=True):
            unknown[number][start, end] = value
        return [
            Ranking(
                *(values, gap, tuple(seen.tolist())),
                parts=tuple(zip(deep_, wide_, strict=True)),
                queries=queries,
            )
            for values, gap, seen, queries, deep_, wide_ in zip(
                table.per_lattice(lattices, odds),
                unknown,
                reading.changed,
                reading.guesses,
                table.per_lattice(lattices, deep.astype(np.float64)),
                table.per_lattice(lattices, wide),
                strict=True,
            )
        ]


def _drafts(table: ArcTable, wide: NDArray[np.float64], vectors: Floats) -> Floats:
    """(spans, 129): each span's candidates by the features' probabilities, and their sum."""
    odds = np.exp(np.minimum(wide, 30.0))
    total = 1.0 + np.add.reduceat(odds, table.arc_at[:-1])
    share = (odds / total[table.owner]).astype(np.float32)
    mixed = np.add.reduceat(vectors * share[:, None], table.arc_at[:-1], axis=0)
    summed = np.add.reduceat(share, table.arc_at[:-1])
    return np.concatenate([mixed, summed[:, None]], axis=1)
