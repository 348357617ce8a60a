"""What installing and importing costs. ``.ci/run`` builds, installs and runs the packages."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
IMPORT_SECONDS = 0.15
VERSION_SECONDS = 0.3
# Loaded when a text needs them, not when somebody asks for help.
HEAVY = ("numpy", "onnxruntime", "kenlm", "wordfreq", "symspellpy", "ftfy", "lemminflect", "rich")


def in_new_python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_import_is_fast() -> None:
    code = (
        "import os; before = os.times(); import unspin; after = os.times(); "
        "print(after.user - before.user + after.system - before.system)"
    )
    # Processor time, and the best of some: other work on the machine is not unspin's.
    assert min(float(in_new_python(code)) for _ in range(3)) < IMPORT_SECONDS


def test_version_is_fast() -> None:
    code = (
        "import os, runpy, sys, time; sys.argv = ['unspin', '--version']\n"
        "try: runpy.run_module('unspin', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "used = os.times(); print(used.user + used.system)"
    )
    lines = [in_new_python(code).splitlines() for _ in range(3)]
    assert all(line[0].startswith("unspin ") for line in lines)
    assert min(float(line[-1]) for line in lines) < VERSION_SECONDS


@pytest.mark.parametrize("code", ["import unspin", "import unspin.cli, unspin.commands.fix"])
def test_import_loads_no_model_library(code: str) -> None:
    loaded = in_new_python(code + "\nimport sys; print(*sys.modules, sep='\\n')").split()
    assert sorted(set(HEAVY) & set(loaded)) == []


def test_every_import_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = " ".join(project["dependencies"]).replace("-", "_")
    for library in HEAVY:
        assert library in declared


def test_lock_has_every_dependency_with_its_files() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = dict(
        re.findall(r"(?m)^([a-z0-9-]+)==\S+ \\\n((?:    --hash=sha256:\w{64}.*\n)+)", lock)
    )
    names = {re.match(r"[A-Za-z0-9-]+", given)[0].lower() for given in project["dependencies"]}  # type: ignore[index]
    assert sorted(names - set(locked)) == []
    assert len(locked) == len(re.findall(r"(?m)^[a-z0-9-]+==", lock))


def test_source_package_has_what_its_tests_need() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = document["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    for name in ("src", "dictionaries", "seeds", "fixtures", "tests", "benchmarks"):
        assert name in included
    for name in included:
        assert (ROOT / name).exists(), name
