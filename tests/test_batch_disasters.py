"""What the system refuses is reported and survived: full disks, foreign files, dead workers."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from test_batch import articles, contents, lines, run, tree
from unspin.batch import make_plan, undo
from unspin.errors import InputError, OutputError
from unspin.exclusion import Exclusion

NOBODY = 65534


@contextlib.contextmanager
def most_bytes_a_file(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 100, 700, 5000, 12000, 30000, 60000])
@pytest.mark.parametrize("in_place", [False, True])
def test_a_file_that_may_not_grow_ends_the_run_and_it_goes_on(
    tmp_path: Path, size: int, in_place: bool
) -> None:
    calm, rough = (tree(tmp_path / name / "in", 3, 200) for name in ("calm", "rough"))
    run(calm, None if in_place else calm.parent / "out", in_place=in_place)
    before = contents(rough)
    with most_bytes_a_file(size), pytest.raises(OutputError, match="--resume"):
        run(rough, None if in_place else rough.parent / "out", in_place=in_place)
    if not in_place:
        assert contents(rough) == before
    run(rough, None if in_place else rough.parent / "out", in_place=in_place, resume=True)
    assert contents(rough.parent) == contents(calm.parent)
    if in_place:
        assert all(file.problem is None for file in undo(rough / ".unspin" / "m.jsonl"))
        after = {n: h for n, h in contents(rough).items() if not n.startswith(".unspin")}
        assert after == before


FULL_DISK = """
import subprocess, sys
from pathlib import Path
from test_batch import contents, run, tree
from unspin.errors import OutputError

folder = Path(sys.argv[1])
tree(folder / "in", 30, 300)
run(folder / "in", folder / "calm" / "out")
disk = folder / "rough"
disk.mkdir()
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], check=True)
sizes = []
for size in ("64k", "128k", "256k", "512k", "8m"):
    subprocess.run(["mount", "-o", f"remount,size={size}", "none", disk], check=True)
    try:
        run(folder / "in", disk / "out", resume=True, workers=int(sys.argv[2]))
    except OutputError as error:
        assert "--resume" in str(error), error
        sizes.append(size)
assert "64k" in sizes and len(sizes) >= 2, sizes
assert contents(disk) == contents(folder / "calm")
print("survived")
"""


@pytest.mark.parametrize("workers", [0, 2])
def test_a_full_disk_ends_the_run_and_it_goes_on_with_more_room(
    tmp_path: Path, workers: int
) -> None:
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*own, "true"]).returncode:
        pytest.skip("this system lets nobody mount a small disk")
    script = tmp_path / "full.py"
    script.write_text(f"if __name__ == '__main__':\n    exec({FULL_DISK!r})\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [*own, sys.executable, str(script), str(tmp_path), str(workers)],
        env=environment,
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "survived\n", done.stderr


@pytest.fixture
def somebody() -> Iterator[Path]:
    """A folder of an ordinary user, whom permissions hold back, and that user's rights."""
    folder = Path(tempfile.mkdtemp(prefix="unspin-test-"))
    root = os.geteuid() == 0
    if root:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        subprocess.run(["chmod", "-R", "u+rwX", str(folder)], check=True)
        shutil.rmtree(folder)


def test_files_that_may_not_be_read_are_failed_articles(somebody: Path) -> None:
    tree(somebody / "in", 3, 5)
    (somebody / "in" / "part0" / "0.txt").chmod(0)
    (somebody / "in" / "table.csv").chmod(0)
    (somebody / "in" / "part2").chmod(0o444)  # names can be listed, files not opened
    (somebody / "in" / "part1").chmod(0)  # not even listed
    run(somebody / "in", somebody / "out")
    found = articles(somebody / "state" / "m.jsonl")
    failed = {i: r["error"] for i, r in found.items() if r["status"] == "failed"}
    assert set(failed) == {
        "part0/0.txt", "table.csv", "part1", "part2/2.txt", "part2/2.md", "part2/2.html"
    }  # fmt: skip
    assert all("Permission denied" in error for error in failed.values())
    assert found["part0/0.md"]["status"] in ("edited", "unchanged")
    for path in ("part1", "part2", "part0/0.txt", "table.csv"):
        (somebody / "in" / path).chmod(0o755)
    counts = run(somebody / "in", somebody / "out", resume=True)
    run(somebody / "in", somebody / "calm" / "out")
    assert counts["failed"] == 0
    assert contents(somebody / "out") == contents(somebody / "calm" / "out")
    ended, calm = (lines(p / "state" / "m.jsonl")[1:] for p in (somebody, somebody / "calm"))
    assert ended == calm


