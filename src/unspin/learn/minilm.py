"""The encoder and its heads as PyTorch modules (training only).

A BERT encoder (Devlin et al. 2019) in the size of MiniLM (Wang et al. 2020: 6
layers, 384 wide), fine-tuned to choose among a phrase's candidates.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

WIDTH, LAYERS, HEADS, INNER = 384, 6, 12, 1536
VECTOR = 128
DROPOUT = 0.1
# Pieces hidden from the encoder in training, so that many passes over one text
# teach it to read rather than to remember.
_HIDDEN, _MASK = 0.08, 103


class Layer(nn.Module):
    """One post-norm transformer layer."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH, eps=1e-12)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """States after the layer; ``mask`` is added to attention scores."""
        b, t, _ = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask.to(q.dtype))
        a = self.out(a.transpose(1, 2).reshape(b, t, WIDTH))
        x = self.norm1(x + F.dropout(a, DROPOUT, self.training))
        a = self.down(F.gelu(self.up(x)))
        return self.norm2(x + F.dropout(a, DROPOUT, self.training))


class Encoder(nn.Module):
    """Piece numbers to states; the two hint tokens have embeddings of their own."""

    def __init__(self, pieces: int, hints: int) -> None:
        super().__init__()
        self.words = nn.Embedding(pieces, WIDTH)
        self.hints = nn.Embedding(hints, WIDTH)
        self.positions = nn.Embedding(512, WIDTH)
        self.draft = nn.Linear(VECTOR + 1, WIDTH, bias=False)
        nn.init.zeros_(self.draft.weight)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.frozen = 0
        self.words.weight.requires_grad_(False)
        nn.init.normal_(self.hints.weight, std=0.02)

    def freeze(self, layers: int) -> None:
        """Keep the lowest ``layers`` and all that they read as they are."""
        self.frozen = layers
        below = [self.hints, self.positions, self.draft, self.norm, *self.layers[:layers]]
        for module in below if layers else []:
            module.requires_grad_(False)

    def forward(self, ids: Tensor, drafts: Tensor) -> Tensor:
        """(batch, length) piece numbers -> (batch, length, 384) states.

        Numbers from ``words.num_embeddings`` on are hints; 0 is padding.
        ``drafts`` (batch, length, 129) say what the features would put there.
        """
        n = self.words.num_embeddings
        is_hint = ids >= n
        padding = ids == 0
        if self.training:
            dark = (torch.rand(ids.shape, device=ids.device) < _HIDDEN) & ~is_hint & ~padding
            ids = torch.where(dark, torch.full_like(ids, _MASK), ids)
        x = torch.where(
            is_hint.unsqueeze(-1),
            self.hints((ids - n).clamp(min=0)),
            self.words(torch.where(is_hint, torch.zeros_like(ids), ids)),
        )
        x = x + self.positions.weight[: ids.shape[1]] + self.draft(drafts)
        x = F.dropout(self.norm(x), DROPOUT, self.training)
        mask = torch.zeros(ids.shape, dtype=x.dtype, device=x.device)
        mask = mask.masked_fill(padding, -1e4)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        return x

    def load_pretrained(self, path: Path) -> None:
        """Take over the weights of a BERT checkpoint in safetensors form."""
        from safetensors.torch import load_file

        w = load_file(str(path))
        with torch.no_grad():
            self.words.weight.copy_(w["embeddings.word_embeddings.weight"])
            # Everything is segment 0: its embedding joins the positions'.
            segment = w["embeddings.token_type_embeddings.weight"][0]
            self.positions.weight.copy_(w["embeddings.position_embeddings.weight"] + segment)
            _norm(self.norm, w, "embeddings.LayerNorm")
            for number, layer in enumerate(self.layers):
                at = f"encoder.layer.{number}."
                for part in ("weight", "bias"):
                    qkv = [w[f"{at}attention.self.{x}.{part}"] for x in ("query", "key", "value")]
                    getattr(layer.qkv, part).copy_(torch.cat(qkv))
                    getattr(layer.out, part).copy_(w[f"{at}attention.output.dense.{part}"])
                    getattr(layer.up, part).copy_(w[f"{at}intermediate.dense.{part}"])
                    getattr(layer.down, part).copy_(w[f"{at}output.dense.{part}"])
                _norm(layer.norm1, w, f"{at}attention.output.LayerNorm")
                _norm(layer.norm2, w, f"{at}output.LayerNorm")


def _norm(norm: nn.LayerNorm, weights: dict[str, Tensor], name: str) -> None:
    norm.weight.copy_(weights[f"{name}.weight"])
    norm.bias.copy_(weights[f"{name}.bias"])


class Heads(nn.Module):
    """From states to logits of candidates, of "keep", of "none", P(changed) and guesses.

    A candidate's vector is the projected mean of its pieces' embeddings plus a
    learned vector of the (spun, original) pair, so that a pair no training text
    had can be scored by its words alone. "keep" is the spun phrase as its own
    candidate, plus a vector all keeps share. A guess is one of ``guesses`` common
    words as the original of a changed word; its vector is made like a candidate's.
    """

    def __init__(self, pairs: int, guesses: int) -> None:
        super().__init__()
        self.span = nn.Sequential(nn.Linear(2 * WIDTH, 256), nn.GELU(), nn.Linear(256, VECTOR))
        self.project = nn.Linear(WIDTH, VECTOR, bias=False)
        self.keep = nn.Parameter(torch.randn(VECTOR) * 0.02)
        self.none = nn.Parameter(torch.randn(VECTOR) * 0.02)
        self.none_bias = nn.Parameter(torch.tensor(-2.0))
        self.pair = nn.Embedding(pairs, VECTOR)
        self.pair_bias = nn.Embedding(pairs, 1)
        self.wide = nn.Parameter(torch.tensor(1.0))
        self.changed = nn.Linear(WIDTH, 1)
        self.guess = nn.Sequential(nn.Linear(2 * WIDTH, 256), nn.GELU(), nn.Linear(256, VECTOR))
        self.guess_word = nn.Parameter(torch.zeros(guesses, VECTOR))
        self.guess_bias = nn.Parameter(torch.zeros(guesses))
        nn.init.zeros_(self.pair.weight)
        nn.init.zeros_(self.pair_bias.weight)
