r"""The shipped encoder as a checkpoint to train on, where the one it was made of is lost.

    python training/recover.py -w WORK --minilm FOLDER

WORK is that of ``build.py`` between its stages ``lists`` and ``corpora``: the words to be guessed
become the shipped ones there. The weights are those of the data files,
which were rounded to bytes; word pieces that were not shipped are the pretrained model's. Pairs
are found by their hashes; those too rare to be shipped begin with nothing. Writes
``recovered.pt`` to WORK, for ``finetune.py --start``, with WORK's own lexicon.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from build import DATA, HINTS, get, save
from onnx import numpy_helper
from safetensors.numpy import load_file

from unspin.learn.encoder import Model
from unspin.learn.minilm import LAYERS, VECTOR
from unspin.rank.hashing import pair_hash, word_hash
from unspin.rank.wordpiece import WordPieces

_PARTS = ("qkv", "out", "up", "down")


def arrays() -> dict[str, np.ndarray]:
    """The tensors of ``context.onnx`` by the names that the model has for them, as floats."""
    graph = onnx.load(str(DATA / "context.onnx")).graph
    stored = {x.name: numpy_helper.to_array(x) for x in graph.initializer}
    found = {
        name: a for name, a in stored.items()
        if a.dtype == np.float32 and a.ndim and not name.endswith("_scale")
    }  # fmt: skip
    unnamed = []
    for name in (n.removesuffix("_quantized") for n in stored if n.endswith("_quantized")):
        zero = stored[f"{name}_zero_point"].astype(np.float32)
        scale = stored[f"{name}_scale"]
        value = (stored[f"{name}_quantized"].astype(np.float32) - zero) * scale
        if name.startswith("onnx::MatMul"):
            unnamed.append(value.T)
        else:
            transposed = name.endswith("_Transposed")
            found[name.removesuffix("_Transposed")] = value.T if transposed else value
    # Matrices that the export left unnamed, in the order of their use.
    names = [f"encoder.layers.{n}.{part}.weight" for n in range(LAYERS) for part in _PARTS]
    found |= dict(zip(["encoder.draft.weight", *names], unnamed, strict=True))
    heads = ("span", "changed", "guess")
    return {f"heads.{n}" if n.startswith(heads) else n: a for n, a in found.items()}


def pieces_of_all(table: np.ndarray, minilm: Path) -> np.ndarray:
    """``table`` of the shipped pieces among the pretrained model's whole table."""
    weights = load_file(minilm / "model.safetensors")["embeddings.word_embeddings.weight"].copy()
    listed = (minilm / "vocab.txt").read_text(encoding="utf-8").splitlines()
    place = {piece: n for n, piece in enumerate(listed)}
    shipped = (DATA / "context.vocab.txt").read_text(encoding="utf-8").splitlines()
    weights[[place[piece] for piece in shipped]] = table[: len(shipped)]
    return weights


def state_of(lexicon, guesses: list[str], minilm: Path) -> dict[str, np.ndarray]:
    """Everything that a :class:`Model` over ``lexicon`` has learned."""
    state = arrays()
    small = np.load(DATA / "context.heads.npz", allow_pickle=False)
    manifest = json.loads((DATA / "context.json").read_text(encoding="utf-8"))
    table, positions = state.pop("table.weight"), state.pop("positions")
    pieces = WordPieces.read(DATA / "context.vocab.txt")
    words, hints = table[: pieces.size], table[pieces.size :]
    state["encoder.words.weight"] = pieces_of_all(words, minilm)
    state["encoder.hints.weight"] = hints
    # Chunks have no more positions than were shipped.
    state["encoder.positions.weight"] = np.zeros((512, table.shape[1]), np.float32)
    state["encoder.positions.weight"][: len(positions)] = positions
    for name in ("keep", "none"):
        state[f"heads.{name}"] = small[name]
    for name in ("wide", "none_bias"):
        state[f"heads.{name}"] = np.float32(manifest[name])
    projected = np.load(DATA / "context.project.npy") * small["project_scale"][:, None]
    project = np.linalg.lstsq(words.astype(np.float64), projected, rcond=None)[0]
    state["heads.project.weight"] = project.T
    vectors = np.load(DATA / "context.guesses.npy") * small["guess_scale"][:, None]
    means = np.stack([words[list(pieces.phrase(guess))].mean(0) for guess in guesses])
    state["heads.guess_word"] = vectors - means @ project
    state["heads.guess_bias"] = small["guess_bias"]
    return state | _pairs(lexicon, small)


def _pairs(lexicon, small) -> dict[str, np.ndarray]:
    """Vectors and biases of the lexicon's pairs."""
    hashes = [
        np.array([word_hash(getattr(row, side)) for row in lexicon.rows], np.uint64)
        for side in ("spun", "original")
    ]
    keys, wanted = np.load(DATA / "context.pairs.npy"), pair_hash(*hashes)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    hit = keys[at] == wanted
    print(f"{int(hit.sum()):,} of {len(keys):,} pairs are in the lexicon of now")
    vectors = np.zeros((len(wanted), VECTOR), np.float32)
    bias = np.zeros((len(wanted), 1), np.float32)
    rows = at[hit]
    vectors[hit] = np.load(DATA / "context.vectors.npy")[rows] * small["pair_scale"][rows, None]
    bias[hit, 0] = small["pair_bias"][rows]
    return {"heads.pair.weight": vectors, "heads.pair_bias.weight": bias}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-w", "--work", type=Path, required=True)
    parser.add_argument("--minilm", type=Path, required=True)
    args = parser.parse_args()
    lexicon = get(args.work, "lexicon")
    guesses = (DATA / "context.guesses.txt").read_text(encoding="utf-8").splitlines()
    save(args.work, "guesses", guesses)
    model = Model(WordPieces.read(args.minilm / "vocab.txt"), lexicon, HINTS, guesses)
    state = state_of(lexicon, guesses, args.minilm)
    model.load_state_dict(
        {k: torch.tensor(np.ascontiguousarray(v), dtype=torch.float32) for k, v in state.items()}
    )
    torch.save({"model": model.state_dict()}, args.work / "recovered.pt")


if __name__ == "__main__":
    main()
