"""Words per second of unspin, beside symspellpy's lookup_compound, in one run on one core.

    python benchmarks/speed.py [PAIRS.jsonl.gz]

Without PAIRS the seed article and the clean passages of fixtures/ are measured;
with PAIRS the first spun and original texts of the file. Runs are interleaved
and medians reported, since absolute speeds drift on shared machines.
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from symspellpy import SymSpell

from unspin.pairs import read_pairs
from unspin.restorer import Restorer
from unspin.settings import RANKERS, Settings

ROOT = Path(__file__).parents[1]
ROUNDS = 3
DOCUMENTS = 10


def texts() -> tuple[list[str], list[str]]:
    """(spun, clean) texts."""
    if len(sys.argv) > 1:
        pairs = [p for p, _ in zip(read_pairs([Path(sys.argv[1])]), range(DOCUMENTS), strict=False)]
        return [p.spun for p in pairs], [p.original for p in pairs]
    seed = next((ROOT / "seeds").glob("*.txt")).read_text(encoding="utf-8")
    cases = json.loads((ROOT / "fixtures/cases/negative.json").read_text(encoding="utf-8"))
    return [seed] * 5, [case["text"] for case in cases]


def compound() -> Callable[[str], object]:
    """symspellpy's compound correction with its own word list."""
    speller = SymSpell(max_dictionary_edit_distance=2, prefix_length=7)
    speller.load_dictionary(str(files("symspellpy") / "frequency_dictionary_en_82_765.txt"), 0, 1)
    return lambda text: speller.lookup_compound(text, max_edit_distance=2)


def main() -> None:
    """Print the table."""
    spun, clean = texts()
    peer = compound()
    jobs: dict[str, tuple[Callable[[str], object], list[str]]] = {}
    for ranker in RANKERS:
        restorer = Restorer(Settings(ranker=ranker))
        restorer.restore(spun[0])
        jobs[f"{ranker}, spun"] = (restorer.restore, spun[:1] if ranker == "frequency" else spun)
    jobs["default, clean"] = (Restorer().restore, clean)
    jobs["symspellpy lookup_compound, spun"] = (peer, spun[:1])
    rates: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, (work, batch) in jobs.items():
            began = time.perf_counter()
            for text in batch:
                work(text)
            words = sum(len(text.split()) for text in batch)
            rates[name].append(words / (time.perf_counter() - began))
    base = statistics.median(rates["symspellpy lookup_compound, spun"])
    print(f"{platform.machine()}, Python {platform.python_version()}, medians of {ROUNDS}")
    for name, found in rates.items():
        rate = statistics.median(found)
        print(f"{name:34} {rate:10,.0f} words/s  {rate / base:6.1f} x lookup_compound")


if __name__ == "__main__":
    main()
