"""Text for the long tests of batches: held-out articles where they are, fixtures elsewhere."""

from __future__ import annotations

import csv
import functools
import gzip
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
HELD_OUT = ROOT.parent / "shared" / "parallel" / "dev.jsonl.gz"
SEED = ROOT / "seeds" / "000_a26bbb09311a0bb2.txt"
NEGATIVES = ROOT / "fixtures" / "cases" / "negative.json"


@functools.cache
def passages() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Spun and clean passages of at least 200 characters."""
    spun: list[str] = []
    clean: list[str] = []
    if HELD_OUT.exists():
        with gzip.open(HELD_OUT, "rt", encoding="utf-8") as stream:
            for line in stream:
                pair = json.loads(line)
                spun += pair["spun"].split("\n")
                clean += pair["original"].split("\n")
    else:
        spun = SEED.read_text(encoding="utf-8").split("\n")
        clean = [case["text"] for case in json.loads(NEGATIVES.read_text(encoding="utf-8"))]
    return tuple(t for t in spun if len(t) >= 200), tuple(t for t in clean if len(t) >= 200)


def article(chance: random.Random, length: int, spun: float) -> str:
    """Paragraphs of about ``length`` characters in all; spun with probability ``spun``."""
    source = passages()[0 if chance.random() < spun else 1]
    parts: list[str] = []
    while sum(map(len, parts)) < length:
        parts.append(chance.choice(source))
    return "\n\n".join(parts)


def write_tree(folder: Path, count: int = 2000, seed: int = 11) -> None:
    """A tree of ``count`` mixed files, half of the articles spun; a few files are no use."""
    chance = random.Random(seed)
    for number in range(count):
        place = folder / f"site{number % 7}" / f"{number % 23:02}"
        place.mkdir(parents=True, exist_ok=True)
        data, ending = _file(chance, number)
        (place / f"page-{number:04}{ending}").write_bytes(data)


def _file(chance: random.Random, number: int) -> tuple[bytes, str]:
    text = article(chance, 300, 0.5)
    kind = number % 10
    if number % 401 == 400:
        return b"\0\1\2", ".txt"  # no text
    if number % 397 == 396:
        return text.encode(), ".unknown"
    if kind < 4:
        return text.replace("\n", "\r\n" if kind == 1 else "\n").encode(), ".txt"
    if kind < 6:
        return f"# Page {number}\n\n{text}\n\n```\n{text[:50]}\n```\n".encode(), ".md"
    if kind < 8:
        body = "".join(f"<p>{part}</p>\n" for part in text.split("\n\n"))
        return f"<!DOCTYPE html><title>{number}</title>{body}".encode(), ".html"
    texts = [text, *(article(chance, 200, 0.5) for _ in range(number % 4))]
    if kind == 8:
        lines = "".join(json.dumps({"n": n, "text": t}) + "\n" for n, t in enumerate(texts))
        if number % 50 == 8:
            lines += "not json\n"
        packed = number % 20 == 8
        return (
            (gzip.compress(lines.encode(), mtime=0), ".jsonl.gz")
            if packed
            else (lines.encode(), ".jsonl")
        )
    table = io.StringIO()
    csv.writer(table).writerows([["n", "text"], *enumerate(texts)])
    return table.getvalue().encode(), ".csv"


def big_lines(megabytes: int, seed: int = 5) -> Iterator[str]:
    """Lines of JSON as a crawler writes them: the raw page, and a thirtieth as much text.

    One article in fifty is spun.
    """
    chance = random.Random(seed)
    size = number = 0
    while size < megabytes * 1_000_000:
        text = article(chance, 2000, 0.02)
        page = "".join(
            f'<div class="block block-{n}" data-track="{chance.random():.17f}"><p>{part}</p></div>'
            f"<script>window.queue.push({json.dumps([n] * 3500)})</script>"
            for n, part in enumerate(text.split("\n\n"))
        )
        record = {"id": number, "url": f"https://example.org/{number}", "text": text, "html": page}
        line = json.dumps(record, ensure_ascii=False) + "\n"
        yield line
        size += len(line.encode())
        number += 1
