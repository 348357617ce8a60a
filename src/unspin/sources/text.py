"""Files that are one article: plain text, and what Markdown and HTML build on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from unspin.files import TextFile, read_text
from unspin.sources.base import Change, ReadOptions, Record, Writer
from unspin.sources.views import Piece, View


def view(raw: str) -> View:
    """The text as it is.

    >>> view("Some text.").text
    'Some text.'
    """
    return View(raw, raw, (Piece(0, len(raw), 0),))


def read(path: Path, options: ReadOptions) -> WholeFile:
    """The article that the plain text file at ``path`` is."""
    return WholeFile(path, "text", options.encoding)


class WholeFile:
    """A file that is one article."""

    takes_notes = False

    def __init__(self, path: Path, markup: str, encoding: str | None = None) -> None:
        self._path = path
        self._encoding = encoding
        self.markup = markup

    def read(self) -> TextFile:
        """The file as text.

        Raises:
            InputError: if it cannot be read as text.
        """
        return read_text(self._path, self._encoding)

    def records(self) -> Iterator[Record]:
        """The one article; an empty one is nothing to restore."""
        file = self.read()
        skip = None if file.text.strip() else "empty"
        yield Record("", {"": file.text}, file, skip=skip)

    def writer(self, target: IO[bytes]) -> Writer:
        """A writer of the whole file."""
        return _WholeWriter(target)

    def original(self, record: Record) -> Any:
        """The text."""
        return record.texts.get("", "")


class _WholeWriter:
    def __init__(self, target: IO[bytes]) -> None:
        self._target = target

    def write(
        self, record: Record, changes: Mapping[str, Change], note: Mapping[str, Any] | None = None
    ) -> None:
        file: TextFile = record.raw
        self._target.write(file.encode(changes[""].text if changes else file.text))

    def close(self) -> None:
        pass
