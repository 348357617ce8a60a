"""The shape that every source has, and the ways to open what it reads.

A source yields records, each one article with one text or more, and makes a
writer that takes the same records in the same order with what became of them.
Records keep what is needed to write them back byte for byte.
"""

from __future__ import annotations

import codecs
import gzip
import importlib
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from unspin.errors import InputError, MissingExtraError
from unspin.files import MISSING, UNREADABLE
from unspin.records import Edit

# Where --field is not given, the first of these that a dataset has.
USUAL_FIELDS = ("text", "content", "body", "article")

NO_FIELD = "{name} has no field {field}; choose with --field from: {known}"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read: the text ``fields`` of datasets, none for the usual, and texts' encoding."""

    fields: tuple[str, ...] = ()
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One article of a source.

    ``id`` is its place in the source ("" where the file is the article);
    ``texts`` are its texts by field. ``skip`` says why it is not an article to
    restore, ``broken`` why it could not be read. ``silent`` records, such as
    blank lines, are written back and not reported. ``raw`` is the source's own.
    """

    id: str
    texts: Mapping[str, str]
    raw: Any
    skip: str | None = None
    broken: str | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A field's new text and the edits of its raw text that make it."""

    text: str
    edits: tuple[Edit, ...]


class Writer(Protocol):
    """Writes records back; unchanged ones as they were."""

    def write(
        self, record: Record, changes: Mapping[str, Change], note: Mapping[str, Any] | None = None
    ) -> None:
        """Write a record with some fields changed; a ``note`` is added where there is room."""

    def close(self) -> None:
        """Finish the output; the target stays open."""


class Source(Protocol):
    """A file's articles."""

    markup: str
    """Which view its texts need: a key of ``MARKUPS``."""
    takes_notes: bool
    """Whether its records have room for a note."""

    def records(self) -> Iterator[Record]:
        """The articles in order, read as they are asked for."""

    def writer(self, target: IO[bytes]) -> Writer:
        """A writer of the same format."""

    def original(self, record: Record) -> Any:
        """The record as JSON values, for a file of rejects."""


def library(name: str, extra: str, purpose: str) -> Any:
    """An optional library.

    Raises:
        MissingExtraError: with the command that installs it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError(name.partition(".")[0], extra, purpose) from error


def open_input(path: Path) -> IO[bytes]:
    """The file's bytes, decompressed where its name ends in .gz or .zst.

    Raises:
        InputError: if it cannot be opened.
    """
    try:
        stream = path.open("rb")
    except FileNotFoundError as error:
        raise InputError(MISSING.format(name=path)) from error
    except OSError as error:
        raise InputError(UNREADABLE.format(name=path, reason=error.strerror)) from error
    if path.suffix == ".gz":
        return _Closing(gzip.GzipFile(fileobj=stream, mode="rb"), stream)
    if path.suffix == ".zst":
        zstandard = library("zstandard", "zstd", "reading .zst")
        return _Closing(
            zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True), stream
        )
    return stream


def compressed(path: Path, target: IO[bytes]) -> IO[bytes]:
    """A stream into ``target``, compressed as ``path`` is named; close it before the target."""
    if path.suffix == ".gz":
        # No name and no time, so that the same articles give the same bytes.
        return cast(IO[bytes], gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0))
    if path.suffix == ".zst":
        zstandard = library("zstandard", "zstd", "writing .zst")
        stream: IO[bytes] = zstandard.ZstdCompressor().stream_writer(target, closefd=False)
        return stream
    return _Kept(target)


class _Closing(io.BufferedReader):
    """A reader that closes the file below the decompressor too."""

    def __init__(self, stream: Any, below: IO[bytes]) -> None:
        super().__init__(stream)
        self._below = below

    def close(self) -> None:
        """Close both."""
        super().close()
        self._below.close()


class _Kept(io.BytesIO):
    """Passes bytes on to a stream that stays open when this is closed."""

    def __init__(self, target: IO[bytes]) -> None:
        super().__init__()
        self._target = target

    def write(self, data: Any) -> int:
        """Pass the bytes on."""
        return self._target.write(data)


@dataclass(frozen=True, slots=True)
class LineFile:
    """A text file read line by line: its encoding, its byte order mark, how errors pass."""

    path: Path
    encoding: str
    bom: bytes

    @property
    def errors(self) -> str:
        """The handler that brings undecodable bytes through."""
        return "surrogateescape" if self.encoding == "utf-8" else "surrogatepass"

    def lines(self) -> Iterator[str]:
        """The lines with their ends, which are LF or CR LF; nothing is translated.

        Raises:
            InputError: if the file cannot be read to its end.
        """
        stream = open_input(self.path)
        try:
            stream.read(len(self.bom))
            with io.TextIOWrapper(
                stream, encoding=self.encoding, errors=self.errors, newline="\n"
            ) as lines:
                yield from lines
        except Exception as error:
            if not _is_of_input(error):
                raise
            raise InputError(UNREADABLE.format(name=self.path, reason=error)) from error
        finally:
            stream.close()

    def encode(self, text: str) -> bytes:
        """The bytes of a line."""
        return text.encode(self.encoding, self.errors)


def open_lines(path: Path) -> LineFile:
    """How to read the lines of the file at ``path``.

    Raises:
        InputError: if it cannot be opened.
    """
    stream = open_input(path)
    try:
        start = stream.read(4)
    except Exception as error:
        if not _is_of_input(error):
            raise
        raise InputError(UNREADABLE.format(name=path, reason=error)) from error
    finally:
        stream.close()
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if start.startswith(mark):
            return LineFile(path, encoding, mark)
    return LineFile(path, "utf-8", b"")


def _is_of_input(error: Exception) -> bool:
    """Whether an error comes from what was read; zstandard may not be installed to ask."""
    known = isinstance(error, OSError | EOFError | UnicodeDecodeError | zlib.error)
    return known or type(error).__name__ == "ZstdError"


def choose_fields(name: str, known: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """The fields to restore: those asked for, or the first usual one.

    Raises:
        InputError: naming the fields there are.
    """
    for field in wanted:
        if field not in known:
            raise InputError(NO_FIELD.format(name=name, field=field, known=", ".join(known)))
    if wanted:
        return tuple(wanted)
    usual = [field for field in USUAL_FIELDS if field in known]
    if not usual:
        field = " or ".join(USUAL_FIELDS)
        raise InputError(NO_FIELD.format(name=name, field=field, known=", ".join(known)))
    return (usual[0],)
