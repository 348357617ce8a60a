"""Commands run in this process, in a folder of their own and with a restorer that is quick."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from test_batch import BatchRestorer
from unspin.cli import main
from unspin.commands import options


def work_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, which is the working directory from now on; commands get a ``BatchRestorer``."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(options, "build_restorer", BatchRestorer)
    return folder


def run(*args: str, stdin: str = "") -> Result:
    """What ``unspin`` with these arguments printed, and its exit code."""
    return CliRunner().invoke(main, args, input=stdin, prog_name="unspin")
