r"""Trains the second pass (:mod:`unspin.rank.revision`) on what the first one makes of texts.

    python -m unspin.learn.revision align PAIRS --more TRAIN -o GOLD.jsonl
    python -m unspin.learn.revision collect PAIRS --gold GOLD.jsonl --features TABLE.npy \
                                    --learned-from --part 0/2 -o A.npz
    python -m unspin.learn.revision fit A.npz B.npz --dev DEV.npz -o src/unspin/data/revision.npz

``align`` tells what every changed phrase of PAIRS was; documents of TRAIN help to
learn the alignment. ``collect`` restores the spun texts by the shipped models and
keeps the second look at every arc with its gold label. TABLE is a features table
trained without these texts: on texts of its training it is surer than it ever
will be again; with ``--learned-from`` each is restored without what the lexicon has of
it. ``fit`` minimizes the log loss of each span's softmax over its arcs,
keep and "none of these" (AdamW, cosine decay) and reports it on DEV; it needs torch. A
second network is fitted on the texts whose spinner was not recognized.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unspin.learn.looks import (
    KEEP,
    Spans,
    align_pairs,
    collect,
    join,
    load,
    read_golds,
    save,
    unfamiliar,
    write_golds,
)
from unspin.pairs import read_pairs
from unspin.rank.features import FeaturesRanker
from unspin.rank.revision import PREFIXES, Correction
from unspin.restorer import Restorer
from unspin.settings import Settings

HIDDEN = 192
EPOCHS = 20
# Of the network for unknown spinners, of which there is less: 96 units or 12 passes undo no more.
UNFAMILIAR_HIDDEN = 32
UNFAMILIAR_EPOCHS = 8
# How often the regression article is shown; its score is in-sample by intent.
REGRESSION_COPIES = 120
_BATCH = 2048
_RATE, _DECAY = 3e-3, 1e-2


class Network:
    """The network in torch, with the batches it is trained on."""

    def __init__(self, inputs: int, hidden: int, seed: int) -> None:
        import torch

        torch.manual_seed(seed)
        self._torch = torch
        sizes = [inputs, hidden, hidden, 1]
        self.layers = [torch.nn.Linear(a, b) for a, b in pairwise(sizes)]
        for parameter in self.layers[-1].parameters():
            torch.nn.init.zeros_(parameter)
        self.unknown = torch.nn.Parameter(torch.tensor([1.0, 0.0]))

    def parameters(self) -> list[Any]:
        """All that is trained."""
        return [self.unknown, *(p for layer in self.layers for p in layer.parameters())]

    def correction(self) -> Correction:
        """What :mod:`unspin.rank.revision` takes."""
        layers = tuple((x.weight.detach().numpy(), x.bias.detach().numpy()) for x in self.layers)
        slope, offset = self.unknown.detach().tolist()
        return Correction(layers, (slope, offset))

    def losses(self, spans: Spans, chosen: NDArray[np.int64]) -> Any:
        """The log loss (nats) of each chosen span."""
        torch = self._torch
        sizes = np.diff(spans.arc_at)[chosen]
        begin = np.concatenate([[0], np.cumsum(sizes)])
        arcs = np.arange(begin[-1]) + np.repeat(spans.arc_at[chosen] - begin[:-1], sizes)
        owner = torch.from_numpy(np.repeat(np.arange(len(chosen)), sizes))
        odds = torch.from_numpy(spans.odds[arcs])
        row = spans.look[arcs]
        seen = torch.from_numpy(np.flatnonzero(row >= 0))
        values = torch.from_numpy(spans.features[row[row >= 0]])
        for layer in self.layers[:-1]:
            values = torch.nn.functional.silu(layer(values))
        odds = odds.index_add(0, seen, self.layers[-1](values)[:, 0])
        none = torch.from_numpy(spans.none[chosen]) * self.unknown[0] + self.unknown[1]
        top = torch.zeros(len(chosen)).scatter_reduce(0, owner, odds.detach(), "amax")
        top = torch.maximum(top, none.detach())
        total = torch.zeros(len(chosen)).index_add(0, owner, torch.exp(odds - top[owner]))
        total = total + torch.exp(-top) + torch.exp(none - top)
        label = torch.from_numpy(spans.label[chosen])
        place = torch.from_numpy(begin[:-1]) + label.clamp(min=0)
        right = torch.where(label >= 0, odds[place], torch.where(label == KEEP, 0.0, none))
        return torch.log(total) + top - right


def fit(spans: Spans, epochs: int = EPOCHS, hidden: int = HIDDEN, seed: int = 1) -> Network:
    """The network trained on ``spans``."""
    import torch

    network = Network(spans.features.shape[1], hidden, seed)
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=_DECAY)
    number = len(spans.label)
    steps = epochs * -(-number // _BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for epoch in range(epochs):
        total = 0.0
        order = rng.permutation(number)
        for at in range(0, number, _BATCH):
            losses = network.losses(spans, order[at : at + _BATCH])
            optimizer.zero_grad()
            losses.mean().backward()
            optimizer.step()
            schedule.step()
            total += float(losses.detach().sum())
        print(f"pass {epoch + 1}: log loss {total / number:.4f}", flush=True)
    return network


def report(network: Network, spans: Spans) -> str:
    """The log loss before and after, for each family."""
    import torch

    with torch.no_grad():
        every = np.arange(len(spans.label))
        before = Network(spans.features.shape[1], 1, 0).losses(spans, every).numpy()
        after = network.losses(spans, every).numpy()
    lines = [f"all {before.mean():.4f} -> {after.mean():.4f}"]
    for family in sorted(set(spans.family.tolist())):
        own = spans.family == family
        lines.append(f"{family} {before[own].mean():.4f} -> {after[own].mean():.4f}")
    return "  ".join(lines)


def write(familiar: Network, unfamiliar: Network, path: Path, about: Mapping[str, Any]) -> None:
    """Save what :meth:`Reviser.read` reads, and how it came about."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for prefix, network in zip(PREFIXES, (familiar, unfamiliar), strict=True):
        arrays |= network.correction().arrays(prefix)
    np.savez_compressed(path, about=np.array(json.dumps(about)), **arrays)  # type: ignore[arg-type]


