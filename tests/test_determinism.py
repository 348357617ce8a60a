"""The same text gives the same bytes: any hash seed, any number of workers, any line ends."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from test_batch import BatchRestorer  # picklable under "spawn"
from unspin.batch import BatchOptions, make_plan, run_batch
from unspin.restorer import Restorer
from unspin.settings import Settings

ROOT = Path(__file__).parents[1]
SEED = next((ROOT / "seeds").glob("*.txt"))
FEATURES = Settings(ranker="features")

HASHED = """
import hashlib, sys
from unspin.restorer import Restorer
from unspin.settings import Settings
text = open(sys.argv[1], encoding="utf-8").read()
found = Restorer(Settings(ranker="features")).restore(text)
print(hashlib.sha256(found.to_json().encode()).hexdigest())
"""


def test_hash_seed_changes_nothing() -> None:
    digests = set()
    for seed in ("0", "1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", HASHED, str(SEED)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def digest_of_folder(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_change_nothing(tmp_path: Path, workers: int) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for number in range(40):
        text = f"Article {number} is mature the least bit.\n\nIt was put up.\n" * (number % 5 + 1)
        (source / f"{number:02}.txt").write_text(text, encoding="utf-8")
    rows = "".join(f'{{"text": "Row {n}: mature the least bit"}}\n' for n in range(150))
    (source / "rows.jsonl").write_text(rows, encoding="utf-8")
    digests = []
    for count in (0, workers):
        target = tmp_path / f"out{count}"
        manifest = tmp_path / f"manifest{count}" / "m.jsonl"
        settings = Settings()
        run_batch(
            make_plan(str(source), target),
            settings,
            BatchOptions(manifest, workers=count),
            BatchRestorer,
            BatchRestorer.provenance,
        )
        digests.append((digest_of_folder(target), manifest.read_bytes()))
    assert digests[0] == digests[1]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_change_nothing_else(end: str) -> None:
    text = SEED.read_text(encoding="utf-8").replace("\r\n", "\n")
    restorer = Restorer(FEATURES)
    expected = restorer.restore(text).text.replace("\n", end)
    assert expected != text
    assert restorer.restore(text.replace("\n", end)).text == expected


def test_two_restorers_agree_whatever_they_read_before() -> None:
    text = SEED.read_text(encoding="utf-8")
    fresh, used = Restorer(FEATURES), Restorer(FEATURES)
    for other in ("Some other text that is put up.", text[::-1], text[:2000]):
        used.restore(other)
    assert fresh.restore(text) == used.restore(text)
