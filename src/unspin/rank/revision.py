"""A second pass: every arc is ranked again once its surroundings are restored.

A small network (two hidden layers) turns what :func:`~unspin.rank.surroundings.look`
sees of an arc into a correction of its log odds: one for texts of known spinners, a
smaller one for others. They are trained by ``python -m unspin.learn.revision`` with the
softmax of an arc's span as their loss, on documents of train that the features had not
been trained on. The data file is a numpy archive: ``weight0``, ``bias0`` to ``weight2``,
``bias2`` (float16) and ``unknown``, slope and offset of the log odds (nats) of "none of
these"; the same with ``unfamiliar_`` before their names; ``about`` is JSON that tells how
they were made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from unspin.errors import DataError
from unspin.rank.fluency import WordModel
from unspin.rank.guessed import WordGuesser
from unspin.rank.own_rate import IMITATED
from unspin.rank.surroundings import WIDTH, look
from unspin.records import Decoding, DocumentEvidence, Lattice, Ranking

Floats = NDArray[np.float32]

LAYERS = 3
# What the names of the arrays begin with: of known spinners' network, and of the other.
PREFIXES = ("", "unfamiliar_")
# How much of a correction holds for a family that was learned from imitations: they follow
# the table that the lexicon has, which the spinner itself does only in part.
_OF_IMITATED = 0.5
# What numpy and zipfile raise for files that are no archive of arrays.
_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile)


@dataclass(frozen=True, slots=True)
class Correction:
    """A network over the look at an arc, and what it makes of "none of these".

    ``layers`` are (weight (out, in), bias (out,)) pairs, the last with one output;
    ``unknown`` are slope and offset (nats) of the latter's log odds.
    """

    layers: tuple[tuple[Floats, Floats], ...]
    unknown: tuple[float, float]

    def of(self, features: Floats) -> Floats:
        """(arcs,) what is added to log odds (nats)."""
        values = features
        for weight, bias in self.layers[:-1]:
            values = values @ weight.T + bias
            values = values / (1 + np.exp(-np.clip(values, -60, None)))  # SiLU
        weight, bias = self.layers[-1]
        result: Floats = (values @ weight.T + bias)[:, 0]
        return result

    def arrays(self, prefix: str) -> dict[str, NDArray[np.generic]]:
        """What :meth:`from_arrays` reads, in half precision."""
        found: dict[str, NDArray[np.generic]] = {f"{prefix}unknown": np.array(self.unknown)}
        for n, (weight, bias) in enumerate(self.layers):
            found[f"{prefix}weight{n}"] = weight.astype(np.float16)
            found[f"{prefix}bias{n}"] = bias.astype(np.float16)
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str) -> Correction:
        """The correction whose arrays' names begin with ``prefix``.

        Raises:
            KeyError: when one is missing.
            ValueError: when they were made for another look.
        """
        layers = tuple(
            (
                arrays[f"{prefix}weight{n}"].astype(np.float32),
                arrays[f"{prefix}bias{n}"].astype(np.float32),
            )
            for n in range(LAYERS)
        )
        if layers[0][0].shape[1:] != (WIDTH,):
            raise ValueError("made for another look at the arcs: fit it again")
        slope, offset = arrays[f"{prefix}unknown"].tolist()
        return cls(layers, (slope, offset))


class Reviser:
    """The networks, and the language model and the guess head that they are told of."""

    def __init__(
        self,
        familiar: Correction,
        unfamiliar: Correction,
        model: WordModel,
        guesser: WordGuesser,
    ) -> None:
        """``familiar`` corrects texts of known spinners, ``unfamiliar`` those of others."""
        self._familiar = familiar
        self._unfamiliar = unfamiliar
        self._model = model
        self._guesser = guesser

    @classmethod
    def read(cls, path: Path, model: WordModel, guesser: WordGuesser) -> Reviser:
        """The reviser of a data file.

        Raises:
            DataError: when the file is missing or damaged.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                familiar, unfamiliar = (Correction.from_arrays(archive, p) for p in PREFIXES)
        except _DAMAGE as error:
            raise DataError(f"revision model {path} cannot be used: {error}") from error
        return cls(familiar, unfamiliar, model, guesser)

    def revise(
        self,
        lattices: Sequence[Lattice],
        rankings: Sequence[Ranking],
        decodings: Sequence[Decoding],
        evidence: DocumentEvidence,
    ) -> list[Ranking]:
        """The rankings with corrected log odds; what is hopeless stays as it is."""
        seen = look(lattices, rankings, decodings, evidence, self._model, self._guesser)
        odds = np.array([value for ranking in rankings for value in ranking.log_odds])
        correction = self._unfamiliar if evidence.spinner is None else self._familiar
        trust = _OF_IMITATED if evidence.spinner == IMITATED else 1.0
        if len(seen.at):
            odds[seen.at] += trust * correction.of(seen.features)
        slope, offset = correction.unknown
        slope, offset = 1.0 + trust * (slope - 1.0), trust * offset
        result = []
        at = 0
        for ranking in rankings:
            values = tuple(odds[at : at + len(ranking.log_odds)].tolist())
            at += len(values)
            unknown = {span: slope * value + offset for span, value in ranking.unknown.items()}
            result.append(replace(ranking, log_odds=values, unknown=unknown, queries=None))
        return result
