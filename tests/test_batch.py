"""A batch loses nothing: killed, it goes on; a bad file or a dead worker spoils no other."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tiny_restorer import TinyRestorer
from unspin.batch import Action, BatchOptions, make_plan, run_batch, undo
from unspin.batch import manifest as manifest_module
from unspin.batch import output as output_module
from unspin.batch import run as run_module
from unspin.batch import tidy as tidy_module
from unspin.batch.worker import WORKER_DIED, Task, run_tasks
from unspin.cli import main
from unspin.commands import options
from unspin.errors import DataError, InputError, OutputError, SettingsError
from unspin.records import Provenance, Restoration
from unspin.settings import Settings
from unspin.sources import ReadOptions

PROVENANCE = Provenance("0.1.0", "tiny", "none", "0")
SCRIPT = """
import sys
from pathlib import Path
from test_batch import run
if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), workers=2, resume=True, restorer=sys.argv[3])
"""


class BatchRestorer(TinyRestorer):
    """The tiny restorer with words that make trouble."""

    provenance = PROVENANCE

    def restore(self, text: str) -> Restoration:
        """Restore, or fail as the text asks."""
        if "die" in text.split():
            os._exit(9)
        if "fail" in text.split():
            raise ValueError("asked to fail")
        return super().restore(text)


class SlowRestorer(BatchRestorer):
    """Slow enough to be killed at work."""

    def restore(self, text: str) -> Restoration:
        """Restore after a while."""
        time.sleep(0.002)
        return super().restore(text)


class NoModels(BatchRestorer):
    """Has no models."""

    def restore(self, text: str) -> Restoration:
        """Never restore."""
        raise DataError("the lexicon is missing")


RESTORERS = {"plain": BatchRestorer, "slow": SlowRestorer, "none": NoModels}


def run(input_: Path | str, output: Path | None, restorer: str = "plain", **given: Any) -> Any:
    """A batch with the tiny restorer."""
    in_place = given.get("in_place", False)
    plan = make_plan(str(input_), output, in_place=in_place)
    if "manifest" not in given:
        home = plan.root / ".unspin" if output is None else output.parent / "state"
        given["manifest"] = home / "m.jsonl"
    return run_batch(plan, Settings(), BatchOptions(**given), RESTORERS[restorer], PROVENANCE)


def tree(folder: Path, count: int = 12, rows: int = 300) -> Path:
    """A small tree of every format that needs no extra."""
    chance = random.Random(7)
    words = ["mature", "the least bit", "plain words", "started started", "more text", "é"]

    def article() -> str:
        return "It is " + " and ".join(chance.choices(words, k=6)) + "."

    for number in range(count):
        place = folder / f"part{number % 3}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.txt").write_text(article(), encoding="utf-8")
        (place / f"{number}.md").write_text(f"# {article()}\n\n`mature`\n", encoding="utf-8")
        (place / f"{number}.html").write_text(f"<p>{article()}</p>", encoding="utf-8")
    lines = "".join(json.dumps({"id": n, "text": article()}) + "\n" for n in range(rows))
    (folder / "data.jsonl").write_text(lines, encoding="utf-8")
    (folder / "data.jsonl.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))
    table = "n,text\r\n" + "".join(f'{n},"{article()}"\r\n' for n in range(rows))
    (folder / "table.csv").write_text(table, encoding="utf-8", newline="")
    return folder


def contents(folder: Path) -> dict[str, str]:
    """The hash of every file below a folder."""
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def lines(path: Path) -> list[dict[str, Any]]:
    """The records of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def articles(path: Path) -> dict[str, dict[str, Any]]:
    """The article lines of a manifest by id; each id must be there once."""
    found = [r for r in lines(path) if r["type"] == "article"]
    assert len({r["id"] for r in found}) == len(found)
    return {r["id"]: r for r in found}


