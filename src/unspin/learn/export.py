"""A trained encoder written as the files that the context ranker loads.

``context.onnx`` has the encoder and the span, P(changed) and guess heads,
dynamically quantized to signed bytes; candidates' vectors are memory-mapped
byte arrays with a scale per row: ``context.project.npy`` (one row per word
piece), ``context.vectors.npy`` (one row per learned pair, found by the sorted
hashes in ``context.pairs.npy``) and ``context.guesses.npy`` (one row per word
of ``context.guesses.txt``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unspin.learn.encoder import Model
from unspin.learn.minilm import HEADS, VECTOR, Layer
from unspin.rank.hashing import pair_hash, word_hash
from unspin.rank.wordpiece import CLS, PAD, SEP, UNK

# Rarer pairs have learned too little to be worth their bytes.
MIN_PAIR_COUNT = 26
# Chunks are shorter (``MAX_PIECES`` of the ranker, hints and ends).
_POSITIONS = 256
# The domain of onnxruntime's own operators.
_CONTRIB = "com.microsoft"
FILES = (
    *("onnx", "project.npy", "pairs.npy", "vectors.npy", "guesses.npy", "heads.npz"),
    *("vocab.txt", "guesses.txt"),
)


class _Attention(torch.autograd.Function):
    """Attention of all heads as one operator of onnxruntime: a tenth of the encoder's time."""

    @staticmethod
    def forward(_: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """What the operator does."""
        batch, length, width = query.shape
        heads = (
            x.view(batch, length, HEADS, width // HEADS).transpose(1, 2)
            for x in (query, key, value)
        )
        states = nn.functional.scaled_dot_product_attention(*heads)
        return states.transpose(1, 2).reshape(batch, length, width)

    @staticmethod
    def symbolic(graph: Any, query: Any, key: Any, value: Any) -> Any:
        """The operator."""
        name = f"{_CONTRIB}::MultiHeadAttention"
        return graph.op(name, query, key, value, num_heads_i=HEADS).setType(query.type())


def _through(layer: Layer, x: Tensor) -> Tensor:
    """States after the layer; chunks are never padded, so nothing is masked."""
    a = layer.out(_Attention.apply(*layer.qkv(x).chunk(3, -1)))
    x = layer.norm1(x + a)
    return cast(Tensor, layer.norm2(x + layer.down(nn.functional.gelu(layer.up(x)))))


class _Exported(nn.Module):
    """Pieces, drafts and positions in; span vectors, P(changed) logits, guess vectors out."""

    def __init__(self, model: Model, kept: Tensor) -> None:
        super().__init__()
        self.encoder = model.encoder
        self.span = model.heads.span
        self.changed = model.heads.changed
        self.guess = model.heads.guess
        table = torch.cat([model.encoder.words.weight[kept], model.encoder.hints.weight])
        self.table = nn.Embedding.from_pretrained(table)
        self.positions = nn.Parameter(model.encoder.positions.weight[:_POSITIONS])

    def forward(
        self,
        ids: Tensor,
        drafts: Tensor,
        first: Tensor,
        last: Tensor,
        word_first: Tensor,
        word_last: Tensor,
    ) -> Any:
        encoder = self.encoder
        x = self.table(ids) + self.positions[: ids.shape[1]] + encoder.draft(drafts)
        x = encoder.norm(x)
        for layer in encoder.layers:
            x = _through(cast(Layer, layer), x)
        flat = x.reshape(-1, x.shape[-1])
        vectors = self.span(torch.cat([flat[first], flat[last]], -1))
        words = flat[word_first]
        guesses = self.guess(torch.cat([words, flat[word_last]], -1))
        return vectors, self.changed(words).squeeze(-1), guesses


def quantize_rows(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Signed bytes and the scale of each row."""
    scale = np.abs(table).max(1) / 127
    scale[scale == 0] = 1.0
    return np.rint(table / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def export(
    model: Model,
    pairs: Sequence[tuple[str, str, int]],
    vocabulary: list[str],
    used: Collection[int],
    guesses: Sequence[str],
    families: list[str],
    folder: Path,
    about: dict[str, Any],
) -> None:
    """Write all files of the context ranker to ``folder``.

    ``pairs`` are the (spun, original, count) of the model's pair vectors in
    order, ``guesses`` the guesser's words, or the first of them that are to be
    kept; of the word pieces only those in ``used`` are, the others become unknown ones.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model.eval()
    heads = model.heads
    special = [vocabulary.index(p) for p in (PAD, UNK, CLS, SEP)]
    kept = torch.tensor(sorted({*used, *special}))
    vocabulary = [vocabulary[n] for n in kept.tolist()]
    plain = folder / "context.float.onnx"
    example = (
        torch.randint(1, 1000, (2, 32)),
        torch.randn(2, 32, VECTOR + 1),
        torch.tensor([3, 4, 40]),
        torch.tensor([3, 5, 41]),
        torch.tensor([3, 4, 5, 6]),
        torch.tensor([3, 4, 5, 7]),
    )
    torch.onnx.export(
        _Exported(model, kept),
        example,
        str(plain),
        input_names=["ids", "drafts", "first", "last", "word_first", "word_last"],
        output_names=["vectors", "changed", "guesses"],
        dynamic_axes={
            "ids": {0: "batch", 1: "length"},
            "drafts": {0: "batch", 1: "length"},
            "first": {0: "spans"},
            "last": {0: "spans"},
            "word_first": {0: "words"},
            "word_last": {0: "words"},
        },
        opset_version=17,
        custom_opsets={_CONTRIB: 1},
        dynamo=False,
    )
    quantize_dynamic(plain, folder / "context.onnx", weight_type=QuantType.QInt8, per_channel=True)
    plain.unlink()
    with torch.no_grad():
        table = heads.project(model.encoder.words.weight[kept])
        project, project_scale = quantize_rows(table.numpy())
        rows = [n for n, (_, _, count) in enumerate(pairs) if count >= MIN_PAIR_COUNT]
        spun = np.array([word_hash(pairs[n][0]) for n in rows], np.uint64)
        original = np.array([word_hash(pairs[n][1]) for n in rows], np.uint64)
        keys = pair_hash(spun, original)
        order = np.argsort(keys)
        which = torch.tensor(np.array(rows)[order])
        vectors, vector_scale = quantize_rows(heads.pair(which).numpy())
        np.save(folder / "context.project.npy", project, allow_pickle=False)
        np.save(folder / "context.pairs.npy", keys[order], allow_pickle=False)
        np.save(folder / "context.vectors.npy", vectors, allow_pickle=False)
        guess_vectors, guess_scale = quantize_rows(model.guess_vectors()[: len(guesses)].numpy())
        np.save(folder / "context.guesses.npy", guess_vectors, allow_pickle=False)
        np.savez(
            folder / "context.heads.npz",
            guess_scale=guess_scale,
            guess_bias=heads.guess_bias[: len(guesses)].numpy(),
            pair_bias=heads.pair_bias(which).squeeze(-1).numpy(),
            pair_scale=vector_scale,
            project_scale=project_scale,
            keep=heads.keep.numpy(),
            none=heads.none.numpy(),
        )
    vocabulary_file = folder / "context.vocab.txt"
    vocabulary_file.write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    (folder / "context.guesses.txt").write_text("\n".join(guesses) + "\n", encoding="utf-8")
    files = [f"context.{x}" for x in FILES]
    manifest = {
        "format": 1,
        "families": families,
        "family_token": len(vocabulary),
        "rate_token": len(vocabulary) + len(families) + 1,
        "none_bias": heads.none_bias.item(),
        "wide": heads.wide.item(),
        "sha256": {name: _digest(folder / name) for name in files},
        **about,
    }
    text = json.dumps(manifest, indent=1) + "\n"
    (folder / "context.json").write_text(text, encoding="utf-8")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
