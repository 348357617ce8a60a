"""What a batch works on: a file, a folder tree, a pattern or a list of files, in a fixed order."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from unspin.errors import InputError
from unspin.files import MISSING, UNREADABLE
from unspin.sources import suffix_of

LIST_MARK = "@"
# Folders that hold no articles: unspin's own and version control's.
_PASSED_OVER = frozenset({".unspin", ".git", ".hg", ".svn", "node_modules", "__pycache__"})
# Hidden files, among them unfinished output, and what earlier runs reported.
_OWN_NAMES = (".", "unspin-manifest.")
_GLOB = frozenset("*?[")

OVERLAP = "{output} and {input} are the same place: choose another OUTPUT, or use --in-place"
NOTHING = "{input} matches no file"


@dataclass(frozen=True, slots=True)
class Job:
    """One file of a batch; ``path`` is its name below the root, ``skip`` why it is left out."""

    path: str
    input: Path
    target: Path | None
    skip: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The files of a batch in order, and the folder that their names are relative to."""

    root: Path
    jobs: tuple[Job, ...]


def make_plan(
    input_: str, output: Path | None, exclude: Iterable[str] = (), in_place: bool = False
) -> Plan:
    """The files that ``input_`` stands for and where each goes.

    ``input_`` is a file, a folder, a pattern such as ``news/**/*.html``, or
    ``@FILE``, a file that lists one name a line. Without ``output`` there are
    no targets, or with ``in_place`` each file is its own.

    Raises:
        InputError: if there is nothing to read, or the output is the input.
    """
    given = Path(input_)
    if given.is_dir():
        root, found = given, list(_walk(given, output))
    elif given.exists():
        root, found = given.parent, [given]
    elif input_.startswith(LIST_MARK):
        root, found = _listed(Path(input_[1:]))
    elif _GLOB & set(input_):
        root, found = _matching(input_)
    else:
        raise InputError(MISSING.format(name=input_))
    if not found:
        raise InputError(NOTHING.format(input=input_))
    single = given.is_file() and output is not None and not _is_folder(output)
    jobs = {}
    for file in found:
        path = _relative(file, root)
        if any(fnmatch(path, pattern) for pattern in exclude):
            continue
        target = None
        if in_place:
            target = file
        elif output is not None:
            target = output if single else output / path
            if target.resolve() == file.resolve():
                raise InputError(OVERLAP.format(output=output, input=input_))
        jobs[path] = Job(path, file, target, _reason(file, single_file=given.is_file()))
    return Plan(root, tuple(jobs[path] for path in sorted(jobs)))


def _reason(file: Path, single_file: bool) -> str | None:
    if file.is_symlink() and not single_file:
        return "symbolic link"
    if suffix_of(file) is None:
        return "unknown ending"
    return None


def _is_folder(output: Path) -> bool:
    return output.is_dir() or suffix_of(output) is None


def _walk(folder: Path, output: Path | None) -> Iterator[Path]:
    own = None if output is None else output.resolve()
    if own == folder.resolve():
        raise InputError(OVERLAP.format(output=output, input=folder))
    for place, folders, names in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if name not in _PASSED_OVER and (Path(place) / name).resolve() != own
        ]
        yield from (Path(place) / name for name in names if not name.startswith(_OWN_NAMES))


def _listed(path: Path) -> tuple[Path, list[Path]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(MISSING.format(name=path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(UNREADABLE.format(name=path, reason=error)) from error
    files = [Path(line.strip()) for line in text.splitlines() if line.strip()]
    if not files:
        return path.parent, []
    return Path(os.path.commonpath([file.absolute().parent for file in files])), files


def _matching(pattern: str) -> tuple[Path, list[Path]]:
    parts = PurePosixPath(Path(pattern).as_posix()).parts
    fixed = []
    for part in parts:
        if _GLOB & set(part):
            break
        fixed.append(part)
    found = [Path(name) for name in glob.glob(pattern, recursive=True)]
    return Path(*fixed), [file for file in found if file.is_file()]


def _relative(file: Path, root: Path) -> str:
    """The file's name below the root, with slashes."""
    return Path(os.path.relpath(os.path.abspath(file), os.path.abspath(root))).as_posix()