def test_a_tree_becomes_the_same_tree(tmp_path: Path) -> None:
    before = contents(tree(tmp_path / "in"))
    counts = run(tmp_path / "in", tmp_path / "out")
    assert contents(tmp_path / "in") == before
    assert set(contents(tmp_path / "out")) == set(before)
    assert "mature" not in (tmp_path / "out" / "data.jsonl").read_text()
    assert b"mature" not in gzip.decompress((tmp_path / "out" / "data.jsonl.gz").read_bytes())
    found = articles(tmp_path / "state" / "m.jsonl")
    assert len(found) == 36 + 900
    assert sum(counts[s] for s in ("edited", "unchanged", "skipped", "failed")) == len(found)
    one = found["data.jsonl:1"]
    text = json.loads((tmp_path / "out" / "data.jsonl").read_text().splitlines()[0])["text"]
    assert one["status"] == "edited"
    assert one["sha256_out"] == hashlib.sha256(text.encode()).hexdigest()
    for record in lines(tmp_path / "state" / "m.jsonl"):
        if record["type"] == "file":
            assert record["sha256_in"] == before[record["path"]]
            assert record["sha256_out"] == contents(tmp_path / "out")[record["path"]]


def test_workers_give_the_same_as_none(tmp_path: Path) -> None:
    tree(tmp_path / "in")
    for workers in (0, 2):
        run(tmp_path / "in", tmp_path / str(workers) / "out", workers=workers)
    assert contents(tmp_path / "0") == contents(tmp_path / "2")


