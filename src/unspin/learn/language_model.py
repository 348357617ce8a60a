"""Builds the language models that ``unspin`` ships.

``python -m unspin.learn.language_model general -o en.general.kenlm`` reads the
general US English trigram model out of the PyPI package ``pocketsphinx``,
prunes it and writes a quantized KenLM trie with a manifest beside it.
``... corpus -o en.prose.kenlm CORPUS_DIR`` estimates a 4-gram model from
paragraphs of text with the tokens of :mod:`unspin.tokens`.

Both run programs of KenLM: ``build_binary`` and, for ``corpus``, ``lmplz``.
They build from the source of PyPI's ``kenlm`` in a minute::

    apt-get install cmake g++ libboost-{system,thread,program-options,test}-dev libeigen3-dev
    pip download --no-deps --no-binary kenlm kenlm
    mkdir source && tar xf kenlm-*.tar.gz -C source --strip-components=1
    cmake -S source -B build && make -C build lmplz build_binary     # into build/bin

The pocketsphinx format (all numbers little-endian)::

    "Trie Language Model"
    uint8 order = 3
    uint32[3] n-gram counts               the bigram count can be a few too high
    4 bytes                               unused
    float32[65536] bigram probabilities, float32[65536] bigram back-offs,
    float32[65536] trigram probabilities  quantization tables
    unigrams + 1 of (float32 probability, float32 back-off, uint32 first bigram)
    bigrams + 1 of (word, table indexes, first trigram)     bit-packed
    trigrams of (word, table index)                         bit-packed
    uint32 size, words, each ended by NUL

A packed field is as wide as the bit length of what it counts (words, trigrams)
or 16 bits a table index, least significant bit first; an index pair has the
probability in its high half. A packed array takes ``ceil((entries + 1) * bits
/ 8) + 8`` bytes. Probabilities are logarithms to base 1.0001.

N-grams are keyed backwards: under "used" come the words that stand before it,
under those the words before them. The entry ``used, being, is`` is
P(used | is being), and the back-off of ``being, is`` is that of the history
"is being".
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import struct
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from unspin.errors import DataError, UnspinError
from unspin.language_model import NUMBER, LanguageModel, Mixture
from unspin.pairs import read_pairs
from unspin.tokens import sentences

MAGIC = b"Trie Language Model"
_TABLE = 65536
# Natural logarithm of the format's base.
_LOG_BASE = math.log(1.0001)
_LN10 = math.log(10.0)
_PADDING = 8  # bytes after each packed array

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


# --- reading pocketsphinx ---


def _unpack(data: bytes, start: int, entries: int, widths: Sequence[int]) -> tuple[list[Ints], int]:
    """The fields of a packed array, and where the next part of the file begins."""
    total = sum(widths)
    size = ((entries + 1) * total + 7) // 8 + _PADDING
    if start + size > len(data):
        raise DataError("the n-gram arrays are cut off: the model file is incomplete")
    raw = np.frombuffer(data, np.uint8, size, start).astype(np.uint64)
    fields = []
    offset = np.arange(entries, dtype=np.int64) * total
    for width in widths:
        byte = offset >> 3
        value = np.zeros(entries, np.uint64)
        # 32 bits that begin inside a byte can touch five bytes.
        for k in range((width + 14) // 8):
            value |= raw[byte + k] << np.uint64(8 * k)
        value >>= (offset & 7).astype(np.uint64)
        value &= np.uint64((1 << width) - 1)
        fields.append(value.astype(np.int64))
        offset = offset + width
    return fields, start + size


def decode_pocketsphinx(data: bytes) -> NgramModel:
    """The trigram model in the bytes of a pocketsphinx ``.lm.bin`` file.

    Raises:
        DataError: if the bytes are of another format or incomplete.
    """
    if not data.startswith(MAGIC):
        raise DataError(f"no pocketsphinx trie model: it does not begin with {MAGIC.decode()!r}")
    at = len(MAGIC)
    if len(data) < at + 17 + 3 * _TABLE * 4:
        raise DataError("the header is cut off: the model file is incomplete")
    if data[at] != 3:
        raise DataError(f"the model has order {data[at]}; only trigram models are understood")
    n1, _, n3 = struct.unpack_from("<3I", data, at + 1)
    at += 17
    tables = np.frombuffer(data, "<f4", 3 * _TABLE, at).reshape(3, _TABLE).astype(np.float64)
    at += tables.size * 4
    if len(data) < at + 12 * (n1 + 1):
        raise DataError("the unigrams are cut off: the model file is incomplete")
    unigrams = np.frombuffer(
        data, [("prob", "<f4"), ("backoff", "<f4"), ("next", "<u4")], n1 + 1, at
    )
    at += unigrams.nbytes
    first2 = unigrams["next"].astype(np.int64)
    n2 = int(first2[-1])  # the header's count is too high
    word_bits, next_bits = n1.bit_length(), n3.bit_length()
    header_n2 = struct.unpack_from("<I", data, len(MAGIC) + 5)[0]
    (word2, index2, first3), _ = _unpack(data, at, n2 + 1, (word_bits, 32, next_bits))
    at += ((header_n2 + 1) * (word_bits + 32 + next_bits) + 7) // 8 + _PADDING
    (word3, index3), at = _unpack(data, at, n3, (word_bits, 16))
    if at + 4 > len(data):
        raise DataError("the words are cut off: the model file is incomplete")
    size = struct.unpack_from("<I", data, at)[0]
    words = data[at + 4 : at + 4 + size].split(b"\0")[:n1]
    if len(words) != n1:
        raise DataError("the words are cut off: the model file is incomplete")
    predicted2 = np.repeat(np.arange(n1), np.diff(first2))
    of3 = np.repeat(np.arange(n2), np.diff(first3[: n2 + 1]))
    orders = (
        _order(
            np.arange(n1)[:, None],
            unigrams["prob"][:-1].astype(np.float64),
            unigrams["backoff"][:-1].astype(np.float64),
        ),
        _order(
            np.stack([word2[:n2], predicted2], 1),
            tables[0][index2[:n2] >> 16],
            tables[1][index2[:n2] & 0xFFFF],
        ),
        _order(np.stack([word3, word2[of3], predicted2[of3]], 1), tables[2][index3], np.zeros(n3)),
    )
    return NgramModel([w.decode("utf-8") for w in words], orders)


def _order(words: NDArray[Any], prob: Floats, backoff: Floats) -> Order:
    by = np.lexsort(words.T[::-1])
    return Order(words[by].astype(np.int32), prob[by] * _LOG_BASE, backoff[by] * _LOG_BASE)


# --- scores and pruning ---


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


# --- ARPA files ---


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


# --- building and measuring ---


@dataclass(frozen=True, slots=True)
class Compression:
    """How ``build_binary`` packs a trie: bits a probability, a back-off and a pointer."""

    probability_bits: int = 8
    backoff_bits: int = 8
    pointer_bits: int = 255  # as many as save space

    def command(self, program: Path) -> list[str]:
        """The command line without its two files."""
        bits = (self.probability_bits, self.backoff_bits, self.pointer_bits)
        q, b, a = map(str, bits)
        return [str(program), "-s", "-q", q, "-b", b, "-a", a, "trie"]


def build_binary(
    model: NgramModel, output: Path, program: Path, compression: Compression
) -> list[str]:
    """Write the model as a KenLM trie; the command line that did it, without paths.

    Raises:
        UnspinError: with KenLM's own words, if it failed.
    """
    command = compression.command(program)
    with tempfile.TemporaryDirectory() as folder:
        arpa = Path(folder, "model.arpa")
        write_arpa(model, arpa)
        _run([*command, str(arpa), str(output)])
    return [program.name, *command[1:], "model.arpa", output.name]


def _run(command: Sequence[str], **options: Any) -> None:
    try:
        subprocess.run(command, check=True, stderr=subprocess.PIPE, **options)
    except FileNotFoundError as error:
        raise UnspinError(
            f"{command[0]} not found: build KenLM as the docstring of {__name__} says "
            "and give its bin folder with --kenlm"
        ) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip()[-800:]
        raise UnspinError(f"{' '.join(command)} failed: {said}") from error


def dev_sentences(pairs: Path) -> list[list[str]]:
    """The words of every distinct sentence of the pairs' originals."""
    seen: dict[tuple[str, ...], None] = {}
    for original in {pair.original for pair in read_pairs([pairs])}:
        for sentence in sentences(original):
            words = tuple(token.norm for token in sentence.tokens)
            if any(w[0].isalnum() for w in words):
                seen[words] = None
    return sorted(map(list, seen))


