"""What real terminals see: colours or none, whole lines at any width."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.text import Text

pty = pytest.importorskip("pty", reason="terminals of POSIX")

TEXT = "It is mature, the least bit of it, and interrogate.\n" * 2
# The command line with the tiny restorer, as its own process on a terminal.
SCRIPT = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from tiny_restorer import TinyRestorer
from unspin.commands import options
options.build_restorer = TinyRestorer
from unspin.cli import main
main(prog_name="unspin")
"""


def on_terminal(folder: Path, args: list[str], columns: int, **variables: str) -> str:
    """What a program writes to a terminal of so many columns."""
    import fcntl
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), *args],
        stdout=slave,
        stderr=slave,
        cwd=folder,
        env={**environment, "TERM": "xterm-256color", **variables},
    )
    os.close(slave)
    output = b""
    try:
        while chunk := os.read(master, 65536):
            output += chunk
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(master)
    process.wait()
    return output.decode("utf-8").replace("\r\n", "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "b.txt").write_text("clean\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("args", [["check", "a.txt"], ["fix", "--diff", "a.txt"]])
@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_no_colours_where_none_are_wanted(
    folder: Path, args: list[str], variables: dict[str, str]
) -> None:
    shown = on_terminal(folder, args, 80, **variables)
    assert "\x1b" not in shown
    assert "mature" in shown


@pytest.mark.parametrize("columns", [20, 200])
def test_the_changed_words_of_a_diff_are_marked_at_any_width(folder: Path, columns: int) -> None:
    shown = on_terminal(folder, ["fix", "--diff", "a.txt"], columns)
    marked = re.findall(r"\x1b\[1;7;3[12]m(.*?)\x1b\[0m", shown)
    assert marked == ["mature", "the least bit"] * 2 + ["used", "at all"] * 2
    lines = Text.from_ansi(shown).plain.splitlines()
    assert lines[3:] == [
        *["-It is mature, the least bit of it, and interrogate."] * 2,
        *["+It is used, at all of it, and interrogate."] * 2,
    ]


def test_a_summary_is_a_line_for_each_file_and_a_count(folder: Path) -> None:
    shown = on_terminal(folder, ["check", "--summary", "a.txt", "b.txt"], 30)
    assert "\x1b[1;31m" in shown
    assert Text.from_ansi(shown).plain.splitlines() == [
        "a.txt: spun 0.99, 25 % of words, family A, 4 edits, 2 suggestions",
        "b.txt: clean 0.01, 0 edits",
        "2 files: 1 spun, 1 clean",
    ]
