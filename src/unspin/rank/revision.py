"""A second pass: every arc is ranked again once its surroundings are restored.

A small network (two hidden layers) turns what :func:`~unspin.rank.surroundings.look`
sees of an arc into a correction of its log odds. It is trained by
``python -m unspin.learn.revision`` with the softmax of an arc's span as its
loss, on documents of train that the features had not been trained on. The data
file is a numpy archive: ``weight0``, ``bias0`` to ``weight2``, ``bias2`` and ``unknown``,
slope and offset of the log odds (nats) of "none of these"; ``about`` is JSON that
tells how it was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from unspin.errors import DataError
from unspin.rank.fluency import WordModel
from unspin.rank.surroundings import look
from unspin.records import Decoding, DocumentEvidence, Lattice, Ranking

Floats = NDArray[np.float32]

LAYERS = 3


class Reviser:
    """The network and the language model that it asks."""

    def __init__(
        self,
        layers: Sequence[tuple[Floats, Floats]],
        unknown: tuple[float, float],
        model: WordModel,
    ) -> None:
        """``layers`` are (weight (out, in), bias (out,)) pairs; the last has one output."""
        self._layers = layers
        self._unknown = unknown
        self._model = model

    @classmethod
    def read(cls, path: Path, model: WordModel) -> Reviser:
        """The reviser of a data file.

        Raises:
            DataError: when the file is missing or damaged.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                layers = [(archive[f"weight{n}"], archive[f"bias{n}"]) for n in range(LAYERS)]
                slope, offset = archive["unknown"].tolist()
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise DataError(f"revision model {path} cannot be used: {error}") from error
        return cls(layers, (slope, offset), model)

    def revise(
        self,
        lattices: Sequence[Lattice],
        rankings: Sequence[Ranking],
        decodings: Sequence[Decoding],
        evidence: DocumentEvidence,
    ) -> list[Ranking]:
        """The rankings with corrected log odds; what is hopeless stays as it is."""
        seen = look(lattices, rankings, decodings, evidence, self._model)
        odds = np.array([value for ranking in rankings for value in ranking.log_odds])
        if len(seen.at):
            odds[seen.at] += self._corrections(seen.features)
        slope, offset = self._unknown
        result = []
        at = 0
        for ranking in rankings:
            values = tuple(odds[at : at + len(ranking.log_odds)].tolist())
            at += len(values)
            unknown = {span: slope * value + offset for span, value in ranking.unknown.items()}
            result.append(replace(ranking, log_odds=values, unknown=unknown))
        return result

    def _corrections(self, features: Floats) -> Floats:
        """(arcs,) what is added to log odds (nats)."""
        values = features
        for weight, bias in self._layers[:-1]:
            values = values @ weight.T + bias
            values = values / (1 + np.exp(-np.clip(values, -60, None)))  # SiLU
        weight, bias = self._layers[-1]
        result: Floats = (values @ weight.T + bias)[:, 0]
        return result