def main() -> None:
    """Align, collect, or fit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", choices=["align", "collect", "fit"])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--more", nargs="*", type=Path, default=[], help="train files")
    parser.add_argument("--every", type=int, default=4, help="use one of so many of MORE's pairs")
    parser.add_argument("--gold", type=Path, help="what align wrote")
    parser.add_argument("--features", type=Path, help="a table trained without these texts")
    parser.add_argument(
        "--learned-from", action="store_true", help="the lexicon was learned from these texts"
    )
    parser.add_argument("--part", default="0/1", help="which part of the texts, such as 1/2")
    parser.add_argument("--dev", nargs="*", type=Path, default=[])
    parser.add_argument("--regression", type=Path, help="collection of the regression article")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--hidden", type=int, default=HIDDEN)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    if args.stage == "align":
        more = [p for n, p in enumerate(read_pairs(args.more)) if n % args.every == 0]
        write_golds(align_pairs(list(read_pairs(args.files)), more), args.output)
    elif args.stage == "collect":
        part, number = map(int, args.part.split("/"))
        restorer = Restorer(Settings())
        if args.features:
            restorer._models.features = FeaturesRanker.read(args.features)
        both = zip(read_pairs(args.files), read_golds(args.gold), strict=True)
        spans = collect(
            (p for n, p in enumerate(both) if n % number == part), restorer, args.learned_from
        )
        save(spans, args.output)
        print(len(spans.label), "spans,", len(spans.features), "looks")
    else:
        files = [*args.files, *([args.regression] if args.regression else [])]
        about: dict[str, Any] = {
            "license": "MIT",
            "data": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
            "epochs": args.epochs,
            "seed": 1,
            "log loss": {},
        }
        parts = [load(path) for path in args.files]
        if args.regression:
            parts += [load(args.regression)] * REGRESSION_COPIES
        familiar = fit(join(parts), args.epochs, args.hidden)
        strangers = unfamiliar(join(parts))
        other = fit(strangers, UNFAMILIAR_EPOCHS, UNFAMILIAR_HIDDEN)
        for path in args.dev:
            about["log loss"][path.name] = report(familiar, load(path))
            print(path.name, about["log loss"][path.name])
        write(familiar, other, args.output, about)


if __name__ == "__main__":
    main()