def killed(folder: Path, output: Path, chance: random.Random) -> int:
    """How often a run was killed at random, at most eight times, before it ended by itself."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    script = output.parent / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(folder), str(output), "slow"]
    for times in range(9):
        process = subprocess.Popen(command, env=environment, cwd=Path(__file__).parent)
        try:
            process.wait(0.3 + chance.random() * 1.2 if times < 8 else None)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        else:
            assert process.returncode == 0
            return times
    raise AssertionError("the last run was not killed and must end")


def test_killed_and_resumed_gives_the_same_bytes(tmp_path: Path) -> None:
    tree(tmp_path / "in")
    run(tmp_path / "in", tmp_path / "calm" / "out")
    (tmp_path / "rough").mkdir()
    output = tmp_path / "rough" / "out"
    times = killed(tmp_path / "in", output, random.Random(3))
    assert times >= 1
    (tmp_path / "rough" / "script.py").unlink()
    assert contents(tmp_path / "rough") == contents(tmp_path / "calm")


@pytest.mark.parametrize("stop", range(2, 60, 4))
@pytest.mark.parametrize("in_place", [False, True])
def test_stopped_at_any_write_and_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int, in_place: bool
) -> None:
    """Cut off before the n-th rename or manifest line, without any clean-up."""
    monkeypatch.setattr("unspin.batch.articles._MOST_ARTICLES", 4)
    calm, rough = (tree(tmp_path / name / "in", 3, 20) for name in ("calm", "rough"))
    for folder in (calm, rough):
        (folder / "part0" / "clean.txt").write_text("nothing here")
    run(calm, None if in_place else calm.parent / "out", in_place=in_place)
    left = [stop]

    class Killed(BaseException):
        pass

    def counted(call: Any) -> Any:
        def wrapper(*args: Any) -> Any:
            left[0] -= 1
            if left[0] <= 0:
                raise Killed
            return call(*args)

        return wrapper

    def abandon(batch: Any, finished: bool) -> None:
        with contextlib.suppress(Killed):
            if finished:
                close(batch, finished)
        for held in (batch._output, batch._manifest._lines, batch._journal._lines):
            if held is not None:
                held._stream.close()
        batch._journal._read.close()

    close = run_module._Run.close
    with monkeypatch.context() as patch:
        patch.setattr(
            manifest_module.AppendFile, "flush", counted(manifest_module.AppendFile.flush)
        )
        patch.setattr(output_module.os, "replace", counted(os.replace))
        patch.setattr(run_module._Run, "close", abandon)
        with contextlib.suppress(Killed):
            run(rough, None if in_place else rough.parent / "out", in_place=in_place)
    run(rough, None if in_place else rough.parent / "out", in_place=in_place, resume=True)
    assert contents(rough.parent) == contents(calm.parent)


def test_what_was_restored_is_not_restored_again(tmp_path: Path) -> None:
    tree(tmp_path / "in", 2, 400)
    run(tmp_path / "in", tmp_path / "calm" / "out")
    manifest = tmp_path / "rough" / "state" / "m.jsonl"
    run(tmp_path / "in", tmp_path / "rough" / "out")
    run(tmp_path / "in", tmp_path / "rough" / "out", restorer="none", resume=True)
    assert contents(tmp_path / "rough") == contents(tmp_path / "calm")
    cut = manifest.read_bytes().splitlines(keepends=True)[:9]
    manifest.write_bytes(b"".join(cut) + b'{"type": "fi')
    with pytest.raises(DataError):
        run(tmp_path / "in", tmp_path / "rough" / "out", restorer="none", resume=True)
    run(tmp_path / "in", tmp_path / "rough" / "out", resume=True)
    assert contents(tmp_path / "rough") == contents(tmp_path / "calm")


def test_a_manifest_is_not_written_over_or_mixed(tmp_path: Path) -> None:
    tree(tmp_path / "in", 1, 5)
    run(tmp_path / "in", tmp_path / "out")
    with pytest.raises(OutputError, match="--resume"):
        run(tmp_path / "in", tmp_path / "out")
    with pytest.raises(SettingsError, match="another action"):
        run(tmp_path / "in", tmp_path / "out", resume=True, action=Action.ANNOTATE)


@pytest.mark.parametrize("workers", [1, 2])
def test_dead_workers_and_failures_are_reported_and_survived(tmp_path: Path, workers: int) -> None:
    (tmp_path / "in").mkdir()
    rows = ["is mature", "do fail here", "is mature too", "now die", "last mature"]
    data = "".join(json.dumps({"text": row}) + "\n" for row in rows)
    (tmp_path / "in" / "a.jsonl").write_text(data)
    (tmp_path / "in" / "b.txt").write_text("now die")
    (tmp_path / "in" / "c.txt").write_text("is mature")
    (tmp_path / "in" / "d.txt").write_bytes(b"\0\1")
    (tmp_path / "in" / "e.xyz").write_text("mature")
    (tmp_path / "in" / "f.txt").write_text(" ")
    (tmp_path / "in" / "g.jsonl.gz").write_bytes(gzip.compress(data.encode())[:-9])
    (tmp_path / "in" / "h.txt").symlink_to(tmp_path / "in" / "c.txt")
    counts = run(tmp_path / "in", tmp_path / "out", workers=workers)
    found = articles(tmp_path / "state" / "m.jsonl")
    assert {i: r["status"] for i, r in found.items()} == {
        "a.jsonl:1": "edited", "a.jsonl:2": "failed", "a.jsonl:3": "edited",
        "a.jsonl:4": "failed", "a.jsonl:5": "edited", "b.txt": "failed", "c.txt": "edited",
        "d.txt": "failed", "e.xyz": "skipped", "f.txt": "skipped", "g.jsonl.gz": "failed",
        "h.txt": "skipped",
    }  # fmt: skip
    assert found["a.jsonl:4"]["error"] == found["b.txt"]["error"] == WORKER_DIED
    assert found["a.jsonl:2"]["error"] == "ValueError: asked to fail"
    assert found["h.txt"]["reason"] == "symbolic link"
    assert (counts["edited"], counts["failed"], counts["skipped"]) == (4, 5, 3)
    expected = data.replace("mature", "used")
    assert (tmp_path / "out" / "a.jsonl").read_text() == expected
    assert set(contents(tmp_path / "out")) == {"a.jsonl", "c.txt", "f.txt"}


@pytest.mark.parametrize("action", [Action.FIX, Action.DROP_SPUN])
def test_what_failed_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: Action
) -> None:
    """After a resumed run, everything is as in a run in which nothing had failed."""
    rows = ["is mature", "do fail here", "is mature too", "plain"]
    for name, data in {
        "a.jsonl": "".join(json.dumps({"text": row}) + "\n" for row in rows),
        "b.txt": "do fail mature",
        "c.jsonl": '{"text": "is mature"}\n',
        "d.txt": "is mature",
    }.items():
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text(data)
    calls: list[str] = []

    class Mended(BatchRestorer):
        def restore(self, text: str) -> Restoration:
            calls.append(text)
            return super(BatchRestorer, self).restore(text)

    first = run(tmp_path / "in", tmp_path / "rough" / "out", action=action)
    assert first["failed"] == 2
    assert not (tmp_path / "rough" / "out" / "b.txt").exists()
    with monkeypatch.context() as patch:
        patch.setitem(RESTORERS, "mended", Mended)
        for target in ("rough", "calm"):
            calls.clear()
            counts = run(
                tmp_path / "in", tmp_path / target / "out", "mended", action=action, resume=True
            )
            assert counts["failed"] == 0
            expected = [*rows, "do fail mature"]
            assert calls == expected if target == "rough" else len(calls) == 7
        calls.clear()
        run(tmp_path / "in", tmp_path / "rough" / "out", "mended", action=action, resume=True)
        assert calls == []
    assert contents(tmp_path / "rough") == contents(tmp_path / "calm")
    assert articles(tmp_path / "rough" / "state" / "m.jsonl")["b.txt"]["status"] != "failed"


def test_failing_again_changes_nothing(tmp_path: Path) -> None:
    """A broken line fails for good; other failures are tried again and may fail again."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("do fail")
    broken = '{"text": "is mature"}\nno json\n'
    (tmp_path / "in" / "b.jsonl").write_text(broken)
    (tmp_path / "in" / "c.txt").write_text("is mature")
    counts = run(tmp_path / "in", tmp_path / "out")
    before = contents(tmp_path)
    assert run(tmp_path / "in", tmp_path / "out", resume=True) == counts
    assert contents(tmp_path) == before
    written = (tmp_path / "out" / "b.jsonl").stat().st_ino
    run(tmp_path / "in", tmp_path / "out", resume=True)
    assert (tmp_path / "out" / "b.jsonl").stat().st_ino == written
    (tmp_path / "in" / "b.jsonl").write_text(broken.replace("no json", '{"text": "mature"}'))
    counts = run(tmp_path / "in", tmp_path / "out", resume=True)
    assert (counts["edited"], counts["failed"]) == (3, 1)
    assert (tmp_path / "out" / "b.jsonl").read_text().count("used") == 2


