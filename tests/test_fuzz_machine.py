"""A session with the command line in a folder of hostile files, made up by hypothesis.

Whatever is asked of whatever files: an exit code of the documented ones, no
traceback, inputs untouched unless asked, and a batch in place that can be undone.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from test_fuzz import FRAGMENTS, SPUN
from tiny_restorer import TinyRestorer
from unspin.cli import main
from unspin.commands import options
from unspin.errors import DataError
from unspin.lexicon import HEADER, SpinLexicon
from unspin.records import Provenance

TINY = "put up, mature and counterfeit consciousness the least bit; started started. "
NAMES = (
    "a",
    "b c",
    "new\nline",
    "ünï",
    "-dash",
    "'q\"",
    "star*",
    "[x]",
    "@list",
    "per%cent",
    "\udcff",
)
ENDINGS = (
    ".txt",
    ".md",
    ".html",
    ".jsonl",
    ".csv",
    ".tsv",
    ".jsonl.gz",
    ".jsonl.zst",
    ".parquet",
    "",
)
contents = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from([*FRAGMENTS, SPUN, TINY, TINY]), max_size=12).map(
        lambda parts: "".join(parts).encode("utf-8", "surrogatepass")
    ),
    st.lists(st.sampled_from([*FRAGMENTS, TINY]), max_size=6).map(
        lambda parts: json.dumps({"n": 10**50, "text": "".join(parts)}).encode() + b"\n"
    ),
    st.sampled_from(
        [
            b'{"id": ' + b"9" * 5000 + b', "text": "put up"}\n',
            b'{"text": ' + b"[" * 3000,
            b'{"x": 1e999, "text": "mature"}\n',
            gzip.compress(b'{"text": "mature"}\n')[:-6],
            b"\xff\xfeo\x00n\x00e\x00",
            b"text,n\n" + TINY.encode() + b",1\n",
            b'text\n"never closed',
            b"PAR1",
        ]
    ),
)
SETTINGS = (
    "min-confidence = 2\n",
    "min-confidence = nan\n",
    "ignore-patterns = ['(']\n",
    "kinds = [1]\n",
    "[[tool]]\n",
    "\0",
    "lexicons = 3\n",
    "alternatives = 99999999999999999999\n",
    "ignore-words = ['mature']\n",
    "unknown = 1\n",
)
FLAGS = (
    *(["--diff"], ["--format", "json"], ["--format", "text"], ["--format", "sarif"], ["--summary"]),
    *(["--encoding", "utf-16"], ["--encoding", "cp1252"], ["--encoding", "base64"]),
    *(["--min-confidence", "0.9"], ["--kinds", "all"], ["--kinds", ""], ["--stage", "tokens"]),
    *(["--annotate"], ["--drop-spun"], ["--resume"], ["--dry-run"], ["--exclude", "*.md"]),
    *(["--settings", "unspin.toml"], ["--field", "text"], ["--field", "no\nfield"]),
)


class Stub(TinyRestorer):
    provenance = Provenance("0", "0", "0", "0")


class CommandLine(RuleBasedStateMachine):
    """One folder, some files, and commands."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(options, "build_restorer", Stub)
        self.folder = Path(tempfile.mkdtemp(prefix="unspin-fuzz-"))
        self.patch.chdir(self.folder)
        self.files: dict[Path, bytes] = {}

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.folder)

    def run(self, *arguments: str, stdin: bytes = b"") -> Result:
        result = CliRunner().invoke(main, [str(a) for a in arguments], input=stdin)
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        assert result.exit_code in (0, 1, 2, 3)
        return result

    @rule(name=st.sampled_from(NAMES), ending=st.sampled_from(ENDINGS), data=contents)
    def write(self, name: str, ending: str, data: bytes) -> None:
        path = Path("in") / (name + ending)
        path.parent.mkdir(exist_ok=True)
        if path.is_symlink() or path.is_dir():
            return
        path.write_bytes(data)
        self.files[path] = data

    @rule(name=st.sampled_from(NAMES), to=st.sampled_from([".", "..", "loop.txt", "nothing"]))
    def link(self, name: str, to: str) -> None:
        path = Path("in") / f"{name}.link.txt"
        path.parent.mkdir(exist_ok=True)
        with suppress(FileExistsError):
            path.symlink_to(to if to != "loop.txt" else path.name)

    @rule(text=st.sampled_from(SETTINGS))
    def configure(self, text: str) -> None:
        Path("unspin.toml").write_text(text, encoding="utf-8")

    @rule()
    def configure_nothing(self) -> None:
        Path("unspin.toml").unlink(missing_ok=True)

    def names(self) -> list[str]:
        folder = Path("in")
        return sorted(os.path.join("in", n) for n in os.listdir(folder)) if folder.is_dir() else []

    @rule(
        command=st.sampled_from(["fix", "check", "explain"]),
        flags=st.lists(st.sampled_from(FLAGS), max_size=2),
        data=contents,
        into=st.booleans(),
    )
    def read(self, command: str, flags: list[list[str]], data: bytes, into: bool) -> None:
        extra = ["--output-dir", "out"] if into and command == "fix" else []
        names = self.names()
        given = [command, *(f for flag in flags for f in flag), *extra]
        self.run(*given, "--", *names, *([] if names else ["-"]), stdin=data)

    @rule(
        flags=st.lists(st.sampled_from(FLAGS), max_size=2),
        source=st.sampled_from(["in", "in/*", "@list.txt", "in/a.jsonl", "in/star*.txt", "\0"]),
    )
    def batch(self, flags: list[list[str]], source: str) -> None:
        listed = "\n".join([*map(repr, self.names()), *self.names(), "a\0b", "in/a.txt"])
        Path("list.txt").write_text(listed, encoding="utf-8", errors="surrogateescape")
        shutil.rmtree("out-batch", ignore_errors=True)
        self.run(
            "batch",
            *(f for flag in flags for f in flag),
            "--workers",
            "0",
            "--",
            source,
            "out-batch",
        )

    @rule()
    def batch_in_place_and_back(self) -> None:
        if not Path("in").is_dir():
            return
        shutil.rmtree("in/.unspin", ignore_errors=True)
        self.run("batch", "--in-place", "--workers", "0", "in")
        manifest = "in/.unspin/unspin-manifest.jsonl"
        if Path(manifest).exists():
            assert self.run("undo", manifest).exit_code == 0
        shutil.rmtree("in/.unspin", ignore_errors=True)

    @rule(
        data=contents, path=st.sampled_from(["../x", "/etc/passwd", "a.txt", "\0", "", "a/../../x"])
    )
    def undo_of_anything(self, data: bytes, path: str) -> None:
        header = {"type": "run", "in_place": True, "root": ".."}
        line = {
            "type": "file",
            "status": "done",
            "path": path,
            "sha256_in": "0",
            "sha256_out": None,
        }
        Path("made.jsonl").write_bytes(
            json.dumps(header).encode() + b"\n" + json.dumps(line).encode() + b"\n" + data
        )
        self.run("undo", "made.jsonl")
        Path("any.jsonl").write_bytes(data)
        self.run("undo", "any.jsonl")

    @invariant()
    def inputs_are_as_they_were(self) -> None:
        for path, data in self.files.items():
            assert path.read_bytes() == data


