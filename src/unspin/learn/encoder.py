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
needed to go on after a kill. Works on two cores and on a GPU.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from unspin.learn.batches import Batch, Chunks, Collator, batches
from unspin.learn.features import Candidates
from unspin.learn.minilm import VECTOR, Encoder, Heads
from unspin.learn.statistics import NONE_OF_THESE
from unspin.rank.wordpiece import WordPieces

_CHECKPOINT_SECONDS = 600
_LOG_STEPS = 100
# Choosing among candidates, P(changed), guessing the original.
_LOSS_WEIGHTS = (1.0, 0.5, 0.3)
# Chunks shown without wide logits and drafts.
_BLIND_SHARE = 0.1
# Pair vectors withheld, so that candidates are known by their words too.
_DROP_PAIRS = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to train, and how fast.

    Rates are the peaks of AdamW's for the encoder, its word embeddings, the heads
    and the pair vectors; after ``warm_up`` steps they stay, and in the last
    ``cool_down`` share of the time fall to nothing.
    """

    pieces: int
    seconds: float = float("inf")
    batch: int = 4096
    warm_up: int = 100
    cool_down: float = 1.0
    rates: tuple[float, float, float, float] = (2e-4, 0.0, 1e-3, 4e-3)
    frozen: int = 0


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
        if not len(which):
            return torch.zeros((0, VECTOR), device=at.device)
        sizes = at[which + 1] - at[which]
        ends = torch.cumsum(sizes, 0)
        index = torch.arange(int(ends[-1]), device=at.device)
        index = index - torch.repeat_interleave(ends - sizes, sizes)
        index = index + torch.repeat_interleave(at[which], sizes)
        means = F.embedding_bag(flat[index], self.encoder.words.weight, ends - sizes, mode="mean")
        out: Tensor = self.heads.project(means)
        return out

    def forward(self, batch: Batch, columns: int) -> tuple[Tensor, Tensor, Tensor]:
        """(matches, columns) logits, padded with -inf; P(changed) logits per word;
        logits of the guesses for each word with a wanted one.

        Columns are keep, none, then the candidates in lexicon order.
        """
        rows, place = _distinct(batch.row, len(self.heads.pair.weight))
        pair, bias = self.heads.pair(rows), self.heads.pair_bias(rows).squeeze(-1)
        if self.training:
            alive = (torch.rand(len(rows), device=rows.device) >= _DROP_PAIRS).float()
            pair, bias = pair * alive.unsqueeze(-1), bias * alive
        vectors = self._means(self._row_bags, self._row_at, rows) + pair
        drafts = self._drafts(batch, vectors, place)
        with _fast(batch.ids.device):
            states = self.encoder(batch.ids, drafts)
        flat = states.float().reshape(-1, states.shape[-1])
        changed = self.heads.changed(F.embedding(batch.word_first, flat)).squeeze(-1)
        choices = self._choices(flat, batch, vectors, bias, place, columns)
        return choices, changed, self._guesses(flat, batch)

    def _drafts(self, batch: Batch, vectors: Tensor, place: Tensor) -> Tensor:
        """(batch, length, 129) sums of what the features expect at each piece."""
        rows, length = batch.ids.shape
        number = len(batch.first)
        shown = (~batch.blind).float()
        odds = torch.exp(batch.wide.clamp(max=30.0)) * shown[batch.owner]
        total = torch.ones(number, device=odds.device).index_add(0, batch.owner, odds)
        share = (odds / total[batch.owner]).unsqueeze(-1)
        each = torch.cat([F.embedding(place, vectors), torch.ones_like(share)], -1) * share
        mixed = torch.zeros((number, VECTOR + 1), device=odds.device)
        mixed = mixed.index_add(0, batch.owner, each)
        # Every span adds its draft from its first piece on and takes it back after its last.
        steps = torch.zeros((rows * length, VECTOR + 1), device=odds.device)
        steps = steps.index_add(
            0, torch.cat([batch.first, batch.last + 1]), torch.cat([mixed, -mixed])
        )
        drafts = torch.cumsum(steps.view(rows, length, VECTOR + 1), 1)
        # Below frozen layers nothing learns: no gradient need be carried there.
        return drafts.detach() if self.encoder.frozen else drafts

    def _choices(
        self,
        states: Tensor,
        batch: Batch,
        vectors: Tensor,
        bias: Tensor,
        place: Tensor,
        columns: int,
    ) -> Tensor:
        heads = self.heads
        ends = [F.embedding(batch.first, states), F.embedding(batch.last, states)]
        span = heads.span(torch.cat(ends, -1))
        phrases, at_phrase = _distinct(batch.phrase, len(self._phrase_at) - 1)
        keeps = self._means(self._phrase_bags, self._phrase_at, phrases) + heads.keep
        scale = VECTOR**-0.5
        logits = torch.full((len(batch.first), columns), -torch.inf, device=states.device)
        score = (F.embedding(batch.owner, span) * F.embedding(place, vectors)).sum(-1) * scale
        wide = torch.where(batch.blind[batch.owner], torch.zeros_like(batch.wide), batch.wide)
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
        wanted = torch.nonzero(batch.wanted >= 0).squeeze(-1)
        ends = [F.embedding(at[wanted], states) for at in (batch.word_first, batch.word_last)]
        query = self.heads.guess(torch.cat(ends, -1))
        with _fast(states.device):
            scores = query @ self.guess_vectors().T
        return scores.float() * VECTOR**-0.5 + self.heads.guess_bias


def _fast(device: torch.device) -> torch.autocast:
    """Computes in bfloat16 where that is faster: many processors only emulate it."""
    fit = device.type != "cpu" or torch.cpu._is_avx512_bf16_supported()
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=fit)


def _distinct(numbers: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Distinct numbers below ``size`` and each number's place among them.

    On a GPU all of them: it computes them faster than it sorts.
    """
    if numbers.device.type != "cpu":
        return torch.arange(size, device=numbers.device), numbers
    distinct, place = torch.unique(numbers, return_inverse=True)
    return distinct, place