def test_tried_again_in_place_unless_somebody_changed_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = '{"text": "is mature"}\n{"text": "do fail mature"}\n'
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text(data)
    run(tmp_path / "in", None, in_place=True)
    (tmp_path / "in" / "b.jsonl").write_text('{"text": "mine"}\n')
    monkeypatch.setitem(RESTORERS, "mended", TinyRestorer)
    monkeypatch.setattr(TinyRestorer, "provenance", PROVENANCE, raising=False)
    counts = run(tmp_path / "in", None, "mended", in_place=True, resume=True)
    assert counts["failed"] == 1
    assert (tmp_path / "in" / "a.jsonl").read_text() == data.replace("mature", "used")
    assert (tmp_path / "in" / "b.jsonl").read_text() == '{"text": "mine"}\n'
    problems = {f.path: f.problem for f in undo(tmp_path / "in" / ".unspin" / "m.jsonl")}
    assert problems == {"a.jsonl": None, "b.jsonl": "it was changed after the run"}
    assert (tmp_path / "in" / "a.jsonl").read_text() == data


@pytest.mark.parametrize("stop", range(1, 5))
def test_a_manifest_is_put_in_order_however_often_that_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("do fail mature")
    (tmp_path / "in" / "b.txt").write_text("is mature")
    (tmp_path / "in" / "c.txt").write_text("plain")
    for name in ("rough", "calm"):
        run(tmp_path / "in", tmp_path / name / "out", action=Action.DROP_SPUN)
    given = {"restorer": "mended", "action": Action.DROP_SPUN, "resume": True}
    monkeypatch.setitem(RESTORERS, "mended", TinyRestorer)
    run(tmp_path / "in", tmp_path / "calm" / "out", **given)
    left = [stop]

    class Killed(BaseException):
        pass

    def counted(call: Any) -> Any:
        def wrapper(*args: Any) -> Any:
            left[0] -= 1
            if left[0] <= 0:
                raise Killed
            return call(*args)

        return wrapper

    with monkeypatch.context() as patch:
        patch.setattr(tidy_module.os, "replace", counted(os.replace))
        patch.setattr(tidy_module, "_write", counted(tidy_module._write))
        with contextlib.suppress(Killed):
            run(tmp_path / "in", tmp_path / "rough" / "out", **given)
    run(tmp_path / "in", tmp_path / "rough" / "out", **given)
    assert contents(tmp_path / "rough") == contents(tmp_path / "calm")
    rejects = lines(tmp_path / "rough" / "state" / "m.rejected.jsonl")
    assert [r["id"] for r in rejects] == ["a.txt", "b.txt"]


