"""Speed, memory and cold start of unspin beside its peers, in one run on one machine.

    python benchmarks/speed.py [--quick] [--pairs PAIRS.jsonl.gz] [--output DIR]

Runs are interleaved and medians reported, since absolute speeds drift on shared
machines: read the ratios. Everything works on one thread. Writes ``speed.md`` and
``speed.svg`` into DIR (by default benchmarks/) and prints the table.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

# Before numpy and onnxruntime are loaded, so that they keep to one thread.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import jobs  # noqa: E402
import scaling  # noqa: E402
import texts  # noqa: E402

HERE = Path(__file__).parent
KINDS = ("spun", "clean", "mixed")
# A run of a job takes about this many seconds: unspin's need many articles, since few of
# the clean ones cost most of the time.
SECONDS = {"unspin": 6.0, "peer": 1.5}
PYTHON = sys.executable


def throughput(
    articles: dict[str, list[str]], rounds: int, share: float
) -> dict[str, dict[str, float]]:
    """Words per second by job and kind of text: medians of interleaved rounds."""
    runs: list[tuple[str, str, jobs.Job, list[str]]] = []
    for name in (*jobs.COMMANDS, *jobs.PEERS):
        try:
            job = jobs.make(name)
        except ImportError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        seconds = SECONDS["unspin" if name in jobs.COMMANDS else "peer"] * share
        runs += [(name, kind, job, sized(job, articles[kind], seconds)) for kind in KINDS]
    rates: dict[str, dict[str, list[float]]] = {}
    for number in range(rounds):
        for name, kind, job, batch in runs:
            began = time.perf_counter()
            job(batch)
            rate = texts.words(batch) / (time.perf_counter() - began)
            rates.setdefault(name, {}).setdefault(kind, []).append(rate)
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return {
        name: {kind: statistics.median(found) for kind, found in by_kind.items()}
        for name, by_kind in rates.items()
    }


def sized(job: jobs.Job, articles: list[str], seconds: float) -> list[str]:
    """As many articles as take about so long; the job is warm afterwards."""
    probe = texts.first_words(articles, 100)
    job(probe)
    while True:
        began = time.perf_counter()
        job(probe)
        used = time.perf_counter() - began
        if used > seconds / 5 or len(probe) == len(articles):
            break
        probe = texts.first_words(articles, 3 * texts.words(probe))
    return texts.first_words(articles, int(texts.words(probe) * seconds / used))


def memory(pairs: Path | None) -> dict[str, float]:
    """Peak megabytes of a process that does one job on spun text."""
    found = {}
    for name in (*jobs.COMMANDS, *jobs.PEERS):
        command = [PYTHON, str(HERE / "jobs.py"), name, "spun", *([str(pairs)] if pairs else [])]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            found[name] = float(done.stdout)
    return found


def cold_start(rounds: int) -> dict[str, float]:
    """Seconds from nothing to the result on the seed article."""
    seed = str(next((texts.ROOT / "seeds").glob("*.txt")))
    where = str(Path(PYTHON).parent)
    commands = {
        "unspin --version": [PYTHON, "-m", "unspin", "--version"],
        "unspin check": [PYTHON, "-m", "unspin", "check", seed],
        "unspin fix": [PYTHON, "-m", "unspin", "fix", seed],
        "codespell": [f"{where}/codespell", seed],
        "typos": [f"{where}/typos", seed],
        "harper-py": [
            PYTHON,
            "-c",
            f"from harper import Linter; Linter().lint(open({seed!r}).read())",
        ],
        "symspellpy, list loaded": [
            PYTHON,
            "-c",
            f"import sys; sys.path.insert(0, {str(HERE)!r}); import jobs; jobs.speller()",
        ],
    }
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, command in commands.items():
            began = time.perf_counter()
            try:
                subprocess.run(command, capture_output=True)
            except FileNotFoundError:
                continue
            times.setdefault(name, []).append(time.perf_counter() - began)
    return {name: statistics.median(found) for name, found in times.items()}


def machine() -> str:
    """What the numbers depend on besides the code."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(": ")[2] if names else model
    libraries = ", ".join(f"{name} {version(name)}" for name in ("unspin", "onnxruntime", "numpy"))
    load = f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {libraries}{load}"


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def report(
    line: str,
    rates: dict[str, dict[str, float]],
    peaks: dict[str, float],
    starts: dict[str, float],
    curves: list[scaling.Curve],
    rounds: int,
) -> str:
    """Everything as Markdown."""
    base = rates[jobs.BASE]
    rows = []
    for name, by_kind in rates.items():
        cells = [f"{by_kind[kind]:,.0f} ({by_kind[kind] / base[kind]:,.1f} x)" for kind in KINDS]
        peak = f"{peaks[name]:,.0f}" if name in peaks else ""
        rows.append((f"unspin {name}" if name in jobs.COMMANDS else name, *cells, peak))
    parts = [
        "# Speed",
        f"{line}; one thread, medians of {rounds} interleaved rounds. Words per second, and in "
        f"brackets how many times {jobs.BASE} on the same kind of text in the same run.",
        table(("", "spun", "clean", "mixed, 95 % clean", "peak MB"), rows),
        "Cold start, from nothing to the result on the seed article:",
        table(("", "seconds"), [(name, f"{s:.2f}") for name, s in starts.items()]),
    ]
    for curve in curves:
        names = list(curve.lines)
        points = [
            (f"{x:,}", *(f"{curve.lines[name][n]:,.1f}" for name in names))
            for n, x in enumerate(curve.xs)
        ]
        parts += [f"{curve.title} ({curve.unit}):", table((curve.axis, *names), points)]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a minute instead of several")
    parser.add_argument("--pairs", type=Path, help="parallel text; by default dev, or fixtures")
    parser.add_argument("--output", type=Path, default=HERE, help="folder for speed.md and .svg")
    options = parser.parse_args()
    rounds, share = (1, 0.1) if options.quick else (3, 1.0)
    line = machine()
    articles = texts.load(options.pairs)
    print(line, file=sys.stderr)
    rates = throughput(articles, rounds, share)
    print(report(line, rates, {}, {}, [], rounds), file=sys.stderr)  # the rest takes minutes
    peaks = memory(options.pairs)
    starts = cold_start(rounds)
    curves = scaling.curves(articles, quick=options.quick)
    text = report(line, rates, peaks, starts, curves, rounds)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "speed.md").write_text(text, encoding="utf-8")
    scaling.plot(curves, options.output / "speed.svg")
    print(text)


if __name__ == "__main__":
    main()
