"""What a batch works on: a file, a folder tree, a pattern or a list of files, in a fixed order."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from unspin.errors import InputError
from unspin.exclusion import Exclusion, is_excluded
from unspin.files import MISSING, UNREADABLE
from unspin.sources import READERS, suffix_of

LIST_MARK = "@"
# Folders that hold no articles: unspin's own and version control's.
_PASSED_OVER = frozenset({".unspin", ".git", ".hg", ".svn", "node_modules", "__pycache__"})
# Hidden files, among them unfinished output, and what earlier runs reported.
_OWN_NAMES = (".", "unspin-manifest.")
_GLOB = frozenset("*?[")

OVERLAP = "{output} and {input} are the same place: choose another OUTPUT, or use --in-place"
NOTHING = "{input} matches no file"
OTHER_FORMAT = "{output} has another ending than {input}: formats are kept, so give it the same"
# What standard input is called in a manifest.
STDIN_NAME = "stdin.jsonl"


@dataclass(frozen=True, slots=True)
class Job:
    """One file of a batch; ``path`` is its name below the root.

    ``skip`` says why it is left out, ``error`` why it is a folder that cannot be
    read.
    """

    path: str
    input: Path
    target: Path | None
    skip: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The files of a batch in order, and the folder that their names are relative to."""

    root: Path
    jobs: tuple[Job, ...]


def make_plan(
    input_: str,
    output: Path | None,
    exclude: Collection[str] = (),
    in_place: bool = False,
    exclusion: Exclusion | None = None,
) -> Plan:
    """The files that ``input_`` stands for and where each goes.

    ``input_`` is a file, a folder, a pattern such as ``news/**/*.html``, or
    ``@FILE``, a file that lists one name a line. Without ``output`` there are
    no targets, or with ``in_place`` each file is its own. Files whose path below
    the root matches ``exclude``, and those of ``exclusion``, are left out.

    Raises:
        InputError: if there is nothing to read, or the output is the input or of another format.
    """
    try:
        return _plan(input_, output, in_place, exclude, exclusion or Exclusion())
    except OSError as error:
        raise InputError(UNREADABLE.format(name=input_, reason=error.strerror)) from error
    except ValueError as error:  # a NUL in a name
        raise InputError(UNREADABLE.format(name=input_, reason=error)) from error


def _plan(
    input_: str,
    output: Path | None,
    in_place: bool,
    exclude: Collection[str],
    exclusion: Exclusion,
) -> Plan:
    given = Path(input_)
    closed: list[OSError] = []

    def is_left_out(file: Path) -> bool:
        below = bool(exclude) and is_excluded(_relative(file, root), exclude)
        return below or exclusion.holds(file)

    if given.is_dir():
        root = given
        found = list(_walk(given, output, closed, is_left_out))
    elif given.exists():
        root, found = given.parent, [given]
    elif input_.startswith(LIST_MARK):
        root, found = _listed(Path(input_[1:]))
    elif _GLOB & set(input_):
        root, found = _matching(input_)
    else:
        raise InputError(MISSING.format(name=input_))
    if not found and not closed and not exclude and not exclusion.patterns:
        raise InputError(NOTHING.format(input=input_))
    single = given.is_file() and output is not None and not _is_folder(output)
    if single and output is not None and not _same_format(given, output):
        raise InputError(OTHER_FORMAT.format(output=output, input=input_))
    jobs = {}
    for file in found:
        if is_left_out(file):
            continue
        path = _relative(file, root)
        target = None
        if in_place:
            target = file
        elif output is not None:
            target = output if single else output / path
            if os.path.realpath(target) == os.path.realpath(file):
                raise InputError(OVERLAP.format(output=output, input=input_))
        jobs[path] = Job(path, file, target, _reason(file, single_file=given.is_file()))
    for problem in closed:
        path = _relative(Path(problem.filename), root)
        jobs[path] = Job(path, Path(problem.filename), None, error=str(problem))
    return Plan(root, tuple(jobs[path] for path in sorted(jobs)))


def plan_stdin(spool: Path, output: Path | None) -> Plan:
    """The plan for JSON Lines from standard input, which ``spool`` is a copy of.

    Raises:
        InputError: if the output is of another format.
    """
    root = Path() if output is None else output.parent
    target = output
    if output is not None and _is_folder(output):
        root, target = output, output / STDIN_NAME
    if target is not None and not _same_format(Path(STDIN_NAME), target):
        raise InputError(OTHER_FORMAT.format(output=output, input=STDIN_NAME))
    return Plan(root, (Job(STDIN_NAME, spool, target),))


def _same_format(input_: Path, output: Path) -> bool:
    """Whether the endings mean the same format and compression."""
    ours, theirs = suffix_of(input_), suffix_of(output)
    if ours is None or theirs is None:
        return False
    return READERS[ours] is READERS[theirs] and _packing(ours) == _packing(theirs)


def _packing(suffix: str) -> str:
    return suffix.rpartition(".")[2] if suffix.endswith((".gz", ".zst")) else ""


def _reason(file: Path, single_file: bool) -> str | None:
    with contextlib.suppress(OSError):  # what is wrong shows when it is read
        if stat.S_ISLNK(file.lstat().st_mode) and not single_file:
            return "symbolic link"
        if not stat.S_ISREG(file.stat().st_mode):
            return "no regular file"  # a pipe would be waited for
    if suffix_of(file) is None:
        return "unknown ending"
    return None


def _is_folder(output: Path) -> bool:
    return output.is_dir() or suffix_of(output) is None


def _walk(
    folder: Path,
    output: Path | None,
    closed: list[OSError],
    is_left_out: Callable[[Path], bool],
) -> Iterator[Path]:
    own = None if output is None else Path(os.path.realpath(output))
    if own == Path(os.path.realpath(folder)):
        raise InputError(OVERLAP.format(output=output, input=folder))
    for place, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = [
            name
            for name in folders
            if name not in _PASSED_OVER
            and Path(os.path.realpath(os.path.join(place, name))) != own
            and not is_left_out(Path(place, name))
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
    root, rest = Path(*fixed), parts[len(fixed) :]
    if rest[-1] == "**":
        rest = (*rest, "*")
    hidden = any(part.startswith(".") for part in rest)
    # Unlike glob's, pathlib's ** passes over links to folders, which may lead in circles.
    return root, [
        file
        for file in root.glob("/".join(rest))
        if file.is_file()
        and (hidden or not any(p.startswith(".") for p in file.relative_to(root).parts))
    ]


def _relative(file: Path, root: Path) -> str:
    """The file's name below the root, with slashes."""
    return Path(os.path.relpath(os.path.abspath(file), os.path.abspath(root))).as_posix()