def test_what_goes_wrong_everywhere_ends_the_run(tmp_path: Path) -> None:
    tree(tmp_path / "in", 1, 1)
    for workers in (0, 2):
        with pytest.raises(Exception, match="the lexicon is missing"):
            run(tmp_path / "in", tmp_path / "out", restorer="none", workers=workers, resume=True)


def test_a_full_disk_ends_the_run_and_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path / "in", 3, 10)
    run(tmp_path / "in", tmp_path / "calm" / "out")
    real = os.replace

    def full(source: Any, target: Any) -> None:
        if "2" in Path(target).name:
            raise OSError(28, "No space left on device")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("unspin.batch.output.os.replace", full)
        with pytest.raises(OutputError, match="--resume"):
            run(tmp_path / "in", tmp_path / "rough" / "out")
    run(tmp_path / "in", tmp_path / "rough" / "out", resume=True)
    assert contents(tmp_path / "rough") == contents(tmp_path / "calm")


def test_output_that_cannot_be_written_is_one_failed_article(tmp_path: Path) -> None:
    tree(tmp_path / "in", 2, 200)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "part0").write_text("in the way")
    (tmp_path / "out" / "data.jsonl").mkdir()
    (tmp_path / "out" / "data.jsonl" / "x").write_text("in the way")
    run(tmp_path / "in", tmp_path / "out")
    found = articles(tmp_path / "state" / "m.jsonl")
    assert found["part0/0.txt"]["status"] == found["data.jsonl"]["status"] == "failed"
    assert found["part1/1.txt"]["status"] in ("edited", "unchanged")
    assert "data.jsonl:1" not in found


def test_in_place_and_back(tmp_path: Path) -> None:
    before = contents(tree(tmp_path / "in"))
    (tmp_path / "in" / "clean.txt").write_text("nothing here")
    stamp = (tmp_path / "in" / "clean.txt").stat().st_ino
    run(tmp_path / "in", None, in_place=True)
    assert "mature" not in (tmp_path / "in" / "data.jsonl").read_text()
    assert (tmp_path / "in" / "clean.txt").stat().st_ino == stamp
    manifest = tmp_path / "in" / ".unspin" / "m.jsonl"
    changed = tmp_path / "in" / "table.csv"
    changed.write_text("changed since")
    problems = [f for f in undo(manifest) if f.problem]
    assert [f.path for f in problems] == ["table.csv"]
    assert changed.read_text() == "changed since"
    after = {n: h for n, h in contents(tmp_path / "in").items() if not n.startswith(".unspin")}
    assert {n for n in before if after[n] != before[n]} == {"table.csv"}
    assert not any(f.restored for f in undo(manifest))


