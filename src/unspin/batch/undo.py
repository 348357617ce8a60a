"""Puts back the originals that a batch in place replaced."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from unspin.batch.manifest import read_manifest
from unspin.batch.output import backup_of, sha256_of
from unspin.errors import InputError

NOT_IN_PLACE = "{path} is not of a run with --in-place: that run changed no original"
OUTSIDE = "it lies outside the folder of the run"


@dataclass(frozen=True, slots=True)
class Undone:
    """A file and what became of it: ``restored``, ``unchanged``, or why not (``problem``)."""

    path: str
    restored: bool = False
    problem: str | None = None


def undo(manifest: Path) -> Iterator[Undone]:
    """What becomes of each file of a run in place as its original is put back.

    A file that was changed after the run is left alone, and so is any name that
    leads out of the run's folder.

    Raises:
        InputError: if the manifest cannot be used.
    """
    header, files = read_manifest(manifest)
    if not header.get("in_place"):
        raise InputError(NOT_IN_PLACE.format(path=manifest))
    root = (manifest.parent / str(header["root"])).resolve()
    for record in files:
        if record.get("status") == "done":
            yield _undo_one(manifest, root, record)


def _undo_one(manifest: Path, root: Path, record: dict[str, object]) -> Undone:
    path = str(record["path"])
    target, backup = root / path, backup_of(manifest, path)
    if not _is_inside(path, target, root) or not _is_inside(path, backup, backup_of(manifest, "")):
        return Undone(path, problem=OUTSIDE)
    before, after = record.get("sha256_in"), record.get("sha256_out")
    try:
        now = sha256_of(target) if target.exists() else None
        if now == before:
            return Undone(path)
        if now is not None and now != after:
            return Undone(path, problem="it was changed after the run")
        if not backup.is_file() or sha256_of(backup) != before:
            return Undone(path, problem=f"its original is not in {backup.parent}")
        part = target.with_name(f".{target.name[:200]}.unspin-part")
        shutil.copy2(backup, part)
        os.replace(part, target)
    except OSError as error:
        return Undone(path, problem=error.strerror or str(error))
    return Undone(path, restored=True)


def _is_inside(path: str, place: Path, root: Path) -> bool:
    """Whether a name from a manifest stays below the folder, symbolic links followed."""
    pure = PurePosixPath(path)
    if (
        not pure.parts
        or pure.is_absolute()
        or ".." in pure.parts
        or "\\" in path
        or "\0" in path
        or ":" in pure.parts[0]
    ):
        return False
    # Unlike Path.resolve before Python 3.13, realpath goes through links that lead in circles.
    return Path(os.path.realpath(place)).is_relative_to(os.path.realpath(root))
