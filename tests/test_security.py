"""What users hand in is data: nothing of it is run, and no name leads out of its folder."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from unspin.batch import undo
from unspin.errors import UnspinError

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "unspin"
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "__pycache__" not in p.parts)
# These run code that is given as text, read objects that run code when they
# are read, or start programs.
FORBIDDEN_CALLS = frozenset({"eval", "exec", "compile", "__import__", "breakpoint"})
FORBIDDEN_MODULES = frozenset(
    {
        *("pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"),
        *("subprocess", "pty", "socket", "ssl", "ftplib", "smtplib", "telnetlib", "requests"),
        *("http", "xmlrpc", "code", "codeop", "runpy", "yaml"),
    }
)
FORBIDDEN_ATTRIBUTES = frozenset(
    {"os.system", "os.popen", "os.execv", "os.execvp", "os.spawnv", "os.startfile"}
)
# Training reads checkpoints of its own; it never runs where texts are restored.
TRAINING = "learn"
RUN_TIME = [p for p in MODULES if p.relative_to(PACKAGE).parts[0] != TRAINING]


def offences(tree: ast.AST) -> Iterator[str]:
    """What a module must not do, with line numbers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        else:
            names = []
        for name in names:
            if name.partition(".")[0] in FORBIDDEN_MODULES:
                yield f"line {node.lineno}: imports {name}"
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in FORBIDDEN_CALLS or called in FORBIDDEN_ATTRIBUTES:
            yield f"line {node.lineno}: calls {called}"
        for keyword in node.keywords:
            allows = keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False"
            if allows or (keyword.arg == "shell" and ast.unparse(keyword.value) != "False"):
                yield f"line {node.lineno}: {called} with {keyword.arg}"


@pytest.mark.parametrize("path", RUN_TIME, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_no_code_is_made_of_data(path: Path) -> None:
    assert list(offences(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from subprocess import run",
        "import http.client",
        "eval(text)",
        "np.load(path, allow_pickle=True)",
        "import os\nos.system('x')",
        "run(x, shell=True)",
    ],
)
def test_the_check_would_find_it(source: str) -> None:
    assert list(offences(ast.parse(source)))


def test_arrays_are_read_without_pickle() -> None:
    for path in MODULES:
        if path.relative_to(PACKAGE).parts[0] == TRAINING:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "np.load":
                # numpy's own default is allow_pickle=False since 1.16.3.
                given = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert given.get("allow_pickle", "False") == "False"


ESCAPES = (
    "../secret.txt",
    "/etc/hostname",
    "a/../../secret.txt",
    "link/secret.txt",
    "C:x",
    "..\\x",
    "",
)


@pytest.mark.parametrize("name", ESCAPES)
def test_manifest_cannot_lead_out_of_its_folder(tmp_path: Path, name: str) -> None:
    site = tmp_path / "site"
    (site / ".unspin" / "unspin-manifest.backup").mkdir(parents=True)
    secret = tmp_path / "secret.txt"
    secret.write_text("untouched")
    (site / "link").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "unspin-manifest.backup").mkdir()
    manifest = site / ".unspin" / "unspin-manifest.jsonl"
    lines = [
        {"type": "run", "in_place": True, "root": ".."},
        {"type": "file", "status": "done", "path": name, "sha256_in": "0", "sha256_out": None},
    ]
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    before = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*"))
    try:
        outcomes = list(undo(manifest))
    except UnspinError:
        outcomes = []
    assert not any(outcome.restored for outcome in outcomes)
    assert secret.read_text() == "untouched"
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")) == before
