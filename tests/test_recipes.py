"""The recipes of the documentation run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from components import need
from test_hooks import hooks

RECIPES = Path(__file__).parents[1] / "docs" / "recipes.md"
TITLED = re.compile(r"^## (?P<title>[^\n]+)\n(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RESTORED = "The controversy started last month."
# What each prints.
PRINTS = {
    "Hugging Face datasets": (
        f"{RESTORED} [[16, 31, 'started started', 'started']]\n"
        "2 ['id', 'text', 'spin_score', 'edits']\n"
    ),
    "Plain multiprocessing": re.compile(rf"(0\.\d\d {re.escape(RESTORED)}\n){{40}}"),
    "Choosing among the edits": f"{RESTORED}\n",
}


def blocks(language: str) -> dict[str, str]:
    """The blocks of that language by the title above them; one a section."""
    found = {}
    for section in TITLED.finditer(RECIPES.read_text(encoding="utf-8")):
        programs = [text for name, text in BLOCK.findall(section["text"]) if name == language]
        assert len(programs) <= 1
        if programs:
            found[section["title"]] = programs[0]
    return found


def test_every_program_is_run() -> None:
    assert set(blocks("python")) == set(PRINTS)


@pytest.mark.parametrize("title", PRINTS)
def test_programs_print_what_they_should(tmp_path: Path, title: str) -> None:
    if "datasets" in title:
        need("datasets")
    program = tmp_path / "recipe.py"
    program.write_text(blocks("python")[title], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    expected = PRINTS[title]
    if isinstance(expected, str):
        assert done.stdout == expected
    else:
        assert expected.fullmatch(done.stdout)


def test_the_hooks_of_the_recipe_exist() -> None:
    config = need("yaml").safe_load(blocks("yaml")["pre-commit"])
    assert {hook["id"] for hook in config["repos"][0]["hooks"]} <= set(hooks())
