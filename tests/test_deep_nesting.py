"""JSON and TOML nested deeper than Python reads are errors of the input, never a crash."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from invoke import run, work_in
from unspin.batch.lines import whole
from unspin.corpus import read_corpus
from unspin.decisions import read_decisions
from unspin.errors import DataError, InputError, SettingsError
from unspin.pairs import read_pairs
from unspin.settings_file import read_settings
from unspin.sources.jsonl import JsonLines

DEEP = "[" * 100_000
# Python gives up somewhere here; what it still reads it may not write again.
EDGE = range(850, 1001, 5)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return work_in(tmp_path, monkeypatch)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_decisions(folder: Path) -> None:
    path = folder / "decisions.json"
    path.write_text(DEEP)
    with pytest.raises(InputError, match="is not a decisions file of unspin"):
        read_decisions(path)
    assert run("apply", "decisions.json").exit_code == 3
    assert run("learn", "--decisions", "decisions.json", "-o", "a.tsv").exit_code == 3


@pytest.mark.parametrize("depth", EDGE)
def test_decisions_that_are_read_and_cannot_be_shown(folder: Path, depth: int) -> None:
    files = f'[{{"path": {nested(depth)}, "encoding": null, "sha256": "", "articles": []}}]'
    path = folder / "decisions.json"
    path.write_text(f'{{"type": "decisions", "version": 1, "files": {files}}}')
    with pytest.raises(InputError, match="is not a decisions file of unspin"):
        read_decisions(path)


@pytest.mark.parametrize("line", [DEEP, '{"id": ' + DEEP])
def test_pairs(folder: Path, line: str) -> None:
    path = folder / "pairs.jsonl"
    path.write_text(f'{{"id": "1", "spinner": "A", "original": "", "spun": ""}}\n{line}\n')
    with pytest.raises(DataError, match=r"pairs.jsonl, line 2: expected a JSON object"):
        list(read_pairs([path]))


@pytest.mark.parametrize("depth", EDGE)
def test_pairs_that_are_read_and_cannot_be_shown(folder: Path, depth: int) -> None:
    path = folder / "pairs.jsonl"
    path.write_text(f'{{"id": {nested(depth)}, "spinner": "A", "original": "", "spun": ""}}\n')
    with contextlib.suppress(DataError):
        (pair,) = read_pairs([path])
        assert pair.id == nested(depth)


def test_floors(folder: Path) -> None:
    (folder / "pairs.jsonl").write_text("")
    (folder / "floors.json").write_text(DEEP)
    result = run("evaluate", "--floors", "floors.json", "pairs.jsonl")
    assert result.exit_code == 3
    assert "floors.json: floors cannot be read" in result.stderr


def test_settings(folder: Path) -> None:
    (folder / "unspin.toml").write_text(f"kinds = {DEEP}")
    with pytest.raises(SettingsError, match=r"unspin.toml is not valid TOML"):
        read_settings(folder / "unspin.toml")


@pytest.mark.parametrize("line", [DEEP, "7", "null", '"article"'])
def test_a_corpus_is_read_up_to_a_line_that_is_no_record(folder: Path, line: str) -> None:
    (folder / "a.txt").write_text("It is mature.")
    assert run("batch", "a.txt", "out", "--workers", "0", "--manifest", "m.jsonl").exit_code == 0
    whole_ = read_corpus(folder / "m.jsonl")
    with (folder / "m.jsonl").open("a") as manifest:
        manifest.write(line + "\n")
    assert read_corpus(folder / "m.jsonl") == whole_
    (folder / "m.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match="is not a manifest of unspin batch"):
        read_corpus(folder / "m.jsonl")


def test_lines_of_a_manifest() -> None:
    assert whole(DEEP.encode() + b"\n") is None
    assert whole(b'{"type": "end"}\n') == {"type": "end"}


def test_resuming_spares_a_file_that_is_no_manifest(folder: Path) -> None:
    (folder / "a.txt").write_text("It is mature.")
    for content in (DEEP + "\n", "not json\nat all\n", '{"type": "article"}\n'):
        (folder / "m.jsonl").write_text(content)
        result = run(*"batch a.txt out --workers 0 --resume --manifest m.jsonl".split())
        assert result.exit_code == 3
        assert "m.jsonl is not a manifest of unspin batch" in result.stderr
        assert (folder / "m.jsonl").read_text() == content
    # A run that was killed at its first line starts anew.
    (folder / "m.jsonl").write_text('{"type": "ru')
    assert run(*"batch a.txt out --workers 0 --resume --manifest m.jsonl".split()).exit_code == 0


def test_records_are_broken_or_pass(folder: Path) -> None:
    lines = [f'{{"text": "It is mature.", "x": {nested(depth)}}}' for depth in EDGE]
    lines.append(f'{{"text": "It is mature.", "x": {DEEP}}}')
    (folder / "a.jsonl").write_text("\n".join(lines) + "\n")
    for action in ("--fix", "--annotate", "--drop-spun"):
        done = run("batch", "a.jsonl", f"out{action}.jsonl", action, "--workers", "0")
        assert done.exit_code == 3, done.stderr
        manifest = folder / f"out{action}.jsonl.manifest.jsonl"
        statuses = [json.loads(line)["status"] for line in manifest.read_text().splitlines()[1:-2]]
        assert len(statuses) == len(lines)
        assert statuses[-1] == "failed"
        assert statuses[0] == {"--fix": "edited", "--drop-spun": "skipped"}.get(action, "unchanged")
        if action == "--drop-spun":
            rejects = manifest.with_name("out--drop-spun.jsonl.manifest.rejected.jsonl")
            kept = rejects.read_text().splitlines()
            found = [json.loads(line)["record"]["text"] for line in kept]
            assert found == ["It is mature."] * statuses.count("skipped")
        assert read_corpus(manifest).articles


def test_a_reject_that_cannot_be_written_whole_keeps_its_texts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_deep(_source: JsonLines, _record: object) -> None:
        raise RecursionError

    (folder / "a.jsonl").write_text('{"id": 7, "text": "It is mature."}\n')
    monkeypatch.setattr(JsonLines, "original", too_deep)
    assert run("batch", "a.jsonl", "b.jsonl", "--drop-spun", "--workers", "0").exit_code == 0
    (line,) = (folder / "b.jsonl.manifest.rejected.jsonl").read_text().splitlines()
    assert json.loads(line)["record"] == {"text": "It is mature."}
    (article,) = read_corpus(folder / "b.jsonl.manifest.jsonl").articles
    assert article.reason == "spun"
