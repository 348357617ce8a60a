"""What is measured: unspin's commands and, beside them, the tools that correct text fast.

A job takes a list of articles. ``python benchmarks/jobs.py NAME KIND [PAIRS]`` runs one alone
and prints the peak memory of its process in megabytes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

Job = Callable[[list[str]], object]

BASE = "symspellpy lookup_compound"
COMMANDS = ("check", "fix", "check, features", "fix, features")
PEERS = (BASE, "symspellpy lookup", "harper-py", "codespell", "typos", "KenLM alone")


def make(name: str) -> Job:
    """The job of that name, its models loaded.

    Raises:
        ImportError: if the peer is not installed.
    """
    if name in COMMANDS:
        return unspin_job(name)
    return {
        BASE: lookup_compound,
        "symspellpy lookup": lookup,
        "harper-py": harper,
        "codespell": lambda: program("codespell"),
        "typos": lambda: program("typos"),
        "KenLM alone": kenlm_alone,
    }[name]()


def unspin_job(name: str) -> Job:
    from unspin.report.plain import finding_lines, verdict_line
    from unspin.restorer import Restorer
    from unspin.settings import Settings

    command, _, ranker = name.partition(", ")
    restorer = Restorer(Settings(ranker=ranker) if ranker else Settings())

    def check(texts: list[str]) -> None:
        for text in texts:
            found = restorer.restore(text)
            for line in (*finding_lines("-", found), verdict_line("-", found)):
                line.encode()

    def fix(texts: list[str]) -> None:
        for text in texts:
            restorer.restore(text).text.encode("utf-8", "surrogateescape")

    return check if command == "check" else fix


def speller() -> object:
    from symspellpy import SymSpell

    found = SymSpell(max_dictionary_edit_distance=2, prefix_length=7)
    name = "frequency_dictionary_en_82_765.txt"
    found.load_dictionary(str(files("symspellpy") / name), 0, 1, encoding="utf-8-sig")
    return found


def lookup_compound() -> Job:
    found = speller()
    return lambda texts: [found.lookup_compound(text, max_edit_distance=2) for text in texts]  # type: ignore[attr-defined]


def lookup() -> Job:
    from symspellpy import Verbosity

    find = speller().lookup  # type: ignore[attr-defined]
    return lambda texts: [
        find(word, Verbosity.TOP, max_edit_distance=2)
        for text in texts
        for word in text.lower().split()
    ]


def harper() -> Job:
    from harper import Linter

    linter = Linter()
    return lambda texts: [linter.lint(text) for text in texts]


def kenlm_alone() -> Job:
    """The shipped model's score of the words: the floor under any n-gram method."""
    import kenlm

    from unspin.resources import data_path

    model = kenlm.Model(str(data_path("en.general.kenlm")))
    return lambda texts: [model.score(text.lower()) for text in texts]


def program(name: str) -> Job:
    """A command line tool on a file; its start is part of the time."""
    path = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
    if path is None:
        raise ImportError(f"{name} is not installed: pip install {name}")

    def run(texts: list[str]) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            file.write("\n\n".join(texts))
            file.flush()
            subprocess.run([path, file.name], capture_output=True)

    return run


def peak(of_children: bool) -> float:
    """Peak resident megabytes of this process, or of the largest it ran."""
    import resource

    status = Path("/proc/self/status")
    if status.is_file() and not of_children:
        # Not ru_maxrss, which on Linux begins with that of the process that started this one.
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return int(fields["VmHWM"].split()[0]) / 1024
    who = resource.RUSAGE_CHILDREN if of_children else resource.RUSAGE_SELF
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(who).ru_maxrss / unit


def main() -> None:
    import texts

    name, kind, *pairs = sys.argv[1:]
    articles = texts.load(Path(pairs[0]) if pairs else None)[kind]
    most = 300 if name == BASE else 20_000
    make(name)(texts.first_words(articles, most))
    print(peak(of_children=name in ("codespell", "typos")))


if __name__ == "__main__":
    main()