@pytest.mark.parametrize("path", ["../victim.txt", "/victim.txt", "link/victim.txt", "a/../../v"])
def test_undo_leaves_the_folder_never(tmp_path: Path, path: str) -> None:
    run(tree(tmp_path / "in", 1, 1), None, in_place=True)
    victim = tmp_path / "victim.txt"
    victim.write_text("original")
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    manifest = tmp_path / "in" / ".unspin" / "m.jsonl"
    digest = hashlib.sha256(b"original").hexdigest()
    evil = {"type": "file", "status": "done", "path": path, "sha256_in": "0", "sha256_out": digest}
    header = manifest.read_text().splitlines()[0]
    manifest.write_text(header + "\n" + json.dumps(evil) + "\n")
    assert [f.problem for f in undo(manifest)] == ["it lies outside the folder of the run"]
    assert victim.read_text() == "original"


def test_undo_needs_a_manifest_of_a_run_in_place(tmp_path: Path) -> None:
    run(tree(tmp_path / "in", 1, 1), tmp_path / "out")
    with pytest.raises(InputError, match="--in-place"):
        list(undo(tmp_path / "state" / "m.jsonl"))
    with pytest.raises(InputError, match="not a manifest"):
        list(undo(tmp_path / "in" / "data.jsonl"))


def test_annotate_leaves_the_texts(tmp_path: Path) -> None:
    tree(tmp_path / "in", 1, 3)
    run(tmp_path / "in", tmp_path / "out", action=Action.ANNOTATE)
    for old, new in zip(lines(tmp_path / "in" / "data.jsonl"),
                        lines(tmp_path / "out" / "data.jsonl"), strict=True):  # fmt: skip
        note = new.pop("unspin")
        assert new == old
        assert [e["before"] for e in note["edits"]] == re.findall(
            "mature|the least bit|started started", old["text"]
        )
    old, new = ((tmp_path / n / "part0" / "0.html").read_bytes() for n in ("in", "out"))
    assert old == new
    assert json.loads((tmp_path / "out" / "part0" / "0.html.unspin.json").read_text())["edits"]
    assert (tmp_path / "out" / "table.csv").read_text().startswith("n,text,unspin_spin_score,")


