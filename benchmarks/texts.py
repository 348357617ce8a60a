"""The texts that are measured: spun, clean, and a mix in which one article of twenty is spun."""

from __future__ import annotations

import json
import random
from pathlib import Path

from unspin.pairs import read_pairs

ROOT = Path(__file__).parents[1]
DEV = ROOT.parent / "shared" / "parallel" / "dev.jsonl.gz"


def load(path: Path | None) -> dict[str, list[str]]:
    """Articles by kind, in a fixed random order.

    Without ``path``, dev where it is, else the seed and the clean passages of ``fixtures``.
    """
    if path is None and DEV.is_file():
        path = DEV
    if path is not None:
        pairs = list(read_pairs([path]))
        spun = [pair.spun for pair in pairs]
        clean = list(dict.fromkeys(pair.original for pair in pairs))
    else:
        spun = [p.read_text(encoding="utf-8") for p in sorted((ROOT / "seeds").glob("*.txt"))] * 20
        cases = json.loads((ROOT / "fixtures/cases/negative.json").read_text(encoding="utf-8"))
        clean = [case["text"] for case in cases]
    shuffle = random.Random(12).shuffle
    shuffle(spun)
    shuffle(clean)
    mixed = list(clean)
    mixed[::20] = spun[: len(mixed[::20])]
    return {"spun": spun, "clean": clean, "mixed": mixed}


def words(texts: list[str]) -> int:
    """How many words there are between spaces."""
    return sum(len(text.split()) for text in texts)


def first_words(texts: list[str], count: int) -> list[str]:
    """The first articles, ``count`` words or a little more; all of them if they are fewer."""
    chosen: list[str] = []
    for text in texts:
        chosen.append(text)
        count -= len(text.split())
        if count <= 0:
            break
    return chosen
