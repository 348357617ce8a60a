"""The command line: the cases of fixtures/cli, and what a case file cannot say."""

from __future__ import annotations

import codecs
import gc
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tiny_restorer import TinyRestorer
from unspin.cli import COMMANDS, main
from unspin.commands import options, streams
from unspin.errors import DataError
from unspin.settings import Settings

FIXTURES = Path(__file__).parents[1] / "fixtures" / "cli"
CASES = sorted(FIXTURES.glob("*.toml"))
KEYS = frozenset(
    ["label", "args", "stdin", "status", "stdout", "stderr", "error", "files", "after"]
)
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command line in an empty folder, with the tiny restorer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(options, "build_restorer", TinyRestorer)

    def call(*args: str, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(main, args, input=stdin, prog_name="unspin")

    return call


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_case(run: Run, tmp_path: Path, path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    assert set(case) <= KEYS
    for name, content in case.get("files", {}).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content.encode())
    result = run(*case["args"], stdin=case.get("stdin", "").encode())
    if "error" in case:
        assert result.stderr.splitlines()[-1] == case["error"]
    else:
        assert result.stderr == case.get("stderr", "")
    assert result.stdout_bytes.decode() == case.get("stdout", "")
    assert result.exit_code == case["status"]
    for name, content in case.get("after", {}).items():
        assert (tmp_path / name).read_bytes() == content.encode()


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + b"is mature\r\n",
        codecs.BOM_UTF16_LE + "is mature\r\n“”".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "is mature\n".encode("utf-16-be"),
    ],
)
def test_marks_and_encodings_are_kept(run: Run, data: bytes) -> None:
    wide = data[1:2] != b"\xbb"
    encoding = {b"\xff": "utf-16-le", b"\xfe": "utf-16-be"}.get(data[:1], "utf-8")
    mark, body = (data[:2], data[2:]) if wide else (data[:3], data[3:])
    result = run("fix", stdin=data)
    assert result.stdout_bytes == mark + body.decode(encoding).replace("mature", "used").encode(
        encoding
    )
    assert result.stderr == ""


def test_broken_bytes_survive_and_are_noted(run: Run) -> None:
    result = run("fix", stdin=b"caf\xe9 mature")
    assert result.stdout_bytes == b"caf\xe9 used"
    assert result.stderr == (
        "<stdin> is not all UTF-8 (1 byte kept as found): if words look wrong, name the encoding, "
        "as in --encoding cp1252\n"
    )
    assert result.exit_code == 0


def test_named_encoding_is_used_both_ways(run: Run) -> None:
    result = run("fix", "--encoding", "cp1252", stdin=b"\x93caf\xe9\x94 mature")
    assert result.stdout_bytes == b"\x93caf\xe9\x94 used"


def test_diff_applies_with_patch_even_with_mark_and_broken_bytes(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(codecs.BOM_UTF8 + b"mature caf\xe9\r\nstarted started")
    diff = run("fix", "--diff", "a.txt").stdout_bytes
    try:
        done = subprocess.run(["patch", "--binary", "-p0"], input=diff, capture_output=True)
    except FileNotFoundError:
        pytest.skip("patch is not installed")
    assert done.returncode == 0, done.stdout
    assert path.read_bytes() == codecs.BOM_UTF8 + b"used caf\xe9\r\nstarted"


def test_json_escapes_undecodable_bytes(run: Run) -> None:
    result = run("fix", "--format", "json", stdin=b"caf\xe9 mature")
    record = json.loads(result.stdout_bytes.decode("utf-8"))
    assert record["text"] == "caf\udce9 used"
    assert record["path"] == "<stdin>"


def test_colours_on_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "colours", lambda: True)
    for args in (["check"], ["fix", "--diff"]):
        output = run(*args, stdin=b"is mature\x1b[2J").stdout
        assert "\x1b[" in output
        assert "\x1b[2J" not in output


@pytest.mark.parametrize(
    ("variables", "shown"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_when_colours_are_shown(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], shown: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", _Terminal())
    assert streams.colours() is shown


class _Terminal:
    def isatty(self) -> bool:
        return True


def test_options_become_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []

    def build(settings: Settings) -> TinyRestorer:
        seen.append(settings)
        return TinyRestorer(settings)

    monkeypatch.setattr(options, "build_restorer", build)
    run(
        *("fix", "--ranker", "frequency", "--strip-boilerplate", "--spinner", "A"),
        *("--lexicon", "a.tsv", "--lexicon", "b.tsv", "--language-model", "c.arpa"),
    )
    assert seen == [
        Settings(
            ranker="frequency",
            strip_boilerplate=True,
            spinner="A",
            lexicons=(Path("a.tsv"), Path("b.tsv")),
            language_model=Path("c.arpa"),
        )
    ]


def test_data_errors_exit_with_3(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_settings: Settings) -> None:
        raise DataError("a.tsv is missing")

    monkeypatch.setattr(options, "build_restorer", broken)
    result = run("check")
    assert (result.exit_code, result.stderr) == (3, "Error: a.tsv is missing\n")


def test_ctrl_c_is_not_a_finding(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_settings: Settings) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(options, "build_restorer", interrupted)
    assert run("check").exit_code == 130


def test_full_output_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(streams, "_put", full)
    result = run("fix", stdin=b"text")
    assert result.exit_code == 3
    assert result.stderr == "Error: " + streams.STDOUT_FAILED.format(
        reason="No space left on device"
    ) + "\n"  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    script = (
        "import sys; sys.argv = ['unspin', 'fix']\n"
        "from unspin.commands import options, streams\n"
        "class Same:\n"
        "    def restore(self, text):\n"
        "        raise BrokenPipeError(32, 'Broken pipe')\n"
        "options.build_restorer = lambda settings: Same()\n"
        "from unspin.cli import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=b"text", capture_output=True, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_start_imports_nothing_heavy() -> None:
    script = (
        "import sys, unspin.cli\n"
        "print(*sorted({'numpy', 'rich', 'ftfy', 'kenlm', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("\n", "")


@pytest.mark.parametrize("name", COMMANDS)
def test_help(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert len(result.stdout) > 200


def test_garbage_is_collected_as_before_once_a_command_is_done(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("It is fine.\n", encoding="utf-8")
    before = gc.get_threshold()
    seen = []
    each = streams.each_file

    def watched(*arguments: object) -> bool:
        seen.append(gc.get_threshold())
        return each(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(streams, "each_file", watched)
    assert run("fix", "a.txt").stdout == "It is fine.\n"
    assert seen[0][0] > before[0]
    assert gc.get_threshold() == before