def test_spun_articles_go_to_the_rejects(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("is mature")
    (tmp_path / "in" / "b.txt").write_text("is not")
    (tmp_path / "in" / "c.jsonl").write_text('{"text": "mature", "n": 1}\n{"text": "x"}\n')
    run(tmp_path / "in", tmp_path / "out", action=Action.DROP_SPUN)
    assert set(contents(tmp_path / "out")) == {"b.txt", "c.jsonl"}
    assert (tmp_path / "out" / "c.jsonl").read_text() == '{"text": "x"}\n'
    rejects = lines(tmp_path / "state" / "m.rejected.jsonl")
    assert [(r["id"], r["reason"]) for r in rejects] == [("a.txt", "spun"), ("c.jsonl:1", "spun")]
    assert [r["record"] for r in rejects] == ["is mature", {"text": "mature", "n": 1}]


def test_only_as_much_is_read_ahead_as_the_workers_need() -> None:
    read = 0

    def tasks() -> Iterator[Task]:
        nonlocal read
        for _ in range(200):
            read += 1
            yield Task("text", ({"": "is mature"},))

    for done, _ in enumerate(run_tasks(tasks(), BatchRestorer, Settings(), 1), 1):
        assert read - done <= 12
    assert done == 200


def test_plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path / "in", 3, 1)
    monkeypatch.chdir(tmp_path)
    assert [j.path for j in make_plan("in/**/*.md", Path("out")).jobs] == [
        "part0/0.md", "part1/1.md", "part2/2.md"]  # fmt: skip
    Path("list").write_text("in/part0/0.md\nin/part1/1.txt\n")
    assert [str(j.target) for j in make_plan("@list", Path("out")).jobs] == [
        "out/part0/0.md", "out/part1/1.txt"]  # fmt: skip
    assert make_plan("in/table.csv", Path("x.csv")).jobs[0].target == Path("x.csv")
    assert len(make_plan("in", Path("out"), ["part*", "*.gz"]).jobs) == 2
    with pytest.raises(InputError, match="same place"):
        make_plan("in", Path("in"))
    with pytest.raises(InputError, match="no file"):
        make_plan("in/*.none", Path("out"))
    with pytest.raises(InputError, match="does not exist"):
        make_plan("nowhere", Path("out"))
    for file, target in ("table.csv", "x.jsonl"), ("data.jsonl", "x.jsonl.gz"):
        with pytest.raises(InputError, match="has another ending than"):
            make_plan(f"in/{file}", Path(target))
    os.mkfifo("in/pipe.txt")
    assert [j.skip for j in make_plan("in", Path("out")).jobs if j.path == "pipe.txt"] == [
        "no regular file"]  # fmt: skip


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path / "in", 1, 2)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(options, "build_restorer", BatchRestorer)

    def call(*args: str) -> Any:
        return CliRunner().invoke(main, args, prog_name="unspin")

    dry = call("batch", "in", "--dry-run", "--workers", "0")
    assert "part0/0.txt: " in dry.stdout
    assert not (tmp_path / "out").exists()
    done = call("batch", "in", "out", "--workers", "0")
    assert (done.exit_code, done.stdout) == (0, "")
    assert re.search(r"edited, .* 0 failed; \d+ edits\nmanifest: out/unspin-man", done.stderr)
    assert call("batch", "in", "out", "--workers", "0").exit_code == 3
    assert call("batch", "in", "out", "--workers", "0", "--resume").exit_code == 0
    for wrong in (["in"], ["in", "out", "--in-place"], ["in", "--in-place", "--annotate"]):
        assert call("batch", *wrong).exit_code == 2
    before = (tmp_path / "in" / "data.jsonl").read_bytes()
    assert call("batch", "in", "--in-place", "--workers", "0").exit_code == 0
    assert (tmp_path / "in" / "data.jsonl").read_bytes() != before
    assert call("undo", "in/.unspin/unspin-manifest.jsonl").exit_code == 0
    assert (tmp_path / "in" / "data.jsonl").read_bytes() == before


def test_standard_input_is_json_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(options, "build_restorer", BatchRestorer)
    data = '{"text": "is mature"}\n{"text": "do fail"}\n'

    def call(*args: str, given: str = data) -> Any:
        return CliRunner().invoke(main, ["batch", "--workers", "0", *args], input=given)

    assert call("-", "out.jsonl").exit_code == 3
    assert Path("out.jsonl").read_text() == data.replace("mature", "used")
    found = articles(Path("out.jsonl.manifest.jsonl"))
    assert {i: r["status"] for i, r in found.items()} == {
        "stdin.jsonl:1": "edited", "stdin.jsonl:2": "failed"}  # fmt: skip
    before = contents(tmp_path)
    assert call("-", "out.jsonl", "--resume").exit_code == 3
    assert contents(tmp_path) == before
    assert call("-", "out.jsonl", "--resume", given=data.replace("fail", "go")).exit_code == 0
    assert call("-", "folder", given='{"text": "is mature"}\n').exit_code == 0
    assert Path("folder/stdin.jsonl").read_text() == '{"text": "is used"}\n'
    assert "stdin.jsonl:1: 1 edit" in call("-", "--dry-run").stdout
    for wrong, code, message in (
        (["-", "--in-place"], 2, "cannot be changed in place"),
        (["-", "out.csv"], 3, "has another ending than stdin.jsonl"),
        (["folder", "-"], 2, "use unspin fix"),
    ):
        result = call(*wrong)
        assert result.exit_code == code
        assert message in " ".join(result.stderr.split())


def test_fields_and_columns_of_choice(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text('{"text": "mature", "title": "mature"}\n')
    read = ReadOptions(("title",))
    run(tmp_path / "in", tmp_path / "out", read=read)
    assert (tmp_path / "out" / "a.jsonl").read_text() == '{"text": "mature", "title": "used"}\n'
    assert replace(read).fields == ("title",)
