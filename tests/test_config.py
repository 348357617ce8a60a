"""Settings files: the nearest one counts, options go first, mistakes name what is expected."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from invoke import work_in
from unspin.cli import main
from unspin.errors import SettingsError
from unspin.settings import Settings
from unspin.settings_file import find_settings_file, read_settings, settings_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with an article."""
    work_in(tmp_path, monkeypatch)
    (tmp_path / "a.txt").write_text("is mature, started started")
    return tmp_path


def batch(*args: str) -> Any:
    """The result of a batch of the article."""
    return CliRunner().invoke(main, ["batch", "a.txt", "out", "--workers", "0", *args])


def test_batch_takes_its_settings_from_the_nearest_file(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.unspin]\nkinds = ["doubled"]\n')
    assert batch().exit_code == 0
    assert (folder / "out" / "a.txt").read_text() == "is mature, started"
    (folder / "unspin.toml").write_text("min-confidence = 0.999\n")
    assert batch("--manifest", "m2.jsonl").exit_code == 0
    assert (folder / "out" / "a.txt").read_text() == "is mature, started started"
    assert batch("--manifest", "m3.jsonl", "--min-confidence", "0.5").exit_code == 0
    assert (folder / "out" / "a.txt").read_text() == "is used, started"


def test_an_unknown_key_names_the_file_the_line_and_the_keys(folder: Path) -> None:
    (folder / "unspin.toml").write_text("# comment\nmin-confidense = 0.9\n")
    result = batch()
    assert result.exit_code == 3
    assert "unspin.toml:2: min-confidense is not a setting; expected one of" in result.stderr
    for field in fields(Settings):
        assert field.name.replace("_", "-") in result.stderr
    assert not (folder / "out").exists()


def test_a_project_without_our_table_is_passed_over(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    (tmp_path / "unspin.toml").write_text('ignore-words = ["mature"]\n')
    found = find_settings_file(inner)
    assert found is not None
    assert found.samefile(tmp_path / "unspin.toml")
    assert read_settings(found).ignore_words == {"mature"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ranker = 1", "use a string"),
        ('ranker = "best"', "use one of"),
        ("kinds = ['no-such']", "is not a kind"),
        ("ignore-patterns = ['(']", "not a regular expression"),
        ("min-confidence = 2", "use 0 to 1"),
        ("nonsense", "not valid TOML"),
    ],
)
def test_a_value_that_cannot_be_used_says_why(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "unspin.toml"
    path.write_text(line + "\n")
    with pytest.raises(SettingsError, match=message) as caught:
        read_settings(path)
    assert "unspin.toml" in str(caught.value)


def test_isolated_reads_no_file_and_config_reads_that_one(folder: Path) -> None:
    (folder / "unspin.toml").write_text("min-confidence = 0.999\n")
    (folder / "pyproject.toml").write_text("[tool.unspin]\nmin-confidense = 1\n")
    (folder / "other.toml").write_text('kinds = ["doubled"]\n')
    cases = {
        (): "is mature, started started",
        ("--isolated",): "is used, started",
        ("--isolated", "--kinds", "synonym"): "is used, started started",
        ("--config", "other.toml"): "is mature, started",
        ("--settings", "other.toml"): "is mature, started",
    }
    for number, (given, expected) in enumerate(cases.items()):
        assert batch("--manifest", f"{number}.jsonl", *given).exit_code == 0
        assert (folder / "out" / "a.txt").read_text() == expected, given
    both = batch("--isolated", "--config", "other.toml")
    assert both.exit_code == 2
    assert "choose one of them" in both.stderr
    missing = batch("--config", "nowhere.toml")
    assert missing.exit_code == 3
    assert "nowhere.toml cannot be read (No such file or directory)" in missing.stderr
    wrong = batch("--config", "pyproject.toml")
    assert "pyproject.toml:2: min-confidense is not a setting; expected one of" in wrong.stderr


@pytest.mark.parametrize("name", ["fix", "check", "explain", "evaluate", "batch"])
def test_every_command_with_settings_can_do_without_a_file(name: str) -> None:
    help_ = CliRunner().invoke(main, [name, "--help"]).stdout
    assert "--isolated" in help_
    assert "--config, --settings FILE" in help_


def test_a_table_of_plain_values_makes_settings(tmp_path: Path) -> None:
    made = settings_of({"ignore_words": ["x"], "lexicons": ["a.tsv"]}, tmp_path)
    assert made.ignore_words == {"x"}
    assert made.lexicons == (tmp_path / "a.tsv",)
    with pytest.raises(SettingsError, match=r"^nonsense is not a setting; expected one of alt"):
        settings_of({"nonsense": 1}, tmp_path)
    with pytest.raises(SettingsError, match=r"^exclude is not a setting"):  # it is of files
        settings_of({"exclude": []}, tmp_path)
