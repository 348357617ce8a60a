"""Training of the context ranker: a small encoder fine-tuned on aligned spun text.

Each paragraph (in chunks of whole sentences) is one sequence ``[CLS] family
rate pieces [SEP]``. To each piece's embedding is added a draft: the vectors of
the candidates that the features ranker expects there, weighed by their
probabilities, so that the encoder reads the spun text and its likely
restoration at once. Per match: softmax over keep, none-of-these and the
candidates, with the features ranker's cross-fitted logits added ("wide and
deep", Cheng et al. 2016). Per word: P(changed), and for a changed one a softmax
over common words. Some chunks are shown without drafts and wide logits, to
learn for text that the features do not know. Checkpoints carry everything
needed to go on after a kill.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from unspin.learn.batches import BLIND, Batch, Chunk, Collator, batches
from unspin.learn.features import Candidates
from unspin.learn.minilm import VECTOR, Encoder, Heads
from unspin.learn.statistics import NONE_OF_THESE
from unspin.rank.wordpiece import WordPieces

_WARM_UP = 100
_CHECKPOINT_SECONDS = 600
# Choosing among candidates, P(changed), guessing the original.
_LOSS_WEIGHTS = (1.0, 0.5, 0.2)
# Chunks shown without wide logits and drafts.
_BLIND_SHARE = 0.1


class Model(torch.nn.Module):
    """Encoder and heads over one lexicon."""

    def __init__(
        self,
        pieces: WordPieces,
        lexicon: Candidates,
        hints: tuple[int, int],
        guesses: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.encoder = Encoder(pieces.size, sum(hints))
        self.heads = Heads(len(lexicon.rows), len(guesses))
        self._guess_bags: Tensor
        self._guess_at: Tensor
        self._row_bags: Tensor
        self._row_at: Tensor
        self._phrase_bags: Tensor
        self._phrase_at: Tensor
        for name, texts in (
            ("_row", [r.original for r in lexicon.rows]),
            ("_phrase", lexicon.phrases),
            ("_guess", guesses),
        ):
            cut = [pieces.phrase(t) for t in texts]
            flat = torch.tensor([p for c in cut for p in c], dtype=torch.long)
            at = torch.tensor(np.concatenate([[0], np.cumsum([len(c) for c in cut])]).astype(int))
            self.register_buffer(f"{name}_bags", flat, persistent=False)
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

    def forward(self, batch: Batch, drop_pairs: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
        """(matches, 2 + candidates) logits, padded with -inf; P(changed) logits per word;
        logits of the guesses for each word with a wanted one.

        Columns are keep, none, then the candidates in lexicon order.
        """
        rows, place = torch.unique(batch.row, return_inverse=True)
        pair, bias = self.heads.pair(rows), self.heads.pair_bias(rows).squeeze(-1)
        if drop_pairs:
            alive = (torch.rand(len(rows)) >= drop_pairs).float()
            pair, bias = pair * alive.unsqueeze(-1), bias * alive
        vectors = self._means(self._row_bags, self._row_at, rows) + pair if len(rows) else pair
        drafts = self._drafts(batch, vectors, place)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self.encoder(batch.ids, drafts)
        flat = states.float().reshape(-1, states.shape[-1])
        changed = self.heads.changed(F.embedding(batch.word_first, flat)).squeeze(-1)
        choices = self._choices(flat, batch, vectors, bias, place)
        return choices, changed, self._guesses(flat, batch)

    def _drafts(self, batch: Batch, vectors: Tensor, place: Tensor) -> Tensor:
        """(batch, length, 129) sums of what the features expect at each piece."""
        draft = torch.zeros((batch.ids.numel(), VECTOR + 1))
        number = len(batch.first)
        if number:
            odds = torch.exp(batch.wide.clamp(max=30.0))
            total = torch.ones(number).index_add(0, batch.owner, odds)
            share = (odds / total[batch.owner]).unsqueeze(-1)
            size = torch.ones_like(share)
            each = torch.cat([F.embedding(place, vectors), size], -1) * share
            mixed = torch.zeros((number, VECTOR + 1)).index_add(0, batch.owner, each)
            draft = draft.index_add(0, batch.covered, F.embedding(batch.covers, mixed))
        return draft.view(*batch.ids.shape, VECTOR + 1)

    def _choices(
        self, states: Tensor, batch: Batch, vectors: Tensor, bias: Tensor, place: Tensor
    ) -> Tensor:
        heads = self.heads
        if not len(batch.first):
            return torch.zeros((0, 2))
        ends = [F.embedding(batch.first, states), F.embedding(batch.last, states)]
        span = heads.span(torch.cat(ends, -1))
        phrases, at_phrase = torch.unique(batch.phrase, return_inverse=True)
        keeps = self._means(self._phrase_bags, self._phrase_at, phrases) + heads.keep
        scale = VECTOR**-0.5
        logits = torch.full((len(batch.first), int(batch.slot.max()) + 3), -torch.inf)
        score = (F.embedding(batch.owner, span) * F.embedding(place, vectors)).sum(-1) * scale
        wide = torch.where(batch.wide == BLIND, torch.zeros_like(batch.wide), batch.wide)
        score = score + bias[place] + heads.wide * wide
        logits = logits.index_put((batch.owner, batch.slot + 2), score)
        keep = (span * F.embedding(at_phrase, keeps)).sum(-1) * scale
        none = span @ heads.none * scale + heads.none_bias
        return torch.cat([keep.unsqueeze(-1), none.unsqueeze(-1), logits[:, 2:]], -1)

    def guess_vectors(self) -> Tensor:
        """(guesses, 128) vectors of the guesser's words."""
        means = F.embedding_bag(
            self._guess_bags, self.encoder.words.weight, self._guess_at[:-1], mode="mean"
        )
        vectors: Tensor = self.heads.project(means) + self.heads.guess_word
        return vectors

    def _guesses(self, states: Tensor, batch: Batch) -> Tensor:
        wanted = batch.wanted >= 0
        ends = [F.embedding(at[wanted], states) for at in (batch.word_first, batch.word_last)]
        query = self.heads.guess(torch.cat(ends, -1))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = query @ self.guess_vectors().T
        return scores.float() * VECTOR**-0.5 + self.heads.guess_bias


