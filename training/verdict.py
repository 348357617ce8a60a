"""Fits what says whether a text is spun (``unspin.verdict``).

    python training/verdict.py collect PAIRS... --clean FOLDER... -w WORK [--part 0/2]
    python training/verdict.py collect MORE... --originals prose --weight 0.5 -w WORK2
    python training/verdict.py collect --hard FOLDER... -w WORK3
    python training/verdict.py fit -w WORK... [-o verdict.npz]

PAIRS are dev files and simulated documents (``simulate.py``) made of dev's
originals; each text is shown whole and as passages of 25 to 200 words,
spun and original. FOLDERs hold clean text of other kinds (``*.txt``), as
``benchmarks/clean.py`` fetches it; only the files that it does not measure are
used, the beginnings of long ones besides. MORE are other spinners' texts, of dev's
originals (``--originals none``, to count these once) and of other prose, since all that
is spun must not be of one genre, nor all unknown spinners alike; the trees alone are
fitted on them, at a lower weight.
``--hard`` takes those passages of clean text whose words resemble a spinner's: one in
fifty of legal or technical prose does, a random draw has a dozen of them.
``collect`` writes a pickle of our own making to WORK and may be run in
parts side by side; ``fit`` prints AUROC by family and length, cross-validated
over documents, and writes the ensembles fitted on all. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import itertools
import pickle
import random
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from unspin.document import PRIOR, screen
from unspin.evaluate import auroc
from unspin.models import Models
from unspin.pairs import read_pairs
from unspin.protect import ProtectedIndex, protected_spans
from unspin.restorer import Restorer
from unspin.tokens import paragraph_norms, sentences
from unspin.verdict import (
    _OVERRULES,
    GLANCE_RISES,
    READ_RISES,
    Reading,
    glance_features,
    read_features,
)

SIZES = (25, 50, 100, 200)
# Documents of a clean kind, and how much of each (code points).
CLEAN, CLEAN_SIZE = 45, 3000
# A long text has the more chances to resemble a light spinner's somewhere.
LONG_SIZE = 15_000
# Passages of clean text with so many nats a word under some family are worth a look: lengths,
# how many of a file, and what each weighs.
HARD, HARD_SIZES, HARD_OF_FILE, HARD_WEIGHT = 0.06, (60, 100, 150), 8, 0.25
TREES = 200
# What pulls the weights of the regression to zero.
RIDGE = 20.0
FOLDS = 5
# The glance's weights are fitted on these: short passages say less of everything.
LONGEST = ("whole", "long", "200")


def passage(text: str, size: int, rng: random.Random) -> str | None:
    """About ``size`` words of whole sentences from a random paragraph on."""
    paragraphs = [p for p in text.split("\n") if len(p.split()) >= 15]
    if not paragraphs:
        return None
    words = 0
    chosen = []
    for paragraph in paragraphs[rng.randrange(len(paragraphs)) :]:
        here = []
        for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z\"“(])", paragraph):
            if words < size:
                here.append(sentence)
                words += len(sentence.split())
        if here:
            chosen.append(" ".join(here))
    return "\n\n".join(chosen) if words >= 0.6 * size else None


def texts(args: argparse.Namespace) -> Iterator[tuple[str, str, str, str]]:
    """(family or kind, size, document, text); clean kinds begin with "clean"."""
    rng = random.Random(5)
    seen: set[str] = set()
    for path in args.pairs:
        for pair in read_pairs([path]):
            both = [(pair.spinner, pair.spun)]
            if pair.original not in seen and args.originals != "none":
                seen.add(pair.original)
                both.append((f"clean {args.originals}", pair.original))
            for kind, text in both:
                yield kind, "whole", pair.id, text
                for size in SIZES:
                    if part := passage(text, size, rng):
                        yield kind, str(size), pair.id, part
    for folder in args.clean:
        files = [f for f in sorted(folder.glob("*.txt")) if zlib.crc32(f.name.encode()) % 2]
        rng.shuffle(files)
        for file in files[:CLEAN]:
            text = file.read_text(encoding="utf-8", errors="replace")
            at = rng.randrange(max(1, len(text) - CLEAN_SIZE))
            at = text.find("\n", at) + 1
            kind = f"clean {folder.name}"
            yield kind, "whole", file.name, text[at : at + CLEAN_SIZE]
            if len(text) > 2 * CLEAN_SIZE:
                yield kind, "long", file.name, text[:LONG_SIZE]
            for size in SIZES:
                for _ in range(2):
                    if part := passage(text, size, rng):
                        yield kind, str(size), file.name, part


def hard_texts(folders: list[Path], models: Models) -> Iterator[tuple[str, str, str, str]]:
    """(kind, size, document, text) of clean passages that resemble a spinner's."""
    rng = random.Random(6)
    for folder in folders:
        for file in sorted(folder.glob("*.txt")):
            if not zlib.crc32(file.name.encode()) % 2:
                continue
            text = file.read_text(encoding="utf-8", errors="replace")
            parts = [p for size in HARD_SIZES for p in cut(text, size)]
            rng.shuffle(parts)
            alike = (
                p for p in parts if screen(paragraph_norms(p), models.spinners, PRIOR).ratio > HARD
            )
            for part in itertools.islice(alike, HARD_OF_FILE):
                yield f"clean {folder.name}", "hard", file.name, part


