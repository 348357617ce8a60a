r"""Texts held back for the second pass, and a features table that has not seen them.

    python training/held_back.py PAIRS... -w WORK --regression SEED GOLD [--dev DEV...]
    python training/simulate.py WORK/held.jsonl --documents Y=160 G=260 \
        --moby WORDS --wordnet FOLDER --gcide FOLDER -o WORK/simulated.jsonl.gz
    python -m unspin.learn.revision align WORK/held.jsonl WORK/simulated.jsonl.gz \
        --more TRAIN... --every 5 -o WORK/gold.jsonl
    python -m unspin.learn.revision collect WORK/held.jsonl WORK/simulated.jsonl.gz \
        --gold WORK/gold.jsonl --features WORK/features.npy --learned-from -o WORK/held.npz
    python -m unspin.learn.revision collect WORK/regression.jsonl \
        --gold WORK/regression.gold.jsonl -o WORK/regression.npz
    python -m unspin.learn.revision fit WORK/held.npz --regression WORK/regression.npz \
        -o src/unspin/data/revision.npz

PAIRS are the train files and what ``simulate.py`` made for the features. One original in
twenty, by its first words, is held back with everything spun from it. The table
is trained as ``build.py``'s, on the rest. The regression article's gold is what its
marks say.
"""

from __future__ import annotations

import argparse
import json
import random
import zlib
from collections import Counter
from pathlib import Path

from build import FAMILIES, dev_losses, marked_pair, shipped_candidates, trained_table

from unspin.learn import align
from unspin.learn.feature_table import write
from unspin.learn.looks import Gold, write_golds
from unspin.learn.parallel import load
from unspin.pairs import Pair, read_pairs
from unspin.tokens import tokenize

EVERY = 20
# Documents of each family, of this many words.
QUOTA = {"A": 760, "B": 440, "C": 460, "T": 220, "K": 220, "J": 160, "M": 110, "S": 160, "Y": 220}
WORDS = range(150, 901)


def is_held(pair: Pair) -> bool:
    """Whether a pair's original is one of those held back."""
    return zlib.crc32(" ".join(pair.original.split()[:12]).encode()) % EVERY == 0


def choose(held: list[Pair]) -> list[Pair]:
    """A part of each family's held documents."""
    random.Random(7).shuffle(held)
    taken: Counter[str] = Counter()
    chosen = []
    for pair in held:
        family = pair.spinner or ""
        if len(pair.spun.split()) in WORDS and taken[family] < QUOTA.get(family, 0):
            taken[family] += 1
            chosen.append(pair)
    return chosen


def written(pairs: list[Pair], path: Path) -> None:
    """Write a pair file."""
    with path.open("w", encoding="utf-8") as out:
        for pair in pairs:
            record = {
                "id": pair.id, "spinner": pair.spinner,
                "original": pair.original, "spun": pair.spun,
            }  # fmt: skip
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", nargs="+", type=Path)
    parser.add_argument("-w", "--work", type=Path, required=True)
    parser.add_argument("--dev", nargs="*", type=Path, default=[])
    parser.add_argument("--regression", nargs=2, type=Path, metavar=("SEED", "GOLD"))
    args = parser.parse_args()
    pairs = list(read_pairs(args.pairs))
    written(choose([p for p in pairs if is_held(p)]), args.work / "held.jsonl")
    if args.regression:
        pair, changes = marked_pair(*args.regression)
        written([pair], args.work / "regression.jsonl")
        sides = [[t.norm for t in tokenize(side)] for side in (pair.spun, pair.original)]
        write_golds([Gold(*sides, changes.tolist())], args.work / "regression.gold.jsonl")
    text = load([p for p in pairs if not is_held(p)])
    lexicon = shipped_candidates()
    table = trained_table(text, align.align(text), lexicon)
    write(table, FAMILIES, args.work / "features.npy", {})
    if args.dev:
        print(dev_losses(args.dev, lexicon, table))


if __name__ == "__main__":
    main()
