"""The pre-commit hooks and the GitHub Actions example do what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components import need, need_program
from unspin.restorer import Restorer

ROOT = Path(__file__).parents[1]
HOOKS = ROOT / ".pre-commit-hooks.yaml"
WORKFLOW = ROOT / "examples" / "github-actions" / "unspin.yml"
SPUN = (ROOT / "seeds" / "000_a26bbb09311a0bb2.txt").read_text(encoding="utf-8")
CLEAN = "The council met on Tuesday to hear what residents think of the new bridge.\n" * 4
ENVIRONMENT = {
    **os.environ,
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_NAME": "somebody" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "somebody@example.org" for who in ("AUTHOR", "COMMITTER")},
}

SURELY_SPUN = re.compile(r"^spun words\.txt: spun (0\.9\d|1\.00), ", re.MULTILINE)


def call(*command: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A command run in a folder."""
    return subprocess.run(
        command, cwd=folder, env={**ENVIRONMENT, **more}, capture_output=True, text=True
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a clean file on its main branch and a spun one beside it."""
    need_program("git", "git")
    folder = tmp_path / "repository"
    folder.mkdir()
    for command in ("init -q -b main", "add .", "commit -q -m first --allow-empty"):
        if command == "add .":
            (folder / "clean.txt").write_text(CLEAN, encoding="utf-8")
        assert call("git", *command.split(), folder=folder).returncode == 0
    (folder / "spun words.txt").write_text(SPUN, encoding="utf-8")
    (folder / "spun.py").write_text(SPUN, encoding="utf-8")
    assert call("git", "add", ".", folder=folder).returncode == 0
    return folder


def hooks() -> dict[str, dict[str, Any]]:
    """The hooks that the repository offers."""
    found = need("yaml").safe_load(HOOKS.read_text(encoding="utf-8"))
    return {hook["id"]: hook for hook in found}


def test_hooks_run_under_pre_commit(repository: Path, tmp_path: Path) -> None:
    """As they are, with the command that is installed here in place of an own environment."""
    need("pre_commit")
    local = [{**hook, "language": "system"} for hook in hooks().values()]
    config = {"repos": [{"repo": "local", "hooks": local}]}
    (repository / ".pre-commit-config.yaml").write_text(json.dumps(config))

    def run(hook: str, *files: str) -> subprocess.CompletedProcess[str]:
        command = ("pre-commit", "run", hook, *(files or ("--all-files",)))
        return call(*command, folder=repository, PRE_COMMIT_HOME=str(tmp_path / "cache"))

    assert run("unspin-check", "--files", "clean.txt").returncode == 0
    found = run("unspin-check")
    assert found.returncode == 1
    assert SURELY_SPUN.search(found.stdout)
    assert "spun.py" not in found.stdout
    fixed = run("unspin-fix")
    assert fixed.returncode == 1
    assert "files were modified by this hook" in fixed.stdout
    assert (repository / "clean.txt").read_text(encoding="utf-8") == CLEAN
    restored = (repository / "spun words.txt").read_text(encoding="utf-8")
    assert restored == Restorer().restore(SPUN).text != SPUN
    # pre-commit names every file; the settings of the repository leave one out.
    (repository / "spun words.txt").write_text(SPUN, encoding="utf-8")
    (repository / "unspin.toml").write_text('exclude = ["spun*"]\n', encoding="utf-8")
    assert run("unspin-check").returncode == run("unspin-fix").returncode == 0
    assert (repository / "spun words.txt").read_text(encoding="utf-8") == SPUN
    assert (repository / "spun.py").read_text(encoding="utf-8") == SPUN


@pytest.mark.acceptance
def test_hooks_install_from_the_repository(repository: Path, tmp_path: Path) -> None:
    """``pre-commit try-repo`` with an environment of its own, as users get it."""
    need("pre_commit")
    listed = call("git", "ls-files", "-z", "-c", "-o", "--exclude-standard", folder=ROOT)
    if listed.returncode:
        pytest.skip("not a git checkout")
    offered = tmp_path / "unspin"
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (offered / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, offered / name)
    for command in ("init -q", "add .", "commit -q -m all"):
        assert call("git", *command.split(), folder=offered).returncode == 0
    done = call(
        "pre-commit", "try-repo", str(offered), "unspin-check", "--all-files",
        folder=repository, PRE_COMMIT_HOME=str(tmp_path / "cache"), PYTHONPATH="",
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert SURELY_SPUN.search(done.stdout)


def script(name: str) -> str:
    """What the example's step of that name runs."""
    workflow = need("yaml").safe_load(WORKFLOW.read_text(encoding="utf-8"))
    steps = workflow["jobs"]["check"]["steps"]
    return str(next(step["run"] for step in steps if step.get("name", "").startswith(name)))


def test_the_github_example_fails_a_pull_request_with_spun_text(repository: Path) -> None:
    need_program("bash", "bash")

    def check() -> subprocess.CompletedProcess[str]:
        # As GitHub runs "shell: bash".
        command = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script("Check"))
        return call(*command, folder=repository, BASE="main")

    for command in ("update-ref refs/remotes/origin/main main", "switch -q -c branch"):
        assert call("git", *command.split(), folder=repository).returncode == 0
    nothing = check()
    assert nothing.returncode == 0, nothing.stderr
    assert not (repository / "unspin.sarif").exists()
    assert call("git", "commit", "-q", "-m", "spun", folder=repository).returncode == 0
    found = check()
    assert found.returncode == 1, found.stderr
    log = json.loads((repository / "unspin.sarif").read_text(encoding="utf-8"))
    results = log["runs"][0]["results"]
    assert len(results) > 50
    places = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results}
    assert places == {"spun%20words.txt"}
    for command in ("rm -q -f --cached clean.txt spun.py", "checkout -q main -- clean.txt"):
        call("git", *command.split(), folder=repository)
    (repository / "spun words.txt").write_text(CLEAN, encoding="utf-8")
    assert call("git", "commit", "-q", "-a", "-m", "clean", folder=repository).returncode == 0
    assert check().returncode == 0


def test_the_github_example_uploads_what_it_found() -> None:
    workflow = need("yaml").safe_load(WORKFLOW.read_text(encoding="utf-8"))
    upload = workflow["jobs"]["check"]["steps"][-1]
    assert upload["uses"].startswith("github/codeql-action/upload-sarif@")
    assert upload["with"]["sarif_file"] == "unspin.sarif"
    assert upload["if"].startswith("always()")
    assert workflow["permissions"]["security-events"] == "write"
