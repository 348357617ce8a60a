"""Small regression trees (Friedman 2001), as numpy arrays that scikit-learn's were written to.

``nodes`` is (trees, nodes, 5): feature, threshold, left, right, value; left and right
are numbers of nodes, and a leaf is its own child.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Rows at a time: a node of every tree is looked at for each.
_BLOCK = 1024


class Trees:
    """A sum of trees."""

    def __init__(self, nodes: NDArray[np.float32], offset: float, features: int) -> None:
        """``offset`` is added to the sum; ValueError when the arrays do not fit together."""
        children = nodes[:, :, 2:4] if nodes.ndim == 3 and nodes.shape[2] == 5 else np.array([-1])
        if not (0 <= children.min(initial=0) <= children.max(initial=-1) < nodes.shape[1]):
            raise ValueError("not an array of trees")
        if not 0 <= nodes[:, :, 0].min() <= nodes[:, :, 0].max() < features:
            raise ValueError("made for other features")
        self._nodes = nodes
        self._offset = offset

    def log_odds(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """(rows,): the sum of the leaves (nats) that each row of ``features`` leads to."""
        parts = [self._block(features[at : at + _BLOCK]) for at in range(0, len(features), _BLOCK)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _block(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        rows, trees = np.arange(len(features))[:, None], np.arange(len(self._nodes))
        at = np.zeros((len(features), len(trees)), np.int64)
        while True:
            here = self._nodes[trees, at]
            left = features[rows, here[:, :, 0].astype(np.int64)] <= here[:, :, 1]
            after = np.where(left, here[:, :, 2], here[:, :, 3]).astype(np.int64)
            if np.array_equal(after, at):
                total: NDArray[np.float64] = here[:, :, 4].sum(1, dtype=np.float64)
                return total + self._offset
            at = after