def test_an_input_that_may_not_be_read_is_an_error(somebody: Path) -> None:
    (somebody / "in").mkdir(mode=0)
    for name in ("in/a.txt", "in/*.txt"):
        with pytest.raises(InputError, match=r"cannot be read|matches no file"):
            make_plan(str(somebody / name), somebody / "out")


def test_a_closed_folder_that_is_left_out_is_no_error(somebody: Path) -> None:
    tree(somebody / "in", 3, 5)
    (somebody / "in" / "part1").chmod(0)
    exclusion = Exclusion(somebody / "unspin.toml", ("in/part1",))
    for plan in (
        make_plan(str(somebody / "in"), None, exclusion=exclusion),
        make_plan(str(somebody / "in"), None, ["part1/"]),
    ):
        assert plan.jobs
        assert not [job for job in plan.jobs if job.error or job.path.startswith("part1")]


def test_an_output_that_is_read_only_is_reported(somebody: Path) -> None:
    before = contents(tree(somebody / "in", 3, 5))
    (somebody / "out" / "part1").mkdir(parents=True)
    (somebody / "out" / "part1").chmod(0o555)
    (somebody / "out").chmod(0o555)
    with pytest.raises(OutputError, match="cannot be written"):
        run(somebody / "in", somebody / "out", manifest=somebody / "out" / "m.jsonl")
    counts = run(somebody / "in", somebody / "out")
    found = articles(somebody / "state" / "m.jsonl")
    assert {r["status"] for r in found.values()} == {"failed"}
    assert counts["failed"] == len(before)
    assert contents(somebody / "in") == before
    (somebody / "out").chmod(0o755)
    counts = run(somebody / "in", somebody / "out", resume=True)
    assert counts["failed"] == 3  # those of part1
    (somebody / "out" / "part1").chmod(0o755)
    run(somebody / "in", somebody / "out", resume=True)
    run(somebody / "in", somebody / "calm" / "out")
    assert contents(somebody / "out") == contents(somebody / "calm" / "out")
    ended, calm = (lines(p / "state" / "m.jsonl")[1:] for p in (somebody, somebody / "calm"))
    assert ended == calm  # in the same order too


def test_in_place_in_a_folder_that_is_read_only(somebody: Path) -> None:
    before = contents(tree(somebody / "in", 3, 5))
    for folder in (somebody / "in" / "part1", somebody / "in"):
        folder.chmod(0o555)
    with pytest.raises(OutputError, match="cannot be written"):
        run(somebody / "in", None, in_place=True)
    counts = run(somebody / "in", None, in_place=True, manifest=somebody / "state" / "m.jsonl")
    found = articles(somebody / "state" / "m.jsonl")
    assert found["part1/1.txt"]["status"] == found["table.csv"]["status"] == "failed"
    assert counts["edited"] > 0
    now = contents(somebody / "in")
    assert {n for n in before if n.startswith("part1")} <= {n for n in now if now[n] == before[n]}
    assert all(file.problem is None for file in undo(somebody / "state" / "m.jsonl"))
    assert contents(somebody / "in") == before


def test_workers_killed_from_outside_lose_nothing(tmp_path: Path) -> None:
    """As the system does when memory runs out: what they held is tried again."""
    tree(tmp_path / "in", 6, 600)
    run(tmp_path / "in", tmp_path / "calm" / "out")
    killed = 0
    ended = threading.Event()

    def kill() -> None:
        nonlocal killed
        manifest = tmp_path / "rough" / "state" / "m.jsonl.journal"
        seen = 0
        while not ended.wait(0.01):
            size = manifest.stat().st_size if manifest.exists() else 0
            if killed >= 3 or size <= seen:
                continue
            seen = size
            children = Path(f"/proc/self/task/{main}/children").read_text().split()
            for pid in children[-1:]:
                with contextlib.suppress(OSError):
                    if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                        os.kill(int(pid), signal.SIGKILL)
                        killed += 1
            time.sleep(0.3)

    main = threading.get_native_id()
    thread = threading.Thread(target=kill)
    thread.start()
    try:
        run(tmp_path / "in", tmp_path / "rough" / "out", "slow", workers=2)
    finally:
        ended.set()
        thread.join()
    assert killed
    # An article whose worker was killed twice counts as at fault until it is tried again.
    run(tmp_path / "in", tmp_path / "rough" / "out", "slow", workers=2, resume=True)
    assert contents(tmp_path / "rough") == contents(tmp_path / "calm")
