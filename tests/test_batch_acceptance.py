"""The command line itself on 2,000 files and on large ones: killed, starved and measured.

Takes minutes, so it runs on request: ``pytest -m acceptance``. UNSPIN_BIG_MB sets
the size of the large file.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from batch_data import big_lines, write_tree
from test_batch import articles, contents, lines

FILES = 2000
KILLS = 20
# Peak memory of a run with two workers, in bytes.
MOST_MEMORY = 1_000_000_000
BIG_MB = int(os.environ.get("UNSPIN_BIG_MB", "30"))


def batch(*args: object) -> list[str]:
    """The command for a batch with the fast ranker and two workers."""
    command = [sys.executable, "-m", "unspin", "batch", *map(str, args)]
    return [*command, "--workers", "2", "--ranker", "features", "--isolated"]


def started(*args: object) -> subprocess.Popen[bytes]:
    """A batch under way."""
    return subprocess.Popen(batch(*args), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finished(manifest: Path) -> int:
    """How many files a manifest says are done."""
    return manifest.read_bytes().count(b'{"type": "file"') if manifest.exists() else 0


@pytest.mark.acceptance
def test_a_tree_killed_twenty_times_is_as_if_undisturbed(tmp_path: Path) -> None:
    write_tree(tmp_path / "in", FILES)
    before = contents(tmp_path / "in")
    calm = subprocess.run(batch(tmp_path / "in", tmp_path / "calm"), capture_output=True)
    assert calm.returncode == 3  # some files are no use
    chance = random.Random(4)
    rough = tmp_path / "rough"
    manifest = rough / "unspin-manifest.jsonl"
    for _ in range(KILLS):
        done = finished(manifest)
        # Some kills while models load, most at work.
        more = chance.choice([0, 0, *range(1, FILES // KILLS)])
        process = started(tmp_path / "in", rough, "--resume")
        while finished(manifest) < done + more:
            time.sleep(0.01)
            assert process.poll() is None, "it must still be at work"
        time.sleep(chance.random() * 0.1)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.communicate()
    assert 0 < finished(manifest) < FILES
    last = subprocess.run(batch(tmp_path / "in", rough, "--resume"), capture_output=True)
    assert (last.returncode, last.stderr.replace(b"rough", b"calm").splitlines()[-2:]) == (
        calm.returncode,
        calm.stderr.splitlines()[-2:],
    )
    assert contents(rough) == contents(tmp_path / "calm")
    assert contents(tmp_path / "in") == before
    found = articles(manifest)
    statuses = [record["status"] for record in found.values()]
    assert {record["path"] for record in found.values()} == set(before)
    assert statuses.count("edited") > FILES // 4
    assert statuses.count("unchanged") > FILES // 4
    assert statuses.count("failed") >= 5
    assert statuses.count("skipped") == 5


def memory(process: int) -> int:
    """The resident bytes of a process and its children, shared pages counted each time."""
    total = 0
    for pid in [process, *_children(process)]:
        with contextlib.suppress(OSError, IndexError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
    return total


def _children(process: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *_children(child)]
    return found


@pytest.mark.acceptance
def test_a_large_file_streams_through_in_flat_memory(tmp_path: Path) -> None:
    source, target = tmp_path / "big.jsonl", tmp_path / "out.jsonl"
    with source.open("w", encoding="utf-8") as stream:
        stream.writelines(big_lines(BIG_MB))
    peaks: list[tuple[float, int]] = []
    part = target.with_name(".out.jsonl.unspin-part")
    with started(source, target) as process:
        while process.poll() is None:
            with contextlib.suppress(OSError):
                done = part.stat().st_size / source.stat().st_size
                peaks.append((done, memory(process.pid)))
            time.sleep(0.1)
        assert process.returncode == 0, process.communicate()
    assert target.stat().st_size > source.stat().st_size * 0.99
    counts = lines(target.with_name("out.jsonl.manifest.jsonl"))[-1]
    assert counts["edited"] > 0
    early = max(size for done, size in peaks if done < 0.5)
    late = max(size for done, size in peaks if done >= 0.5)
    print(f"{BIG_MB} MB: peak {early / 1e6:.0f} MB in the first half, {late / 1e6:.0f} MB after")
    assert late < early * 1.2
    assert max(early, late) < MOST_MEMORY
