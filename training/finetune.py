r"""Trains an encoder on with a new lexicon and more text: an hour of two cores.

    python training/finetune.py -w WORK --start TRAINED/encoder.pt \
        --lexicon TRAINED/lexicon.pickle --minilm FOLDER --hours 1

The shipped encoder has read what ``simulate.py`` makes of train's originals (S=4500) and
of prose (S and S+ one to three, 1100 together, Y=700, X=250, clean=600; P=500), and then,
with a table of 6,800 lines, of others (S=4500; S=900, Y=900, X=300, clean=500), with
``--share 0.42``. What ``spinbot.tsv`` has had since, it has not read.

WORK is that of ``build.py`` after its stage ``corpora``. Pair vectors are carried
over by their words. Of every family a share is read, and the result is blended with
what was there before, lest the encoder forget what it knows.
"""

from __future__ import annotations

import argparse
import pickle
import time
from pathlib import Path

import numpy as np
import torch
from build import HINTS, get, held_out_chunks

from unspin.learn import batches, encoder
from unspin.learn.features import Candidates
from unspin.rank.wordpiece import WordPieces

# Word pieces read of each spinner's parallel text (and of what was simulated for the
# features), and of each simulated family.
REAL = {"A": 250e3, "B": 180e3, "C": 180e3, "T": 180e3, "K": 180e3, "J": 150e3, "M": 120e3}
REAL |= {"S": 500e3, "Y": 50e3}
MORE = {"S": 750e3, "Y": 900e3, "P": 400e3, "X": 300e3, "clean": 400e3}
HELD_OUT = 15
# How far from the old weights to the tuned ones.
BLEND = 0.85
RATES = (1e-4, 0.0, 2e-4, 1e-3)


def carry_over(state: dict[str, torch.Tensor], old: Candidates, new: Candidates) -> None:
    """Give the pairs of ``new`` the vectors they had in ``old``, others none."""
    place = {(r.spun, r.original): n for n, r in enumerate(old.rows)}
    at = [place.get((r.spun, r.original), -1) for r in new.rows]
    which = torch.tensor(at)
    for name in ("heads.pair.weight", "heads.pair_bias.weight"):
        carried = state[name][which.clamp(min=0)]
        carried[which < 0] = 0.0
        state[name] = carried
    print(f"{int((which < 0).sum()):,} of {len(at):,} pairs are new")


def blended(
    old: dict[str, torch.Tensor], tuned: dict[str, torch.Tensor], lexicon: Candidates
) -> dict[str, torch.Tensor]:
    """Between the old weights and the tuned ones (Wortsman et al. 2022).

    A pair keeps its old vector if a spinner with parallel text makes it: of that
    the first training saw far more.
    """
    seen = torch.tensor([any(f != "S" for f, _, _ in r.families) for r in lexicon.rows])
    result = {}
    for name, value in tuned.items():
        if name.startswith("heads.pair"):
            result[name] = torch.where(seen.view(-1, 1), old[name], value)
        elif value.is_floating_point():
            result[name] = old[name] + BLEND * (value - old[name])
        else:
            result[name] = value
    return result


def sample(
    collator: batches.Collator, corpora: list[batches.Corpus], held, share: float
) -> batches.Chunks:
    """The chunks to be read: of every family its amount times ``share``."""
    rng = np.random.default_rng(5)
    parts = []
    for place, amounts in enumerate((REAL, MORE)):
        text = corpora[place].text
        used = np.ones(len(text.spinner), bool) if place else ~held
        for number, name in enumerate(text.spinners):
            chunks = collator.chunks(place, np.flatnonzero(used & (text.spinner == number)))
            order = rng.permutation(len(chunks))
            enough = int(np.searchsorted(np.cumsum(chunks.pieces[order]), share * amounts[name]))
            parts.append(chunks.take(order[:enough]))
            print(name, f"{int(parts[-1].pieces.sum()):,}")
    return batches.joined(parts)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-w", "--work", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--lexicon", type=Path, required=True)
    parser.add_argument("--minilm", type=Path, required=True)
    parser.add_argument("--hours", type=float, required=True)
    parser.add_argument("--frozen", type=int, default=2)
    parser.add_argument("--share", type=float, default=1.0, help="of the amounts of text")
    args = parser.parse_args()
    corpora, held = get(args.work, "corpora"), get(args.work, "held")
    lexicon, guesses = corpora[0].lexicon, get(args.work, "guesses")
    pieces = WordPieces.read(args.minilm / "vocab.txt")
    collator = batches.Collator(corpora, pieces, HINTS)
    chunks = sample(collator, corpora, held, args.share)
    held_out = held_out_chunks(collator, corpora[0].text, held, HELD_OUT)
    model = encoder.Model(pieces, lexicon, HINTS, guesses)
    with args.lexicon.open("rb") as file:
        trained = pickle.load(file)
    state = torch.load(args.start, weights_only=True)["model"]
    carry_over(state, trained, lexicon)
    checkpoint = args.work / "tuned.pt"
    if not checkpoint.exists():
        model.load_state_dict(state)
        print("held out:", encoder.held_out_loss(model, collator, held_out, 4096), flush=True)
    total = int(chunks.pieces.sum())
    print(f"{len(chunks):,} chunks, {total:,} pieces", flush=True)
    plan = encoder.Plan(
        pieces=total, seconds=args.hours * 3600, rates=RATES, frozen=args.frozen, warm_up=60
    )
    encoder.train(
        model, collator, chunks, held_out, checkpoint, plan,
        log=lambda m: print(time.strftime("%H:%M:%S"), m, flush=True),
    )  # fmt: skip
    tuned = torch.load(checkpoint, weights_only=True)
    tuned["model"] = blended(state, tuned["model"], lexicon)
    torch.save(tuned, args.work / "encoder.pt")


if __name__ == "__main__":
    main()