def targets(label: Tensor) -> Tensor:
    """Column numbers of the gold labels, -1 where nothing is learned."""
    column = torch.where(label > 0, label + 1, label)
    return torch.where(label == NONE_OF_THESE, torch.ones_like(label), column)


def losses(model: Model, batch: Batch, columns: int) -> Tensor:
    """Mean log loss (nats) per learned match, per word and per guess."""
    logits, changed, guesses = model(batch, columns)
    learned = (batch.label != -1).sum()
    choose = F.cross_entropy(logits, targets(batch.label), ignore_index=-1, reduction="sum")
    known = (batch.changed >= 0).float()
    see = F.binary_cross_entropy_with_logits(
        changed, batch.changed.clamp(min=0).float(), known, reduction="sum"
    )
    wanted = batch.wanted[batch.wanted >= 0]
    guess = F.cross_entropy(guesses, wanted, reduction="sum") / max(len(wanted), 1)
    return torch.stack([choose / learned.clamp(min=1), see / known.sum().clamp(min=1.0), guess])


def train(
    model: Model,
    collator: Collator,
    chunks: Chunks,
    held_out: dict[str, Chunks],
    checkpoint: Path,
    plan: Plan,
    seed: int = 1,
    log: Any = print,
) -> None:
    """Train until ``plan.pieces`` have been read or ``plan.seconds`` have passed.

    Training goes on from ``checkpoint`` if it exists; the seconds count anew.
    """
    model.to(collator.device)
    model.encoder.freeze(plan.frozen)
    optimizer = _optimizer(model, plan)
    step, seen = 0, 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=collator.device)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, seen = state["step"], state["seen"]
        log(f"resumed at step {step}, {seen:,} pieces")
    rng = np.random.default_rng((seed, step))
    torch.manual_seed(seed + step)
    weights = torch.tensor(_LOSS_WEIGHTS, device=collator.device)
    trained = [p for group in optimizer.param_groups for p in group["params"]]
    started = saved = time.monotonic()
    begun = seen
    sums, steps = torch.zeros(3, device=collator.device), 0
    done = 0.0
    model.train()
    while done < 1.0:
        for numbers, rows in batches(chunks, rng, plan.batch):
            done = max(seen / plan.pieces, (time.monotonic() - started) / plan.seconds)
            if done >= 1.0:
                break
            slow = min(1.0, (1.0 - done) / max(plan.cool_down, 1e-9))
            factor = min(1.0, (step + 1) / plan.warm_up) * slow
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * factor
            taken = chunks.take(numbers)
            batch = collator.build(taken, rows, rng.random(len(taken)) < _BLIND_SHARE)
            parts = losses(model, batch, collator.columns)
            optimizer.zero_grad(set_to_none=True)
            (weights * parts).sum().backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            step += 1
            steps += 1
            seen += int(taken.pieces.sum())
            sums += parts.detach()
            if step % _LOG_STEPS == 0:
                rate = (seen - begun) / (time.monotonic() - started)
                log(
                    f"step {step} pieces {seen:,}/{plan.pieces:,} {rate:,.0f}/s "
                    "choose {:.4f} changed {:.4f} guess {:.3f} ".format(*(sums / steps).tolist())
                    + f"wide {model.heads.wide.item():.3f}"
                )
                sums.zero_()
                steps = 0
            if time.monotonic() - saved > _CHECKPOINT_SECONDS:
                _save(checkpoint, model, optimizer, step, seen)
                log(f"held out: {held_out_loss(model, collator, held_out, plan.batch)}")
                saved = time.monotonic()
    _save(checkpoint, model, optimizer, step, seen)
    log(f"held out: {held_out_loss(model, collator, held_out, plan.batch)}")


def _optimizer(model: Model, plan: Plan) -> torch.optim.Optimizer:
    heads, words = model.heads, model.encoder.words.weight
    pairs = [heads.pair.weight, heads.pair_bias.weight]
    alone = [words, *pairs]
    body, words_rate, head, pair = plan.rates
    words.requires_grad_(words_rate > 0)
    groups = [
        ([p for p in model.encoder.parameters() if p is not words], body, 0.01),
        ([words] if words_rate else [], words_rate, 0.0),
        ([p for p in heads.parameters() if all(p is not x for x in alone)], head, 0.01),
        (pairs, pair, 0.0),
    ]
    return torch.optim.AdamW(
        [{"params": p, "peak": r, "lr": r, "weight_decay": w} for p, r, w in groups if p]
    )


def held_out_loss(model: Model, collator: Collator, held_out: dict[str, Chunks], limit: int) -> str:
    """Mean log loss per match, word and guess of each family's held-out chunks."""
    parts = []
    model.eval()
    with torch.no_grad():
        for family, chunks in held_out.items():
            sums, number = np.zeros(3), 0
            for numbers, rows in batches(chunks, np.random.default_rng(0), limit):
                batch = collator.build(chunks.take(numbers), rows)
                sums += losses(model, batch, collator.columns).cpu().numpy()
                number += 1
            parts.append("{} {:.4f} {:.4f} {:.3f}".format(family, *sums / max(number, 1)))
    model.train()
    return ", ".join(parts)


def _save(path: Path, model: Model, optimizer: torch.optim.Optimizer, step: int, seen: int) -> None:
    partial = path.with_suffix(".partial")
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "seen": seen,
    }
    torch.save(state, partial)
    partial.replace(path)