def perplexity(
    model: LanguageModel | Mixture, texts: Iterable[Sequence[str]], known: Iterable[LanguageModel]
) -> float:
    """Perplexity over the words that all of ``known`` have in their vocabularies."""
    judges = list(known)
    total, count = 0.0, 0
    for text in texts:
        state: Any = model.initial_state()
        for word in text:
            state, log_prob = model.step(state, word)
            if word == "'s":  # half of a joined word: its score, but no word of its own
                total += log_prob
            elif all(word in judge for judge in judges):
                total += log_prob
                count += 1
    return math.exp(-total / count)


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


# --- the corpus ---


def _plain(paragraph: str) -> str:
    return " ".join(paragraph.casefold().split())


def corpus_sentences(
    folder: Path, without: Iterable[Path] = (), cap: int | None = None
) -> Iterator[list[str]]:
    """The words of every sentence of the folder's ``*.txt.gz``, one paragraph a line.

    Punctuation is left out and numbers are ``<num>``, as the model is asked.
    Paragraphs of the originals in ``without`` are skipped. Of a source with
    more than ``cap`` words every second, third ... paragraph is taken, evenly.
    """
    held_back = {
        _plain(part)
        for pair in read_pairs(without)
        for part in pair.original.split("\n")
        if part.strip()
    }
    for path in sorted(folder.glob("*.txt.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = [line for line in file if line.strip() and _plain(line) not in held_back]
        size = sum(line.count(" ") + 1 for line in lines)
        stride = math.ceil(size / cap) if cap else 1
        for line in lines[::stride]:
            for sentence in sentences(line):
                words = [spoken(token.norm) for token in sentence.tokens]
                words = [word for word in words if word]
                if words:
                    yield words


def spoken(word: str) -> str:
    """The word as a model is estimated from it; empty for punctuation."""
    if word[0].isdigit():
        return NUMBER
    return word if any(c.isalnum() for c in word) else ""


# --- the commands ---


def pocketsphinx_model(path: Path | None) -> tuple[bytes, str]:
    """The bytes of pocketsphinx's English model and the package's version.

    ``path`` is a wheel, or the model file itself; ``None`` is the installed package.
    """
    inner = "pocketsphinx/model/en-us/en-us.lm.bin"
    try:
        if path is None:
            package = metadata.distribution("pocketsphinx")
            return Path(str(package.locate_file(inner))).read_bytes(), package.version
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                return wheel.read(inner), path.name.split("-")[1]
        return path.read_bytes(), "unknown"
    except (metadata.PackageNotFoundError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(
            f"pocketsphinx's {inner} cannot be read: {error}; "
            "pip install pocketsphinx, or give its wheel with --pocketsphinx"
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(output: Path, facts: dict[str, Any]) -> None:
    """Write what the model is made of beside it, as JSON."""
    facts = {"file": output.name, **facts, "bytes": output.stat().st_size}
    facts["sha256"] = _sha256(output)
    text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    output.with_suffix(".json").write_text(text, encoding="utf-8")


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_output = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True
)
_kenlm = click.option(
    "--kenlm", type=_FOLDER, required=True, help="Folder of lmplz and build_binary."
)
_dev = click.option("--dev", type=_FILE, help="Pairs whose originals measure perplexity.")


@click.group(help=__doc__ and __doc__.split("\n\n")[0])
def main() -> None:
    """The commands."""


@main.command()
@_output
@_kenlm
@_dev
@click.option("--pocketsphinx", type=_FILE, help="Wheel or model file; else the installed one.")
@click.option("--corpus", type=_FOLDER, help="Text whose histories guide the pruning.")
@click.option("--cap", type=int, default=3_000_000, show_default=True, help="Words per source.")
@click.option("--threshold", type=float, default=3e-8, show_default=True)
@click.option("-q", "probability_bits", type=int, default=7, show_default=True)
@click.option("-b", "backoff_bits", type=int, default=5, show_default=True)
def general(
    output: Path,
    kenlm: Path,
    dev: Path | None,
    pocketsphinx: Path | None,
    corpus: Path | None,
    cap: int,
    threshold: float,
    probability_bits: int,
    backoff_bits: int,
) -> None:
    """The general English trigram model of pocketsphinx, pruned."""
    data, version = pocketsphinx_model(pocketsphinx)
    full = decode_pocketsphinx(data)
    histories = None
    if corpus:
        prose = corpus_sentences(corpus, [dev] if dev else [], cap)
        histories = history_log_probs(full, prose)
    pruned = prune(full, [threshold] * 2, histories)
    program = kenlm / "build_binary"
    compression = Compression(probability_bits, backoff_bits)
    command = build_binary(pruned, output, program, compression)
    facts: dict[str, Any] = {
        "description": "General US English trigram model, lower case, pruned and quantized.",
        "source": "PyPI package pocketsphinx, pocketsphinx/model/en-us/en-us.lm.bin",
        "source_version": version,
        "source_sha256": hashlib.sha256(data).hexdigest(),
        "license": "BSD-2-Clause",
        "copyright": "Copyright (c) 1999-2016 Carnegie Mellon University. All rights reserved.",
        "license_text": _BSD.strip(),
        "ngrams_source": full.counts,
        "ngrams": pruned.counts,
        "pruning": {
            "criterion": "relative entropy (Stolcke 1998)",
            "threshold": threshold,
            "histories": f"model and text, {cap} words a source" if corpus else "model",
        },
        "command": [
            "python -m unspin.learn.language_model general -o en.general.kenlm --kenlm BIN"
            f"{' --corpus CORPUS --cap ' + str(cap) if corpus else ''}{' --dev DEV' if dev else ''}"
            f" --threshold {threshold} -q {probability_bits} -b {backoff_bits}",
            " ".join(command),
        ],
    }
    if dev:
        texts = dev_sentences(dev)
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder, "whole.kenlm")
            build_binary(full, whole, program, Compression(16, 16, 64))
            before = LanguageModel(whole)
            facts["perplexity"] = {
                "text": "originals of dev, words of the vocabulary",
                "source": round(perplexity(before, texts, [before]), 1),
                "shipped": round(perplexity(LanguageModel(output), texts, [before]), 1),
            }
    write_manifest(output, facts)
    click.echo(json.dumps({k: facts.get(k) for k in ("ngrams", "perplexity")}), err=True)


@main.command()
@click.argument("folder", type=_FOLDER)
@_output
@_kenlm
@_dev
@click.option("--without", type=_FILE, multiple=True, help="Pairs whose originals are left out.")
@click.option("--general", "other", type=_FILE, help="A model to interpolate with, to measure.")
@click.option("--cap", type=int, default=3_000_000, show_default=True, help="Words per source.")
@click.option("--order", type=int, default=4, show_default=True)
@click.option("--cutoffs", default="0 0 1 2", show_default=True, help="lmplz --prune.")
@click.option("--threshold", type=float, default=0.0, show_default=True)
@click.option("-q", "probability_bits", type=int, default=7, show_default=True)
@click.option("-b", "backoff_bits", type=int, default=5, show_default=True)
def corpus(
    folder: Path,
    output: Path,
    kenlm: Path,
    dev: Path | None,
    without: tuple[Path, ...],
    other: Path | None,
    cap: int,
    order: int,
    cutoffs: str,
    threshold: float,
    probability_bits: int,
    backoff_bits: int,
) -> None:
    """A model of the paragraphs in FOLDER's *.txt.gz files."""
    held_back = [*without, *([dev] if dev else [])]
    with tempfile.TemporaryDirectory() as scratch:
        text, arpa = Path(scratch, "text"), Path(scratch, "arpa")
        with text.open("w", encoding="utf-8") as file:
            for words in corpus_sentences(folder, held_back, cap):
                file.write(" ".join(words) + "\n")
        estimate = ["-o", str(order), "--prune", *cutoffs.split(), "-S", "2G", "-T", scratch]
        with text.open("rb") as source, arpa.open("wb") as sink:
            _run([str(kenlm / "lmplz"), *estimate], stdin=source, stdout=sink)
        model = read_arpa(arpa)
        counted = model.counts
        if threshold > 0:
            with text.open(encoding="utf-8") as lines:
                histories = history_log_probs(model, (line.split() for line in lines))
            model = prune(model, [threshold] * (order - 1), histories)
    command = build_binary(
        model, output, kenlm / "build_binary", Compression(probability_bits, backoff_bits)
    )
    facts: dict[str, Any] = {
        "sources": sorted(path.name.removesuffix(".txt.gz") for path in folder.glob("*.txt.gz")),
        "cap": cap,
        "estimate": ["lmplz", "-o", str(order), "--prune", *cutoffs.split()],
        "threshold": threshold,
        "ngrams_estimated": counted,
        "ngrams": model.counts,
        "command": command,
    }
    if dev:
        texts = dev_sentences(dev)
        made = LanguageModel(output)
        facts["perplexity"] = {"alone": round(perplexity(made, texts, [made]), 1)}
        if other:
            second = LanguageModel(other)
            both = [made, second]
            facts["perplexity"] = {
                "text": "originals of dev, words of both vocabularies",
                "alone": round(perplexity(made, texts, both), 1),
                "general": round(perplexity(second, texts, both), 1),
                "interpolated 0.5": round(perplexity(Mixture(made, second), texts, both), 1),
            }
    write_manifest(output, facts)
    click.echo(json.dumps({k: facts.get(k) for k in ("ngrams", "perplexity")}), err=True)


_BSD = """
Redistribution and use in source and binary forms, with or without modification, are permitted \
provided that the following conditions are met: \
1. Redistributions of source code must retain the above copyright notice, this list of conditions \
and the following disclaimer. \
2. Redistributions in binary form must reproduce the above copyright notice, this list of \
conditions and the following disclaimer in the documentation and/or other materials provided with \
the distribution. \
This work was supported in part by funding from the Defense Advanced Research Projects Agency and \
the National Science Foundation of the United States of America, and the CMU Sphinx Speech \
Consortium. \
THIS SOFTWARE IS PROVIDED BY CARNEGIE MELLON UNIVERSITY ``AS IS'' AND ANY EXPRESSED OR IMPLIED \
WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS \
FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL CARNEGIE MELLON UNIVERSITY NOR ITS \
EMPLOYEES BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL \
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, \
DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, \
WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY \
WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""


if __name__ == "__main__":
    main()