CommandLine.TestCase.settings = settings(
    max_examples=15, stateful_step_count=12, deadline=None, print_blob=True
)
TestCommandLine = CommandLine.TestCase


def undo(folder: Path, *lines: str) -> Result:
    """What undo says to a manifest with these lines after the first."""
    header = json.dumps({"type": "run", "in_place": True, "root": "."})
    (folder / "m.jsonl").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return CliRunner().invoke(main, ["undo", str(folder / "m.jsonl")])


@pytest.mark.parametrize(
    "failure",
    [
        "loop in a batch",
        "loop in fix",
        "NUL in a list",
        "NUL in undo",
        "number",
        "depth",
        "pattern",
    ],
)
def test_known_failures(failure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "build_restorer", Stub)
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (source / "a.txt").write_text("mature", encoding="utf-8")
    loop = source / "loop.txt"
    loop.symlink_to(loop.name)
    runner = CliRunner()
    if failure == "loop in a batch":
        done = runner.invoke(main, ["batch", "--workers", "0", str(source), str(target)])
    elif failure == "loop in fix":
        done = runner.invoke(main, ["fix", "--output-dir", str(target), str(loop)])
    elif failure == "NUL in a list":
        (tmp_path / "list").write_text("a\0b\n", encoding="utf-8")
        done = runner.invoke(main, ["batch", f"@{tmp_path / 'list'}", str(target)])
    elif failure == "NUL in undo":
        done = undo(tmp_path, json.dumps({"type": "file", "status": "done", "path": "a\0b"}))
    elif failure == "number":
        done = undo(tmp_path, "1.5")
    elif failure == "depth":
        done = undo(tmp_path, "[" * 100_000)
    else:  # a folder that holds itself is passed through forty times, or for ever if it has two
        (source / "again").symlink_to(source, target_is_directory=True)
        done = runner.invoke(main, ["batch", "--dry-run", str(source / "**" / "*.txt")])
        assert done.output.count("a.txt") == 1
    assert isinstance(done.exception, SystemExit | None)


@pytest.mark.parametrize("families", ["A:" + "9" * 400 + "/1", "A:-5/1"])
@pytest.mark.parametrize("weight", ["99999", "nan", "inf"])
def test_numbers_of_a_lexicon_are_checked(tmp_path: Path, families: str, weight: str) -> None:
    path = tmp_path / "words.tsv"
    columns = "# columns: spun\toriginal\tfamilies\n"
    path.write_text(f"{HEADER}\n{columns}mature\tused\t{families}\n", encoding="utf-8")
    with pytest.raises(DataError):
        SpinLexicon.read([path]).rules("mature")
    columns = "# columns: spun\toriginal\tweight\n"
    path.write_text(f"{HEADER}\n{columns}mature\tused\t{weight}\n", encoding="utf-8")
    with pytest.raises(DataError):
        SpinLexicon.read([path]).rules("mature")
