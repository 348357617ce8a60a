"""Back-off n-gram models in memory: asked, pruned, read from and written to ARPA files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unspin.errors import DataError

_LN10 = math.log(10.0)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Order:
    """All n-grams of one length, sorted by their words.

    ``words[i]`` is n-gram ``i`` in reading order as word numbers; ``log_prob``
    of its last word given the others and ``backoff`` as a history are natural
    logarithms.
    """

    words: NDArray[np.int32]
    log_prob: Floats
    backoff: Floats


@dataclass(frozen=True, slots=True)
class NgramModel:
    """A back-off model in memory: ``orders[0]`` are the unigrams, one per word in order."""

    vocabulary: list[str]
    orders: tuple[Order, ...]

    @property
    def counts(self) -> list[int]:
        """The number of n-grams of each length."""
        return [len(order.log_prob) for order in self.orders]


class _Index:
    """Finds n-grams of a model by their words."""

    def __init__(self, model: NgramModel) -> None:
        self.model = model
        self._size = len(model.vocabulary)
        self._keys: list[Ints] = []
        # The orders are sorted, so prefixes and with them the keys ascend.
        for order in model.orders:
            self._keys.append(self._key(order.words))

    def _key(self, rows: NDArray[np.int32]) -> Ints:
        prefix = self.find(rows[:, :-1]) if rows.shape[1] > 1 else np.zeros(len(rows), np.int64)
        return np.where(prefix < 0, -1, prefix * self._size + rows[:, -1])

    def find(self, rows: NDArray[np.int32]) -> Ints:
        """The number of each n-gram, or -1 where the model lacks it."""
        found = rows[:, 0].astype(np.int64)
        for n in range(1, rows.shape[1]):
            keys = self._keys[n]
            key = found * self._size + rows[:, n]
            place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
            found = np.where((found >= 0) & (keys[place] == key), place, -1)
        return found

    def log_prob(self, rows: NDArray[np.int32]) -> Floats:
        """Log P(last word | words before it), backing off where need be."""
        order = self.model.orders[rows.shape[1] - 1]
        found = self.find(rows)
        result: Floats = order.log_prob[found]
        missing = np.flatnonzero(found < 0)
        if len(missing):
            history = self.find(rows[missing, :-1])
            backoff = self.model.orders[rows.shape[1] - 2].backoff[history]
            result[missing] = np.where(history < 0, 0.0, backoff) + self.log_prob(rows[missing, 1:])
        return result

    def marginal(self, rows: NDArray[np.int32]) -> Floats:
        """Log P of whole n-grams by the chain rule; a sentence starts as often as one ends."""
        begin, end = (self.model.vocabulary.index(w) for w in ("<s>", "</s>"))
        first = rows[:, 0]
        total = self.model.orders[0].log_prob[np.where(first == begin, end, first)]
        for n in range(2, rows.shape[1] + 1):
            total = total + self.log_prob(rows[:, :n])
        return total


def prune(
    model: NgramModel, thresholds: Sequence[float], histories: Sequence[Floats] | None = None
) -> NgramModel:
    """The model without the n-grams whose loss hardly raises its perplexity.

    This is Stolcke's relative-entropy criterion (1998): each n-gram is judged
    by itself, longest first; what begins or ends a longer one stays, since a
    trie has to hold it anyway; and the back-offs are renormalized.
    ``thresholds`` are relative losses for bigrams, trigrams and so on.

    ``histories[n]`` are log-probabilities of the n-grams of length ``n + 1``.
    Give true ones for a Kneser-Ney model: its own lower orders are no
    marginals, and pruning by them ruins it (Chelba 2010).
    """
    for n in range(len(model.orders) - 1, 0, -1):
        index = _Index(model)
        order, shorter = model.orders[n], model.orders[n - 1]
        history = index.find(order.words[:, :-1])
        lower = index.log_prob(order.words[:, 1:])
        marginal = histories[n - 1] if histories else index.marginal(shorter.words)
        size = len(shorter.log_prob)
        # The mass left to back-off, kept consistent with the stored weights
        # although stored probabilities are rounded.
        rest = np.maximum(1 - np.bincount(history, np.exp(lower), size), 1e-9)
        left = rest * np.exp(shorter.backoff)
        prob, low = np.exp(order.log_prob), np.exp(lower)
        change = np.log((left[history] + prob) / (rest[history] + low)) - shorter.backoff[history]
        loss = -np.exp(marginal[history]) * (
            prob * (lower + shorter.backoff[history] + change - order.log_prob)
            + change * left[history]
        )
        keep = np.expm1(loss) >= thresholds[n - 1]
        if n + 1 < len(model.orders):
            longer = model.orders[n + 1].words
            for inner in (longer[:, :-1], longer[:, 1:]):
                found = index.find(inner)
                keep[found[found >= 0]] = True
        gone = ~keep
        left += np.bincount(history[gone], prob[gone], size)
        rest += np.bincount(history[gone], low[gone], size)
        changed = np.bincount(history[gone], minlength=size) > 0
        backoff = np.where(changed, np.log(left / rest), shorter.backoff)
        orders = list(model.orders)
        orders[n - 1] = replace(shorter, backoff=backoff)
        orders[n] = Order(order.words[keep], order.log_prob[keep], order.backoff[keep])
        model = NgramModel(model.vocabulary, tuple(orders))
    return model


def history_log_probs(model: NgramModel, texts: Iterable[Sequence[str]]) -> list[Floats]:
    """How often real text comes through each history, half and half with the model's own view.

    Pruning with these keeps what the texts to be read need. Entry ``n`` is for
    n-grams of length ``n + 1``.
    """
    numbers = {word: i for i, word in enumerate(model.vocabulary)}
    begin = numbers["<s>"]
    stream: list[int] = []
    for text in texts:
        stream.append(begin)
        for word in text:
            number = numbers.get(word, -1)
            if word == "'s" and stream[-1] >= 0:
                joined = numbers.get(model.vocabulary[stream[-1]] + word, -1)
                if joined >= 0:
                    stream[-1] = joined
                    continue
            stream.append(number)
    ids = np.array(stream, np.int32)
    index = _Index(model)
    result = []
    for n in range(1, len(model.orders)):
        rows = np.stack([ids[k : len(ids) - n + 1 + k] for k in range(n)], 1)
        rows = rows[(rows >= 0).all(1) & (rows[:, 1:] != begin).all(1)]
        counts = np.zeros(model.counts[n - 1])
        for part in np.array_split(rows, len(rows) // 2_000_000 + 1):
            found = index.find(part)
            counts += np.bincount(found[found >= 0], minlength=len(counts))
        share = counts / max(len(ids), 1)
        own = np.exp(index.marginal(model.orders[n - 1].words))
        result.append(np.log(0.5 * share + 0.5 * own))
    return result


def write_arpa(model: NgramModel, path: Path) -> None:
    """Write the model as an ARPA text file (logarithms to base ten)."""
    words = np.array(model.vocabulary, object)
    with path.open("w", encoding="utf-8") as file:
        file.write("\\data\\\n")
        for n, count in enumerate(model.counts, 1):
            file.write(f"ngram {n}={count}\n")
        for n, order in enumerate(model.orders, 1):
            file.write(f"\n\\{n}-grams:\n")
            probs = (order.log_prob / _LN10).tolist()
            backoffs = (order.backoff / _LN10).tolist()
            grams = words[order.words].tolist()
            if n == len(model.orders):
                file.writelines(
                    f"{p:.6g}\t{' '.join(g)}\n" for p, g in zip(probs, grams, strict=True)
                )
            else:
                file.writelines(
                    f"{p:.6g}\t{' '.join(g)}\t{b:.6g}\n"
                    for p, g, b in zip(probs, grams, backoffs, strict=True)
                )
        file.write("\n\\end\\\n")


def read_arpa(path: Path) -> NgramModel:
    """The model in an ARPA file.

    Raises:
        DataError: naming the line that is not understood.
    """
    numbers: dict[str, int] = {}
    orders: list[Order] = []
    rows: list[list[int]] = []
    probs: list[float] = []
    backoffs: list[float] = []
    length = 0

    def finish() -> None:
        if length:
            grams = np.array(rows, np.int32).reshape(-1, length)
            by = np.lexsort(grams.T[::-1])
            scale = _LN10
            orders.append(
                Order(grams[by], np.array(probs)[by] * scale, np.array(backoffs)[by] * scale)
            )

    with path.open(encoding="utf-8") as file:
        for at, line in enumerate(file, 1):
            if line[0] == "\\":
                finish()
                rows, probs, backoffs = [], [], []
                length = int(line[1:].split("-")[0]) if "-grams:" in line else 0
            elif length and line != "\n":
                fields = line.rstrip("\n").split("\t")
                grams_text = fields[1].split(" ") if len(fields) > 1 else []
                if len(grams_text) != length:
                    raise DataError(f"{path}, line {at}: expected a {length}-gram: {line!r}")
                if length == 1:
                    numbers[grams_text[0]] = len(numbers)
                rows.append([numbers[word] for word in grams_text])
                probs.append(float(fields[0]))
                backoffs.append(float(fields[2]) if len(fields) > 2 else 0.0)
    if not orders:
        raise DataError(f"{path} is no ARPA file: it has no n-gram section")
    return NgramModel(list(numbers), tuple(orders))