def cut(text: str, size: int) -> Iterator[str]:
    """All of a text in pieces of ``size`` words or a paragraph more."""
    words, here = 0, []
    for paragraph in text.split("\n"):
        count = len(paragraph.split())
        if count >= 8:
            here.append(paragraph)
            words += count
        if words >= size:
            yield "\n\n".join(here)[: size * 8]
            words, here = 0, []


def collect(args: argparse.Namespace) -> None:
    """Write the features of every text."""
    restorer = Restorer()
    models = restorer._models
    part, parts = map(int, args.part.split("/"))
    found: list[dict[str, Any]] = []
    every = itertools.chain(texts(args), hard_texts(args.hard, models))
    for number, (kind, size, name, text) in enumerate(every):
        if number % parts != part:
            continue
        norms = paragraph_norms(text)
        seen = screen(norms, models.spinners, restorer.settings.spin_prior)
        seen = restorer._glance.thorough(text, norms, seen)
        if seen.words < 15 or not seen.glance:
            continue
        split = sentences(text)
        protected = ProtectedIndex(protected_spans(text, split, restorer.settings))
        evidence, lattices, rankings = restorer._rank(split, protected, seen)
        reading = Reading.of(lattices, rankings, evidence)
        if reading.changed:
            found.append(
                {
                    "kind": kind,
                    "size": size,
                    "document": name,
                    "weight": HARD_WEIGHT if size == "hard" else args.weight,
                    "glance": glance_features(seen),
                    "read": read_features(seen, reading),
                }
            )
    args.work.mkdir(parents=True, exist_ok=True)
    (args.work / f"verdict.{part}.pickle").write_bytes(pickle.dumps(found))


def fit(args: argparse.Namespace) -> None:
    """Cross-validate, report, fit on all and write."""
    found = [
        row
        for folder in args.work
        for path in sorted(folder.glob("verdict.*.pickle"))
        for row in pickle.loads(path.read_bytes())
    ]
    kinds = np.array([row["kind"] for row in found])
    sizes = np.array([row["size"] for row in found])
    weights = np.array([row["weight"] for row in found])
    clean = np.char.startswith(kinds, "clean")
    full = (weights == 1) & np.isin(sizes, LONGEST)
    folds = np.array([zlib.crc32(row["document"].encode()) % FOLDS for row in found])
    glance, read = (np.stack([row[name] for row in found]) for name in ("glance", "read"))
    untold = read[:, : glance.shape[1]]  # these are what a glance without the lexicon shows
    odds = {name: np.zeros(len(found)) for name in ("glance", "untold", "read", "both")}
    for fold in range(FOLDS):
        train, test = folds != fold, folds == fold
        *slopes, constant = regression(glance[train & full], ~clean[train & full])
        odds["glance"][test] = glance[test] @ slopes + constant
        odds["untold"][test] = untold[test] @ slopes + constant
        trees = boosted(read[train], ~clean[train], weights[train])
        odds["read"][test] = trees.decision_function(read[test])
    odds["both"] = np.maximum(odds["read"], np.minimum(odds["glance"], odds["untold"]) - _OVERRULES)
    for size in sorted(set(sizes)):
        here = sizes == size
        for name, values in odds.items():
            negative = values[here & clean].tolist()
            scores = [
                f"{kind} {auroc(values[here & (kinds == kind)].tolist(), negative):.4f}"
                for kind in sorted(set(kinds[here & ~clean]))
            ]
            print(f"{size:>5} {name:6} AUROC", *scores)
    first = regression(glance[full], ~clean[full])
    trees, offset = exported(boosted(read, ~clean, weights))
    np.savez_compressed(args.output, glance=first, trees=trees, offset=offset)


