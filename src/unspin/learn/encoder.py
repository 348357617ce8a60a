"""Training of the context ranker: a small encoder fine-tuned on aligned spun text.

Each paragraph (in chunks of whole sentences) is one sequence ``[CLS] family
rate pieces [SEP]``. Per match: softmax over keep, none-of-these and the
candidates, with the features ranker's cross-fitted logits added ("wide and
deep", Cheng et al. 2016). Per word: P(changed). Checkpoints carry everything
needed to go on after a kill.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from unspin.learn.batches import Batch, Chunk, Collator, batches
from unspin.learn.features import Candidates
from unspin.learn.minilm import VECTOR, Encoder, Heads
from unspin.learn.statistics import NONE_OF_THESE
from unspin.rank.wordpiece import WordPieces

_WARM_UP = 100
_CHECKPOINT_SECONDS = 600


class Model(torch.nn.Module):
    """Encoder and heads over one lexicon."""

    def __init__(self, pieces: WordPieces, lexicon: Candidates, hints: tuple[int, int]) -> None:
        super().__init__()
        self.encoder = Encoder(pieces.size, sum(hints))
        self.heads = Heads(pieces.size, len(lexicon.rows))
        self._bags: Tensor
        self._bag_at: Tensor
        self._phrase_bags: Tensor
        self._phrase_at: Tensor
        for name, texts in (
            ("_bag", [r.original for r in lexicon.rows]),
            ("_phrase", lexicon.phrases),
        ):
            cut = [pieces.phrase(t) for t in texts]
            flat = torch.tensor([p for c in cut for p in c])
            at = torch.tensor(np.concatenate([[0], np.cumsum([len(c) for c in cut])]))
            self.register_buffer(
                f"{name}s" if name == "_bag" else f"{name}_bags", flat, persistent=False
            )
            self.register_buffer(f"{name}_at", at, persistent=False)

    def _means(self, flat: Tensor, at: Tensor, which: Tensor) -> Tensor:
        """Projected mean embeddings of the phrases ``which``."""
        sizes = at[which + 1] - at[which]
        ends = torch.cumsum(sizes, 0)
        index = torch.arange(int(ends[-1])) - torch.repeat_interleave(ends - sizes, sizes)
        index = index + torch.repeat_interleave(at[which], sizes)
        means = F.embedding_bag(flat[index], self.encoder.words.weight, ends - sizes, mode="mean")
        out: Tensor = self.heads.project(means)
        return out

    def forward(self, batch: Batch, drop_pairs: float = 0.0) -> tuple[Tensor, Tensor]:
        """(matches, 2 + candidates) logits, padded with -inf, and P(changed) logits per word.

        Columns are keep, none, then the candidates in lexicon order.
        """
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self.encoder(batch.ids)
        return self._decide(states.float().reshape(-1, states.shape[-1]), batch, drop_pairs)

    def _decide(self, states: Tensor, batch: Batch, drop_pairs: float) -> tuple[Tensor, Tensor]:
        heads = self.heads
        changed = heads.changed(F.embedding(batch.word_first, states)).squeeze(-1)
        if not len(batch.first):
            return torch.zeros((0, 2)), changed
        ends = [F.embedding(batch.first, states), F.embedding(batch.last, states)]
        span = heads.span(torch.cat(ends, -1))
        rows, place = torch.unique(batch.row, return_inverse=True)
        phrases, at_phrase = torch.unique(batch.phrase, return_inverse=True)
        pair, bias = heads.pair(rows), heads.pair_bias(rows).squeeze(-1)
        if drop_pairs:
            alive = (torch.rand(len(rows)) >= drop_pairs).float()
            pair, bias = pair * alive.unsqueeze(-1), bias * alive
        vectors = self._means(self._bags, self._bag_at, rows) + pair
        keeps = self._means(self._phrase_bags, self._phrase_at, phrases) + heads.keep
        scale = VECTOR**-0.5
        logits = torch.full((len(batch.first), int(batch.slot.max()) + 3), -torch.inf)
        score = (F.embedding(batch.owner, span) * F.embedding(place, vectors)).sum(
            -1
        ) * scale + bias[place]
        logits = logits.index_put((batch.owner, batch.slot + 2), score + heads.wide * batch.wide)
        keep = (span * F.embedding(at_phrase, keeps)).sum(-1) * scale
        none = span @ heads.none * scale + heads.none_bias
        return torch.cat([keep.unsqueeze(-1), none.unsqueeze(-1), logits[:, 2:]], -1), changed


def targets(label: Tensor) -> Tensor:
    """Column numbers of the gold labels."""
    column = torch.where(label > 0, label + 1, torch.zeros_like(label))
    return torch.where(label == NONE_OF_THESE, torch.ones_like(label), column)


def losses(model: Model, batch: Batch, drop_pairs: float) -> tuple[Tensor, Tensor]:
    """Mean log loss (nats) per match and per word."""
    logits, changed = model(batch, drop_pairs)
    choose = F.cross_entropy(logits, targets(batch.label)) if len(logits) else logits.sum()
    known = batch.changed >= 0
    see = F.binary_cross_entropy_with_logits(changed[known], batch.changed[known].float())
    return choose, see


def train(
    model: Model,
    collator: Collator,
    chunks: list[Chunk],
    held_out: dict[str, list[Chunk]],
    checkpoint: Path,
    total_pieces: int,
    seed: int = 1,
    log: Any = print,
) -> None:
    """Train until ``total_pieces`` have been read; go on from ``checkpoint`` if it exists."""
    model.encoder.words.weight.requires_grad_(False)
    sparse = [model.heads.pair.weight, model.heads.pair_bias.weight]
    body = [p for p in model.encoder.parameters() if p.requires_grad]
    head = [p for p in model.heads.parameters() if all(p is not s for s in sparse)]
    dense = torch.optim.AdamW(
        [{"params": body, "peak": 2e-4}, {"params": head, "peak": 1e-3}], weight_decay=0.01
    )
    pairs = torch.optim.SparseAdam(sparse)
    step, seen = 0, 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        dense.load_state_dict(state["dense"])
        pairs.load_state_dict(state["pairs"])
        step, seen = state["step"], state["seen"]
        log(f"resumed at step {step}, {seen:,} pieces")
    skip = step
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed + step)
    started = saved = time.monotonic()
    begun = seen
    mean = [0.0, 0.0, 0]
    while seen < total_pieces:
        for batch_chunks in batches(chunks, rng):
            if skip:
                skip -= 1
                continue
            if seen >= total_pieces:
                break
            factor = min(1.0, (step + 1) / _WARM_UP) * max(0.02, 1.0 - seen / total_pieces)
            for group in dense.param_groups:
                group["lr"] = group["peak"] * factor
            pairs.param_groups[0]["lr"] = 4e-3 * factor
            choose, see = losses(model, collator.build(batch_chunks), 0.1)
            dense.zero_grad(set_to_none=True)
            pairs.zero_grad(set_to_none=True)
            (choose + 0.5 * see).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(body + head, 1.0)
            dense.step()
            pairs.step()
            step += 1
            seen += sum(c.pieces for c in batch_chunks)
            mean = [mean[0] + choose.item(), mean[1] + see.item(), mean[2] + 1]
            if step % 25 == 0:
                rate = (seen - begun) / (time.monotonic() - started)
                log(
                    f"step {step} pieces {seen:,}/{total_pieces:,} {rate:,.0f}/s "
                    f"choose {mean[0] / mean[2]:.4f} changed {mean[1] / mean[2]:.4f} "
                    f"wide {model.heads.wide.item():.3f}"
                )
                mean = [0.0, 0.0, 0]
            if time.monotonic() - saved > _CHECKPOINT_SECONDS:
                _save(checkpoint, model, dense, pairs, step, seen)
                log(f"held out: {held_out_loss(model, collator, held_out)}")
                saved = time.monotonic()
    _save(checkpoint, model, dense, pairs, step, seen)
    log(f"held out: {held_out_loss(model, collator, held_out)}")


def held_out_loss(model: Model, collator: Collator, held_out: dict[str, list[Chunk]]) -> str:
    """Mean log loss per match and per word of each family's held-out chunks."""
    parts = []
    with torch.no_grad():
        for family, chunks in held_out.items():
            sums = np.zeros(2)
            number = 0
            for batch in batches(chunks, np.random.default_rng(0)):
                sums += [x.item() for x in losses(model, collator.build(batch), 0.0)]
                number += 1
            parts.append(f"{family} {sums[0] / number:.4f} {sums[1] / number:.4f}")
    return ", ".join(parts)


def _save(path: Path, model: Model, dense: Any, pairs: Any, step: int, seen: int) -> None:
    partial = path.with_suffix(".partial")
    torch.save(
        {
            "model": model.state_dict(),
            "dense": dense.state_dict(),
            "pairs": pairs.state_dict(),
            "step": step,
            "seen": seen,
        },
        partial,
    )
    partial.replace(path)
