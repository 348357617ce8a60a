"""Files that are left out: patterns of names, as ``exclude`` in a settings file lists them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath


def is_excluded(path: str, patterns: Iterable[str]) -> bool:
    """Whether a pattern matches a path, with slashes, or a folder that it lies in.

    ``*`` stands for slashes too. A pattern without a slash matches any part of
    the path, one with a slash its beginning.

    >>> is_excluded("news/drafts/a.md", ["drafts/"]), is_excluded("news/a.md", ["news/*.txt"])
    (True, False)
    """
    whole = PurePosixPath(path)
    places = (whole, *whole.parents[:-1])
    return any(_matches(place, pattern) for pattern in patterns for place in places)


def _matches(place: PurePosixPath, pattern: str) -> bool:
    pattern = pattern.removeprefix("./").rstrip("/")
    # With a slash before it, "**/drafts" and "/drafts" match the topmost folder as well.
    names = [str(place), f"/{place}"] if "/" in pattern else [str(place), place.name]
    return any(fnmatch(name, pattern) for name in names)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What the settings file ``source`` leaves out: ``patterns`` of paths below its folder."""

    source: Path = Path()
    patterns: tuple[str, ...] = ()

    def holds(self, path: Path) -> bool:
        """Whether the file, or folder, at ``path`` is left out."""
        if not self.patterns:
            return False
        folder = self.source.parent
        places = (
            (Path(os.path.abspath(path)), Path(os.path.abspath(folder))),
            # Where one of the two was named through a symbolic link.
            (Path(os.path.realpath(path.parent), path.name), Path(os.path.realpath(folder))),
        )
        return any(
            is_excluded(place.relative_to(root).as_posix(), self.patterns)
            for place, root in places
            if place.is_relative_to(root)
        )