def regression(x: np.ndarray, spun: np.ndarray) -> np.ndarray:
    """The weights of a logistic regression, the last its constant.

    Features that may only raise the odds have no weight below zero: they say much the same,
    and free weights of either sign fit what is there and mislead where it is not.
    """
    from scipy.optimize import minimize

    mean, scale = x.mean(0), x.std(0) + 1e-9
    z, sign = (x - mean) / scale, np.where(spun, 1.0, -1.0)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (z @ weights[:-1] + weights[-1])
        pull = -sign / (1 + np.exp(margin))
        slope = np.append(RIDGE * weights[:-1] + z.T @ pull, pull.sum())
        return np.logaddexp(0, -margin).sum() + RIDGE / 2 * (weights[:-1] ** 2).sum(), slope

    bounds = [(0 if rises else None, None) for rises in (*GLANCE_RISES, 0)]
    start = np.zeros(x.shape[1] + 1)
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = found[:-1] / scale
    return np.append(weights, found[-1] - weights @ mean)


def boosted(x: np.ndarray, spun: np.ndarray, weights: np.ndarray) -> Any:
    """The classifier, fitted."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        monotonic_cst=READ_RISES,
        max_iter=TREES,
        learning_rate=0.05,
        max_leaf_nodes=8,
        min_samples_leaf=25,
        l2_regularization=5,
        random_state=1,
    ).fit(x, spun, sample_weight=weights)


def exported(model: Any) -> tuple[np.ndarray, np.float64]:
    """(trees, nodes, 5) as ``unspin.verdict`` reads them, and the offset."""
    trees = [tree.nodes for (tree,) in model._predictors]
    nodes = np.zeros((len(trees), max(map(len, trees)), 5), np.float32)
    for number, tree in enumerate(trees):
        own = np.arange(len(tree))
        leaf = tree["is_leaf"].astype(bool)
        nodes[number, : len(tree)] = np.column_stack(
            [
                tree["feature_idx"],
                tree["num_threshold"],
                np.where(leaf, own, tree["left"]),
                np.where(leaf, own, tree["right"]),
                np.where(leaf, tree["value"], 0.0),
            ]
        )
        nodes[number, len(tree) :, 2:4] = np.arange(len(tree), nodes.shape[1])[:, None]
    return nodes, np.float64(model._baseline_prediction.item())


def main() -> None:
    """Run a stage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    stages = parser.add_subparsers(dest="stage", required=True)
    collecting, fitting = stages.add_parser("collect"), stages.add_parser("fit")
    collecting.add_argument("pairs", nargs="*", type=Path)
    collecting.add_argument("--clean", nargs="*", type=Path, default=[])
    collecting.add_argument("--hard", nargs="*", type=Path, default=[])
    collecting.add_argument("--part", default="0/1", help="which of how many parts")
    collecting.add_argument("--originals", default="dev", help="what kind of clean text they are")
    collecting.add_argument("--weight", type=float, default=1.0)
    fitting.add_argument("-o", "--output", type=Path, default=Path("src/unspin/data/verdict.npz"))
    collecting.add_argument("-w", "--work", type=Path, required=True)
    fitting.add_argument("-w", "--work", type=Path, nargs="+", required=True)
    args = parser.parse_args()
    {"collect": collect, "fit": fit}[args.stage](args)


if __name__ == "__main__":
    main()
