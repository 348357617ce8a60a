"""How cost grows: with the document, the lexicon, the candidates of a word and the workers."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import texts

from unspin.lexicon import HEADER
from unspin.resources import dictionary_dir
from unspin.restorer import Restorer
from unspin.settings import Settings


@dataclass(frozen=True, slots=True)
class Curve:
    """Lines over the same ``xs``."""

    title: str
    axis: str
    unit: str
    xs: tuple[int, ...]
    lines: dict[str, list[float]]


def curves(articles: dict[str, list[str]], quick: bool) -> list[Curve]:
    """All four."""
    return [
        by_length(articles, quick),
        by_lexicon(articles["spun"], quick),
        by_candidates(articles["spun"], quick),
        by_workers(articles["spun"], quick),
    ]


def timed(work: Callable[[], object], rounds: int) -> float:
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def _all(restorer: Restorer, articles: list[str]) -> None:
    for text in articles:
        restorer.restore(text)


def of_length(articles: list[str], count: int) -> str:
    """An article of about so many words, made of several."""
    joined = "\n\n".join(articles)
    while len(joined.split()) < count:
        joined += "\n\n" + joined
    kept, at = [], 0
    for line in joined.split("\n"):
        kept.append(line)
        at += len(line.split())
        if at >= count:
            break
    return "\n".join(kept)


def by_length(articles: dict[str, list[str]], quick: bool) -> Curve:
    """Microseconds a word for documents of 100 to 30,000 words."""
    sizes = (100, 1000, 5000) if quick else (100, 300, 1000, 3000, 10_000, 30_000)
    lines: dict[str, list[float]] = {}
    for ranker in ("context", "features"):
        restorer = Restorer(Settings(ranker=ranker))
        restorer.restore(articles["spun"][0])
        for kind in ("spun", "clean"):
            costs = lines.setdefault(f"{ranker}, {kind}", [])
            for size in sizes:
                text = of_length(articles[kind], size)
                rounds = 1 if quick or size > 5000 else 3
                seconds = timed(partial(restorer.restore, text), rounds)
                costs.append(seconds / len(text.split()) * 1e6)
    return Curve("Document length", "words", "microseconds a word", sizes, lines)


def by_lexicon(articles: list[str], quick: bool) -> Curve:
    """Seconds to load, and microseconds a word, with part of the shipped lexicon."""
    path = dictionary_dir() / "en" / "spin.tsv"
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    head = [row for row in rows if row.startswith("#")]
    rows = [row for row in rows if not row.startswith("#")]
    sizes = tuple(len(rows) // part for part in ((16, 1) if quick else (64, 16, 4, 2, 1)))
    loads, costs = [], []
    batch = texts.first_words(articles, 2000 if quick else 10_000)
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part.tsv"
        for size in sizes:
            step = len(rows) // size
            part.write_text("".join([*head, *rows[::step][:size]]), encoding="utf-8")
            restorer = Restorer(
                Settings(ranker="features", lexicons=(part,), builtin_lexicon=False)
            )
            began = time.perf_counter()
            restorer.restore(batch[0])
            loads.append((time.perf_counter() - began) * 1e3)
            work = partial(_all, restorer, batch)
            costs.append(timed(work, 1 if quick else 3) / texts.words(batch) * 1e6)
    lines = {"first text, milliseconds": loads, "a word, microseconds": costs}
    return Curve("Lexicon size", "rows", "features ranker", sizes, lines)


def by_candidates(articles: list[str], quick: bool) -> Curve:
    """Microseconds a word when every word has so many candidates."""
    sizes = (1, 8, 24) if quick else (1, 2, 4, 8, 16, 24)
    batch = texts.first_words(articles, 1000 if quick else 4000)
    norms = sorted({word for text in batch for word in text.lower().split() if word.isalpha()})
    others = norms[::7]
    lines: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.tsv"
        for ranker in ("context", "features"):
            for size in sizes:
                rows = [HEADER + "\n", "# columns: spun\toriginal\tweight\tsource\n"]
                for number, norm in enumerate(norms):
                    rows += [
                        f"{norm}\t{others[(number + k) % len(others)]}\t-1.0\tbench\n"
                        for k in range(size)
                    ]
                path.write_text("".join(rows), encoding="utf-8")
                settings = Settings(ranker=ranker, lexicons=(path,), builtin_lexicon=False)
                restorer = Restorer(settings)
                restorer.restore(batch[0])
                work = partial(_all, restorer, batch)
                cost = timed(work, 1 if quick else 3) / texts.words(batch) * 1e6
                lines.setdefault(ranker, []).append(cost)
    return Curve("Candidates a word", "candidates", "microseconds a word", sizes, lines)


def by_workers(articles: list[str], quick: bool) -> Curve:
    """Words per second of a batch beyond what starting costs, one thread a worker."""
    most = os.cpu_count() or 1
    sizes = tuple(n for n in (1, 2, 4, 8, 16) if n <= most)
    lines: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in"
        source.mkdir()
        small = Path(folder) / "small"
        small.mkdir()
        batch = texts.first_words(articles, 4000 if quick else 20_000)
        for number, text in enumerate(batch):
            (source / f"{number:04}.txt").write_text(text, encoding="utf-8")
        for number in range(most):
            (small / f"{number}.txt").write_text(batch[0], encoding="utf-8")
        for ranker in ("context", "features"):
            for workers in sizes:
                rates = []
                for number in range(1 if quick else 3):
                    spent = [
                        _batch(
                            place,
                            Path(folder) / f"{ranker}{workers}{number}{place.name}",
                            ranker,
                            workers,
                        )
                        for place in (small, source)
                    ]
                    rates.append(texts.words(batch) / max(spent[1] - spent[0], 1e-3))
                lines.setdefault(ranker, []).append(statistics.median(rates))
    return Curve("Workers", "processes", "words per second, start-up left out", sizes, lines)


def _batch(source: Path, target: Path, ranker: str, workers: int) -> float:
    command = [sys.executable, "-m", "unspin", "batch", str(source), str(target)]
    command += ["--ranker", ranker, "--workers", str(workers)]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def plot(found: list[Curve], path: Path) -> None:
    """All curves side by side as one SVG file."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "unspin"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(10, 7), layout="constrained")
    for axis, curve in zip(axes.flat, found, strict=True):
        for name, ys in curve.lines.items():
            axis.plot(curve.xs, ys, marker="o", label=name)
        axis.set(title=curve.title, xlabel=curve.axis, ylabel=curve.unit, ylim=(0, None))
        if max(curve.xs) > 50 * min(curve.xs):
            axis.set_xscale("log")
        else:
            axis.set_xticks(curve.xs)
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
