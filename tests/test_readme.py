"""The README and docs/ say what the program does: examples run, command lines parse, links lead somewhere."""  # noqa: E501

from __future__ import annotations

import doctest
import re
import shlex
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from unspin.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
IDS = [page.relative_to(ROOT).as_posix() for page in PAGES]
MOST_PICTURE = 200_000
_ENDS = frozenset(["|", ">", ">>", "&&", ";", "||", "2>"])


def command_lines(page: Path) -> Iterator[list[str]]:
    """The arguments of every call of unspin in a page's code."""
    text = page.read_text(encoding="utf-8")
    for line in re.findall(r"^(?: {4}|\t)?(?:\$ )?(unspin [^`\n]+)$", text, re.MULTILINE):
        if not re.match(r"unspin [a-z-]", line):
            continue
        words = shlex.split(line, comments=True)
        if words[1] not in COMMANDS or any(word.startswith("[") for word in words):
            continue  # a sentence, or a summary of the options
        end = next((n for n, w in enumerate(words) if w in _ENDS or w.startswith(">")), len(words))
        yield [word for word in words[1:end] if word != "..."]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_command_line_is_one_that_the_program_takes(page: Path) -> None:
    for arguments in command_lines(page):
        command: click.Command = main
        parent = click.Context(main, info_name="unspin")
        while isinstance(command, click.Group):
            found = command.get_command(parent, arguments[0])
            assert found is not None, arguments
            command, arguments = found, arguments[1:]
        try:
            command.make_context(command.name, list(arguments), parent=parent)
        except click.UsageError as error:
            pytest.fail(f"unspin {command.name} {shlex.join(arguments)}: {error.format_message()}")


def test_command_lines_are_found() -> None:
    readme = [line[0] for line in command_lines(ROOT / "README.md")]
    assert set(readme) == set(COMMANDS)


def test_the_list_of_commands_in_the_readme_is_the_programs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `unspin ([a-z]+)` \| (.+) \|$", readme, re.MULTILINE)
    expected = []
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        expected.append((name, (command.help or "").split("\n\n")[0].replace("\n", " ")))
    assert listed == expected


EXAMPLES = [page for page in PAGES if ">>> " in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.name)
def test_examples_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_pictures_are_small_and_drawings_are_svg() -> None:
    pictures = [p for p in (ROOT / "docs").iterdir() if p.suffix in (".png", ".svg")]
    assert {"report.png", "lattice.svg"} <= {p.name for p in pictures}
    for picture in pictures:
        assert picture.stat().st_size < MOST_PICTURE
        if picture.suffix == ".svg":
            assert ET.parse(picture).getroot().tag.endswith("svg")
