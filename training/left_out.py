"""What unspin does on a spinner that it has not seen: families left out in turn.

    python training/left_out.py -w WORK --dev DEV... -f T J M K A [--every N]

For each family lexicon, word table and features are learned again without it
(every Nth document of the others, the same for all), and its dev documents are
restored by the features ranker. WORK is that of ``build.py`` after its stage
``text``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from build import DICTIONARIES, FAMILIES, get

from unspin.evaluate import Tally, evaluate_clean, evaluate_pair
from unspin.learn import features, spinners
from unspin.learn.feature_table import write
from unspin.learn.lexicon import learn_rows, write_lexicon
from unspin.lexicon import SpinLexicon
from unspin.pairs import read_pairs
from unspin.rank.features import FeaturesRanker
from unspin.restorer import Restorer
from unspin.settings import Settings
from unspin.spinners import SpinnerTable


def without(family: str, text, segments, every: int, folder: Path) -> Restorer:
    """A restorer whose models never saw ``family``."""
    rows = learn_rows(text, segments, exclude=["Y", family])
    rows = [
        r for r in rows
        if r.spun == r.original or r.count >= 3 or (" " not in r.spun and " " not in r.original)
    ]  # fmt: skip
    write_lexicon(rows, folder / "spin.tsv", [f"learned without {family}"])
    paths = [folder / "spin.tsv", DICTIONARIES / "tortured.tsv"]
    # The hand-written rows come from A's seed.
    paths += [DICTIONARIES / "hand.tsv"] if family != "A" else []
    lexicon = features.candidates(SpinLexicon.read(paths))
    matches = features.find_matches(text, segments, lexicon)
    hints = features.training_hints(text, features.document_rates(text, segments), FAMILIES, 1)
    order = np.random.default_rng(0).permutation(len(text.spinner)).astype(np.int64)
    order = order[(text.spinner[order] != text.spinners.index(family)) & (order % every == 0)]
    table, _ = features.train(text, lexicon, matches, hints, order)
    write(table, FAMILIES, folder / "features.npy", {})
    spinners.write(text, folder / "spinners.tsv")
    spinner_table = SpinnerTable.read(folder / "spinners.tsv")
    restorer = Restorer(Settings(ranker="features", builtin_lexicon=False, lexicons=tuple(paths)))
    restorer._models.features = FeaturesRanker.read(folder / "features.npy")
    restorer._models.spinners = spinner_table.without(family)
    return restorer


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-w", "--work", type=Path, required=True)
    parser.add_argument("--dev", nargs="+", type=Path, required=True)
    parser.add_argument("-f", "--families", nargs="+", default=["T", "J", "M", "K", "A"])
    parser.add_argument("--every", type=int, default=3)
    args = parser.parse_args()
    text, segments = get(args.work, "text"), get(args.work, "segments")
    pairs = list(read_pairs(args.dev))
    for family in args.families:
        with tempfile.TemporaryDirectory() as folder:
            restorer = without(family, text, segments, args.every, Path(folder))
            tally = Tally()
            seen = set()
            for pair in pairs:
                if pair.spinner == family:
                    tally.add(evaluate_pair(restorer, pair))
                    if pair.original not in seen:
                        seen.add(pair.original)
                        tally.add(evaluate_clean(restorer, pair.original))
        found = tally.to_dict()
        keys = ("damage_undone", "precision", "harm", "auroc", "clean_edits_per_10k", "documents")
        print(json.dumps({"family": family, **{k: found[k] for k in keys}}), flush=True)


if __name__ == "__main__":
    main()
