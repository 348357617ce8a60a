"""The weights of hashed features: learned by index, shipped a byte a slot.

Training sees ten times as many features as there are slots. When all of them shared
the slots' weights, family A's log loss on dev was 0.335 instead of 0.311; keeping the one
of each slot that matters most, with a tag of three bits to know it by, makes it 0.322.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unspin.rank.hashing import INDEX_BITS, TAG_BITS

# What AdaGrad's sums of squared gradients start with.
_SQUARES = 1e-2
_LLOYD_STEPS, _LLOYD_BINS = 100, 200_001


@dataclass(frozen=True, slots=True)
class Table:
    """Weights of features by index, AdaGrad's sums of their squared gradients, and which of them
    (1) may be learned: all others keep a weight of 0.
    """

    weights: NDArray[np.float32]
    squares: NDArray[np.float32]
    kept: NDArray[np.uint8]

    @classmethod
    def empty(cls, bits: int = INDEX_BITS, kept: NDArray[np.uint8] | None = None) -> Table:
        """Nothing learned; everything may be, or what ``kept`` says."""
        squares = np.full(1 << bits, _SQUARES, np.float32)
        every = np.ones(1 << bits, np.uint8) if kept is None else kept
        return cls(np.zeros(1 << bits, np.float32), squares, every)

    def selected(self) -> NDArray[np.uint8]:
        """Which feature of each slot would be missed most.

        That is the one with the highest product of its weight and the fourth root of its
        summed squares: with eight, twelve or sixteen million features kept so, the log loss
        on dev is lower than by the weight alone, or by its product with the square root.
        """
        importance = np.sqrt(np.sqrt(self.squares - np.float32(_SQUARES)))
        importance *= np.abs(self.weights)
        slots = importance.reshape(-1, 1 << TAG_BITS)
        best = (np.arange(len(slots)) << TAG_BITS) + slots.argmax(1)
        kept = np.zeros(len(self.weights), np.uint8)
        kept[best] = importance[best] > 0
        return kept


def levels_of(
    weights: NDArray[np.float32], shares: NDArray[np.float32], number: int
) -> NDArray[np.float64]:
    """``number`` values, 0 among them, that weights are rounded to at the least squared error,
    each counted by its share (Lloyd's algorithm over a histogram).
    """
    values = np.linspace(weights.min(), weights.max(), _LLOYD_BINS)
    place = np.searchsorted(values, weights)
    counts = np.bincount(place, shares.astype(np.float64), _LLOYD_BINS)
    # The density of the best levels goes with the cube root of the values'.
    density = np.cumsum(np.cbrt(counts))
    levels = np.interp((np.arange(number) + 0.5) / number * density[-1], density, values)
    for _ in range(_LLOYD_STEPS):
        levels[np.abs(levels).argmin()] = 0.0
        nearest = np.searchsorted((levels[1:] + levels[:-1]) / 2, values)
        sums = np.bincount(nearest, counts * values, number)
        total = np.bincount(nearest, counts, number)
        levels = np.sort(np.where(total > 0, sums / np.maximum(total, 1e-9), levels))
    levels[np.abs(levels).argmin()] = 0.0
    rounded: NDArray[np.float64] = levels.round(4)
    return rounded


def write(table: Table, families: list[str], path: Path, about: dict[str, Any]) -> None:
    """Write slots and the manifest that the runtime reads."""
    of_slot = table.kept.reshape(-1, 1 << TAG_BITS)
    tags = of_slot.argmax(1)
    chosen = (np.arange(len(tags)) << TAG_BITS) + tags
    # An empty slot holds the weight 0.
    weights = table.weights[chosen]
    shares = np.sqrt(np.maximum(table.squares[chosen] - np.float32(_SQUARES), 0.0))
    levels = levels_of(weights, shares, 256 >> TAG_BITS)
    nearest = np.searchsorted((levels[1:] + levels[:-1]) / 2, weights)
    slots = (tags * len(levels) + nearest).astype(np.uint8)
    np.save(path, slots, allow_pickle=False)
    manifest = {
        "format": 2,
        "levels": levels.tolist(),
        "families": families,
        "nonzero": int(np.count_nonzero(levels[nearest])),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        **about,
    }
    path.with_suffix(".json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
