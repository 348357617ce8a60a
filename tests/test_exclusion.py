"""Files that a settings file leaves out: the patterns, and every command that honours them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from invoke import run, work_in
from test_batch import articles
from unspin.errors import SettingsError
from unspin.exclusion import Exclusion, is_excluded
from unspin.settings_file import read_exclusion

SPUN = "It is mature."


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("drafts", "drafts/a.txt", True),
        ("drafts/", "news/drafts/old/a.txt", True),
        ("drafts", "news/drafts.txt", False),
        ("/drafts", "drafts/a.txt", True),
        ("/drafts", "news/drafts/a.txt", False),
        ("news/drafts", "news/drafts/a.txt", True),
        ("news/drafts", "old/news/drafts/a.txt", False),
        ("**/news/drafts/", "old/news/drafts/a.txt", True),
        ("**/news/drafts", "news/drafts/a.txt", True),
        ("./news/*.md", "news/2024/a.md", True),
        ("*.md", "a.md", True),
        ("*.md", "news/a.md", True),
        ("*.md", "news.md/a.txt", True),
        ("*.md", "news/a.mdx", False),
        ("part-[0-9].*", "in/part-3.csv", True),
        ("part*", "part/x.csv", True),
        ("", "a.md", False),
        ("/", "a.md", False),
    ],
)
def test_patterns(pattern: str, path: str, expected: bool) -> None:
    assert is_excluded(path, [pattern]) is expected


def test_patterns_are_about_what_lies_below_the_settings_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    (project / "news").mkdir(parents=True)
    exclusion = Exclusion(project / "unspin.toml", ("*.md", "news/old"))
    assert exclusion.holds(project / "news" / "a.md")
    assert exclusion.holds(project / "x" / ".." / "news" / "old" / "a.txt")
    assert not exclusion.holds(tmp_path / "a.md")
    assert not Exclusion().holds(project / "a.md")
    monkeypatch.chdir(project / "news")
    assert Exclusion(Path("..", "unspin.toml"), ("news/a.txt",)).holds(Path("a.txt"))


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_a_folder_named_through_a_link_is_the_folder(tmp_path: Path) -> None:
    (tmp_path / "project" / "news").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "project", target_is_directory=True)
    exclusion = Exclusion(tmp_path / "project" / "unspin.toml", ("news/*",))
    assert exclusion.holds(tmp_path / "link" / "news" / "a.txt")
    assert Exclusion(tmp_path / "link" / "unspin.toml", ("news/*",)).holds(
        tmp_path / "project" / "news" / "a.txt"
    )


@pytest.mark.parametrize("value", ['"drafts"', "[1]", "true"])
def test_patterns_are_strings(tmp_path: Path, value: str) -> None:
    path = tmp_path / "unspin.toml"
    path.write_text(f"ranker = 'features'\nexclude = {value}\n")
    with pytest.raises(SettingsError, match=r"unspin.toml:2: exclude is .*; use a list of strings"):
        read_exclusion(path)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with spun files, some of them left out."""
    work_in(tmp_path, monkeypatch)
    for name in ("a.txt", "news/b.txt", "news/drafts/c.txt", "generated.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(SPUN)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.unspin]\nmin-confidence = 0.5\nexclude = ["drafts/", "/generated.md"]\n'
    )
    return tmp_path


def test_check_passes_over_files_that_it_is_given(folder: Path) -> None:
    found = run("check", "--format", "json", "a.txt", "news/drafts/c.txt")
    assert {json.loads(line)["path"] for line in found.stdout.splitlines()} == {"a.txt"}
    assert found.stderr == "left out, as exclude in pyproject.toml says: news/drafts/c.txt\n"
    assert found.exit_code == 1


@pytest.mark.parametrize("command", [["check"], ["fix"], ["fix", "--write"], ["fix", "--diff"]])
def test_nothing_but_files_left_out_is_no_call_for_standard_input(
    folder: Path, command: list[str]
) -> None:
    result = run(*command, "generated.md", "news/drafts/c.txt", stdin="is mature")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "left out, as exclude in pyproject.toml says: 2 files\n"
    assert (folder / "generated.md").read_text() == SPUN


def test_a_hook_that_lists_all_files_fixes_the_others(folder: Path) -> None:
    assert run("fix", "--write", "a.txt", "generated.md", "news/b.txt").exit_code == 0
    assert (folder / "a.txt").read_text() == "It is used."
    assert (folder / "news" / "b.txt").read_text() == "It is used."
    assert (folder / "generated.md").read_text() == SPUN


def test_standard_input_and_isolated_runs_leave_nothing_out(folder: Path) -> None:
    assert run("fix", "-", stdin=SPUN).stdout == "It is used."
    assert run("fix", "--isolated", "generated.md").stdout == "It is used."


def test_a_settings_file_further_up_is_where_patterns_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / "news")
    result = run("check", "--summary", "b.txt", "drafts/c.txt", "../generated.md")
    assert result.stdout.startswith("b.txt: spun")
    assert len(result.stdout.splitlines()) == 1
    assert "2 files" in result.stderr


def test_explain_shows_what_it_is_asked(folder: Path) -> None:
    assert "generated.md:1:7" in run("explain", "generated.md").stdout


def test_batch_leaves_files_and_whole_folders_out(folder: Path) -> None:
    done = run("batch", ".", "out", "--workers", "0", "--exclude", "pyproject.toml")
    assert done.exit_code == 0, done.stderr
    assert sorted(articles(folder / "out" / "unspin-manifest.jsonl")) == ["a.txt", "news/b.txt"]
    assert not (folder / "out" / "generated.md").exists()
    (folder / "list").write_text("a.txt\nnews/drafts/c.txt\n")
    assert run("batch", "@list", "more", "--workers", "0").exit_code == 0
    assert sorted(articles(folder / "more" / "unspin-manifest.jsonl")) == ["a.txt"]


def test_batch_of_nothing_but_files_left_out_says_so(folder: Path) -> None:
    for number, input_ in enumerate(("news/drafts", "generated.md", "news/drafts/*.txt")):
        done = run("batch", input_, "out", "--workers", "0", "--manifest", f"{number}.jsonl")
        assert done.exit_code == 0, done.stderr
        assert f"{input_}: every file is left out by --exclude or by exclude" in done.stderr
        assert "0 edited" in done.stderr


def test_report_passes_over_them_in_folders_and_by_name(folder: Path) -> None:
    done = run("report", ".", "news/drafts/c.txt", "-o", "page.html")
    assert "page.html: 2 articles" in done.stderr
    assert "left out, as exclude in pyproject.toml says: news/drafts/c.txt" in done.stderr
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "generated.md" not in page
    assert "news/b.txt" in page