def targets(label: Tensor) -> Tensor:
    """Column numbers of the gold labels."""
    column = torch.where(label > 0, label + 1, torch.zeros_like(label))
    return torch.where(label == NONE_OF_THESE, torch.ones_like(label), column)


def losses(model: Model, batch: Batch, drop_pairs: float) -> tuple[Tensor, Tensor, Tensor]:
    """Mean log loss (nats) per learned match, per word and per guess."""
    logits, changed, guesses = model(batch, drop_pairs)
    learned = batch.label != -1
    chosen = logits[learned]
    choose = F.cross_entropy(chosen, targets(batch.label[learned])) if len(chosen) else logits.sum()
    known = batch.changed >= 0
    see = F.binary_cross_entropy_with_logits(changed[known], batch.changed[known].float())
    wanted = batch.wanted[batch.wanted >= 0]
    guess = F.cross_entropy(guesses, wanted) if len(wanted) else guesses.sum()
    return choose, see, guess


def train(
    model: Model,
    collator: Collator,
    chunks: list[Chunk],
    held_out: dict[str, list[Chunk]],
    checkpoint: Path,
    total_pieces: int,
    seed: int = 1,
    seconds: float = float("inf"),
    log: Any = print,
) -> None:
    """Train until ``total_pieces`` have been read or ``seconds`` have passed.

    The learning rate falls to nothing as either end comes near. Training goes on
    from ``checkpoint`` if it exists; ``seconds`` count anew.
    """
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
    mean, steps = np.zeros(3), 0
    done = 0.0
    while done < 1.0:
        for batch_chunks in batches(chunks, rng):
            if skip:
                skip -= 1
                continue
            done = max(seen / total_pieces, (time.monotonic() - started) / seconds)
            if done >= 1.0:
                break
            factor = min(1.0, (step + 1) / _WARM_UP) * max(0.02, 1.0 - done)
            for group in dense.param_groups:
                group["lr"] = group["peak"] * factor
            pairs.param_groups[0]["lr"] = 4e-3 * factor
            blind = np.flatnonzero(rng.random(len(batch_chunks)) < _BLIND_SHARE).tolist()
            parts = losses(model, collator.build(batch_chunks, blind), 0.1)
            dense.zero_grad(set_to_none=True)
            pairs.zero_grad(set_to_none=True)
            loss = sum(w * part for w, part in zip(_LOSS_WEIGHTS, parts, strict=True))
            loss.backward()  # type: ignore[union-attr]
            torch.nn.utils.clip_grad_norm_(body + head, 1.0)
            dense.step()
            pairs.step()
            step += 1
            seen += sum(c.pieces for c in batch_chunks)
            mean += [part.item() for part in parts]
            steps += 1
            if step % 25 == 0:
                rate = (seen - begun) / (time.monotonic() - started)
                log(
                    f"step {step} pieces {seen:,}/{total_pieces:,} {rate:,.0f}/s "
                    "choose {:.4f} changed {:.4f} guess {:.3f} ".format(*mean / steps)
                    + f"wide {model.heads.wide.item():.3f}"
                )
                mean, steps = np.zeros(3), 0
            if time.monotonic() - saved > _CHECKPOINT_SECONDS:
                _save(checkpoint, model, dense, pairs, step, seen)
                log(f"held out: {held_out_loss(model, collator, held_out)}")
                saved = time.monotonic()
    _save(checkpoint, model, dense, pairs, step, seen)
    log(f"held out: {held_out_loss(model, collator, held_out)}")


def held_out_loss(model: Model, collator: Collator, held_out: dict[str, list[Chunk]]) -> str:
    """Mean log loss per match, word and guess of each family's held-out chunks."""
    parts = []
    with torch.no_grad():
        for family, chunks in held_out.items():
            sums = np.zeros(3)
            number = 0
            for batch in batches(chunks, np.random.default_rng(0)):
                sums += [x.item() for x in losses(model, collator.build(batch), 0.0)]
                number += 1
            means = sums / max(number, 1)
            parts.append("{} {:.4f} {:.4f} {:.3f}".format(family, *means))
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
