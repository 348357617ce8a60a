"""What commands read, and how they write to standard output and standard error."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from unspin.errors import InputError, OutputError
from unspin.exclusion import Exclusion
from unspin.files import (
    BROKEN_BYTES,
    STDIN_NAME,
    UNREADABLE,
    TextFile,
    broken_bytes,
    decode_text,
    read_text,
)
from unspin.records import Restoration

if TYPE_CHECKING:
    from unspin.restorer import Restorer
    from unspin.sources import View

STDIN = Path("-")
STDOUT_FAILED = "standard output cannot be written ({reason}): results are incomplete"
LEFT_OUT = "left out, as exclude in {source} says: {files}"


@dataclass(frozen=True, slots=True)
class Article:
    """A file or standard input, and the view of its text without markup."""

    file: TextFile
    view: View

    def restored(self, restorer: Restorer) -> Restoration:
        """The restoration of the file's text, markup and all."""
        return self.carried(restorer.restore(self.view.text))

    def carried(self, restoration: Restoration) -> Restoration:
        """A restoration of the view's text as one of the file's."""
        from unspin.markup import carried

        return carried(restoration, self.view)


class StdoutError(OutputError):
    """Standard output takes no more: there is no point in going on."""


def each_file(
    paths: Sequence[Path],
    encoding: str | None,
    work: Callable[[Article], None],
    exclusion: Exclusion | None = None,
) -> bool:
    """Whether ``work`` could be done on all files; one that fails is reported and passed over.

    No path at all, like ``-``, is standard input, which is plain text.
    """
    done = True
    for path in wanted(paths, exclusion) if paths else [STDIN]:
        try:
            work(_read_article(path, encoding))
        except StdoutError:
            raise
        except (InputError, OutputError) as error:
            click.echo(f"Error: {error}", err=True)
            done = False
    return done


def wanted(paths: Sequence[Path], exclusion: Exclusion | None) -> list[Path]:
    """The paths that are not left out; people are told of the others."""
    if exclusion is None:
        return list(paths)
    kept: list[Path] = []
    left_out: list[Path] = []
    for path in paths:
        (left_out if path != STDIN and exclusion.holds(path) else kept).append(path)
    if left_out:
        files = str(left_out[0]) if len(left_out) == 1 else counted(len(left_out), "file")
        note(LEFT_OUT.format(source=exclusion.source, files=files))
    return kept


def _read_article(path: Path, encoding: str | None) -> Article:
    from unspin.sources import MARKUPS, read_article

    if path == STDIN:
        file = read_input(path, encoding)
        return Article(file, MARKUPS["text"](file.text))
    file, view = read_article(path, encoding)
    _note_broken(file)
    return Article(file, view)


def read_input(path: Path, encoding: str | None) -> TextFile:
    """The file at ``path`` or standard input; bytes kept undecoded are noted.

    Raises:
        InputError: if it cannot be read as text.
    """
    file = decode_text(_take(), None, encoding) if path == STDIN else read_text(path, encoding)
    _note_broken(file)
    return file


def _note_broken(file: TextFile) -> None:
    broken = broken_bytes(file)
    if broken:
        note(BROKEN_BYTES.format(name=file.name, count=counted(broken, "byte")))


def counted(number: int, noun: str) -> str:
    """The number with its noun.

    >>> counted(1, "edit"), counted(2, "edit")
    ('1 edit', '2 edits')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def note(message: str) -> None:
    """Tell people something that is not the result."""
    click.echo(message, err=True)


def write_bytes(data: bytes) -> None:
    """Write a result to standard output as it is.

    Raises:
        StdoutError: if it does not take it all.
        BrokenPipeError: if the reader has gone.
    """
    try:
        _put(data)
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise BrokenPipeError(*error.args) from error
        raise StdoutError(STDOUT_FAILED.format(reason=error.strerror)) from error


def _take() -> bytes:
    try:
        # Python sets streams that were closed before it started to None.
        if sys.stdin is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return sys.stdin.buffer.read()
    except OSError as error:
        raise InputError(UNREADABLE.format(name=STDIN_NAME, reason=error.strerror)) from error


def _put(data: bytes) -> None:
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def write_line(line: str) -> None:
    """Write a line for people; what the terminal cannot show is escaped."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    write_bytes((line + "\n").encode(encoding, "backslashreplace"))


def write_json(document: str) -> None:
    """Write one JSON document and a line end, as UTF-8 wherever it goes.

    Undecodable bytes of the input are lone surrogates in the text; they become
    JSON escapes, since UTF-8 cannot hold them.
    """
    write_bytes((document + "\n").encode("utf-8", "backslashreplace"))


def colours() -> bool:
    """Whether standard output is a terminal that should see colours."""
    stream = sys.stdout
    if stream is None:
        return False
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
