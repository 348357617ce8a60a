"""The shape of the project: import order, no hidden state, documented commands and data."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import click
import pytest

from unspin.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "unspin"

# The way of the data: a module may import only modules before it. A package
# counts as one; inside it the modules are free.
ORDER = (
    *("version", "errors", "records", "settings", "exclusion", "settings_file", "resources"),
    *("files", "sources"),
    "frequencies",
    "tokens",
    *("characters", "names", "protect"),
    *("spinners", "lexicon", "importing", "spelling", "wordforms", "inflect", "thesaurus"),
    *("trees", "composition"),
    *("language_model", "garble"),
    "lattice",
    "rank",
    *("decoder", "document", "recognition", "verdict", "rate", "calibration", "weights"),
    *("edits", "terms", "torn", "gate", "flags", "markup", "decisions"),
    *("models", "glance", "restorer"),
    *("gold", "diffing", "pairs", "evaluate"),
    *("report", "batch", "corpus"),
    "integrations",
    *("commands", "cli", "__main__"),
)
# Only the command that trains may import these, and only when it runs.
LEARN = "learn"
LEARN_COMMANDS = ("commands/learn.py",)
# What SPDX calls the licences of the data; add one when data needs it.
# A LicenseRef is one that SPDX has no name for; its text is in dictionaries/LICENSES.
LICENCES = frozenset(
    {"MIT", "BSD-2-Clause", "Apache-2.0", "CC-BY-4.0", "CC0-1.0", "LicenseRef-WordNet-3.0"}
)
MOST_LINES = 400
_MUTABLE = (ast.List, ast.Set, ast.ListComp, ast.SetComp)
_TABLES = (ast.Dict, ast.DictComp)  # allowed as constants that nobody changes
_MUTABLE_CALLS = frozenset(
    {"list", "set", "bytearray", "defaultdict", "Counter", "deque", "OrderedDict"}
)
_CHANGES = frozenset({"update", "setdefault", "pop", "popitem", "clear"})

MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "__pycache__" not in p.parts)
IDS = [str(p.relative_to(PACKAGE)) for p in MODULES]


def home(path: Path) -> str:
    """The module or package directly under ``unspin`` that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """What of unspin is imported, as names directly under it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "unspin":
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unspin."):
            yield (node.module or "").split(".")[1], node
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("unspin."):
                    yield alias.name.split(".")[1], node


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_imports_follow_the_data(path: Path) -> None:
    own = home(path)
    if own in (LEARN, "__init__"):  # the workshop and the public interface see everything
        return
    assert own in ORDER, f"put {own} where it belongs in ORDER"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for name, node in imports(tree):
        if name in (LEARN, own):
            continue
        assert name in ORDER, f"line {node.lineno}: import {name} from its own module"
        assert ORDER.index(name) < ORDER.index(own), f"line {node.lineno}: {own} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_modules_of_the_core_need_no_extra(path: Path) -> None:
    if home(path) not in (LEARN, "integrations", "__main__"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        importlib.import_module(".".join(parts).removesuffix(".__init__"))


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_training_is_not_imported_at_run_time(path: Path) -> None:
    if home(path) == LEARN:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for name, node in imports(tree) if name == LEARN]
    if str(path.relative_to(PACKAGE).as_posix()) in LEARN_COMMANDS:
        found = [node for node in found if node in tree.body]
    assert [node.lineno for node in found] == []


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_no_module_holds_mutable_state(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names = [t.id for t in node.targets if isinstance(t, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            continue
        if names == ["__all__"]:
            continue
        assert not mutable(node.value), f"line {node.lineno}: {names} can be changed"
        if table(node.value):
            assert all(name.isupper() for name in names), f"line {node.lineno}: a constant?"
            assert changes(tree, names) == [], f"{names} is changed in these lines"
    assert not [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Global)]


def table(value: ast.expr | None) -> bool:
    """Whether a module-level value is a dictionary."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "dict"
    return isinstance(value, _TABLES)


def changes(tree: ast.AST, names: list[str]) -> list[int]:
    """The lines that store into, delete from or call a changing method of a name."""
    found = []
    for node in ast.walk(tree):
        stores = isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)
        calls = isinstance(node, ast.Attribute) and node.attr in _CHANGES
        if stores or calls:
            target = getattr(node, "value", None)
            if isinstance(target, ast.Name) and target.id in names:
                found.append(getattr(node, "lineno", 0))
    return found


def mutable(value: ast.expr | None) -> bool:
    """Whether a module-level value can change under its readers."""
    if isinstance(value, ast.Call):
        function = value.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        return name in _MUTABLE_CALLS
    return isinstance(value, _MUTABLE)


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_modules_are_documented_and_of_readable_size(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not source or ast.get_docstring(ast.parse(source))
    assert source.count("\n") <= MOST_LINES


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_and_options_have_help_and_stand_in_the_readme(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts[0]}"
    assert f"unspin {name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def data_rows() -> list[list[str]]:
    """The cells of the table in dictionaries/README.md, header left out."""
    text = (ROOT / "dictionaries" / "README.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    return [row for row in rows if row[0].startswith("`")]


def data_files() -> list[str]:
    """Every shipped data file, as the table names it."""
    shipped = [p for p in (ROOT / "dictionaries").rglob("*") if p.suffix not in (".md", ".txt")]
    shipped += (PACKAGE / "data").rglob("*")
    return sorted(p.relative_to(ROOT).as_posix() for p in shipped if p.is_file())


@pytest.mark.parametrize("name", data_files())
def test_data_has_source_and_licence(name: str) -> None:
    rows = [row for row in data_rows() if fnmatch(name, row[0].strip("`"))]
    assert len(rows) == 1, f"{name} needs one line in dictionaries/README.md"
    _, content, source, licence = rows[0]
    assert content
    assert source
    assert set(re.split(" (?:AND|OR) ", licence)) <= LICENCES


def test_table_names_no_missing_data() -> None:
    names = data_files()
    for row in data_rows():
        assert any(fnmatch(name, row[0].strip("`")) for name in names), row[0]


def test_no_path_of_somebodys_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    # Written apart, so that this file does not find itself.
    pattern = re.compile(rb"(?<![\w./])/(?:" + b"root|" + b"work|" + rb"home/\w+)/")
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and path.suffix in (".py", ".md", ".toml", ".json", ".tsv", ""):
            assert not pattern.search(path.read_bytes()), name
