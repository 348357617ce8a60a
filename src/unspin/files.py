"""Text files read and written back without losing a byte.

Line endings, a byte order mark and a missing final newline are part of the
text or kept beside it. UTF-8 is assumed unless a byte order mark says UTF-16 or
UTF-32, or the caller names an encoding. Bytes that are not UTF-8 survive as
lone surrogates (Python's ``surrogateescape``) and are written back as they were.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from unspin.errors import InputError, OutputError

STDIN_NAME = "<stdin>"

MISSING = "{name} does not exist: check the spelling, or use - to read standard input"
DIRECTORY = "{name} is a directory: name the files in it, or use unspin batch {name} OUT"
UNREADABLE = "{name} cannot be read ({reason}): check its permissions"
BINARY = (
    "{name} looks like a binary file, since it holds NUL bytes: give a text file, or name its "
    "encoding, as in --encoding utf-16-le"
)
UNDECODABLE = (
    "{name} is not {encoding} at byte {offset}: name the right encoding, as in --encoding cp1252, "
    "or leave --encoding out to read UTF-8 and keep broken bytes as they are"
)
BROKEN_UTF16 = (
    "{name} begins with the byte order mark of {encoding} but is broken at byte {offset}: "
    "name the right encoding, as in --encoding cp1252"
)
BROKEN_BYTES = (
    "{name} is not all UTF-8 ({count} kept as found): if words look wrong, name the encoding, "
    "as in --encoding cp1252"
)
UNENCODABLE = (
    "{name} cannot be written as {encoding}, which has no {character}: convert the file to UTF-8 "
    "first, or raise --min-confidence to leave that edit out"
)
LOSSY = (
    "{name} was read as {encoding}, but writing it back would change bytes outside the edits: "
    "convert the file to UTF-8 first, or use --format json"
)
UNWRITABLE = "{name} cannot be written ({reason}): nothing was changed; use --output-dir DIR"
NOT_REGULAR = "{name} is not a regular file: use --output-dir DIR, or write to standard output"

# The longer marks come first: UTF-32 LE begins with the mark of UTF-16 LE.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FIRST_SURROGATE = "\ud800"
_LAST_SURROGATE = "\udfff"


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text as it was read, and what it takes to write it back.

    ``path`` is ``None`` for standard input. ``text`` does not contain ``bom``.
    ``lossless`` is false where encoding ``text`` again gives other bytes.
    """

    path: Path | None
    text: str
    encoding: str = "utf-8"
    bom: bytes = b""
    lossless: bool = True

    @property
    def name(self) -> str:
        """What messages and reports call the file."""
        return STDIN_NAME if self.path is None else str(self.path)

    def encode(self, text: str) -> bytes:
        r"""The bytes of ``text`` in this file's encoding, byte order mark included.

        Raises:
            OutputError: if the encoding lacks a character, or does not round-trip.

        >>> TextFile(None, "café", "latin-1").encode("café")
        b'caf\xe9'
        """
        if not self.lossless:
            raise OutputError(LOSSY.format(name=self.name, encoding=self.encoding))
        try:
            return self.bom + text.encode(self.encoding, _handler(self.encoding))
        except UnicodeEncodeError as error:
            raise OutputError(
                UNENCODABLE.format(
                    name=self.name, encoding=self.encoding, character=repr(text[error.start])
                )
            ) from error


def read_text(path: Path, encoding: str | None = None) -> TextFile:
    """The text of the file at ``path``, line endings untouched.

    Raises:
        InputError: if the file is missing, a directory, unreadable, binary or
            not in ``encoding``.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(MISSING.format(name=path)) from error
    except IsADirectoryError as error:
        raise InputError(DIRECTORY.format(name=path)) from error
    except OSError as error:
        if path.is_dir():  # Windows says "permission denied"
            raise InputError(DIRECTORY.format(name=path)) from error
        raise InputError(UNREADABLE.format(name=path, reason=error.strerror)) from error
    return decode_text(data, path, encoding)


def decode_text(data: bytes, path: Path | None = None, encoding: str | None = None) -> TextFile:
    r"""The text that ``data`` holds; ``path`` is what error messages name.

    An ``encoding`` that the caller names is taken at its word: broken bytes are
    an error then.

    Raises:
        InputError: if the data is binary or not in the encoding.

    >>> decode_text(b"\xef\xbb\xbfOne.\r\n").text
    'One.\r\n'
    """
    name = STDIN_NAME if path is None else str(path)
    bom, chosen = _mark(data, encoding)
    body = data[len(bom) :]
    errors = _handler(chosen) if encoding is None else "strict"
    try:
        text = body.decode(chosen, errors)
    except UnicodeDecodeError as error:
        message = UNDECODABLE if encoding is not None else BROKEN_UTF16
        offset = error.start + len(bom)
        raise InputError(message.format(name=name, encoding=chosen, offset=offset)) from error
    if "\0" in text:
        raise InputError(BINARY.format(name=name))
    return TextFile(path, text, chosen, bom, _round_trips(text, chosen, body))


def broken_bytes(file: TextFile) -> int:
    r"""How many bytes of the file could not be decoded and are kept as surrogates.

    >>> broken_bytes(decode_text(b"caf\xe9"))
    1
    """
    return sum(_FIRST_SURROGATE <= character <= _LAST_SURROGATE for character in file.text)


def write_text_atomic(file: TextFile, text: str, target: Path | None = None) -> None:
    """Write ``text`` in ``file``'s encoding to ``target``, by default where it came from.

    A reader sees the old content or the new, never a part: the bytes go to a
    temporary file in the same folder, are synced, and replace the target. The
    target keeps its mode; a symbolic link stays one and the file that it names
    is replaced. Names joined to it by hard links keep the old content.

    Raises:
        OutputError: if the target cannot be written; it is then untouched.
    """
    path = target if target is not None else file.path
    if path is None:
        raise OutputError(NOT_REGULAR.format(name=file.name))
    write_bytes_atomic(path, file.encode(text))


def write_bytes_atomic(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` as :func:`write_text_atomic` does.

    Raises:
        OutputError: if the target cannot be written; it is then untouched.
    """
    real = Path(os.path.realpath(path))
    try:
        previous = _writable(real, path)
        _replace(real, data, previous)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(UNWRITABLE.format(name=path, reason=reason)) from error


def _mark(data: bytes, encoding: str | None) -> tuple[bytes, str]:
    """The byte order mark of ``data`` and the encoding to read the rest with."""
    wanted = None if encoding is None else codecs.lookup(encoding).name
    if wanted == "utf-8-sig":
        wanted = "utf-8"
    for mark, marked in _MARKS:
        if data.startswith(mark) and (wanted is None or marked.startswith(wanted)):
            return mark, marked
    if wanted in ("utf-16", "utf-32"):  # these codecs would add a mark when they write
        wanted += "-le"
    return b"", wanted or "utf-8"


def _handler(encoding: str) -> str:
    # The UTF-16 and UTF-32 codecs cannot escape single bytes, but can keep lone
    # surrogates, which badly cut text holds.
    return "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def _round_trips(text: str, encoding: str, body: bytes) -> bool:
    if encoding == "utf-8":
        return True
    try:
        return text.encode(encoding, _handler(encoding)) == body
    except UnicodeEncodeError:
        return False


def _writable(real: Path, path: Path) -> os.stat_result | None:
    try:
        found = real.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise OutputError(NOT_REGULAR.format(name=path))
    if not os.access(real, os.W_OK):
        raise PermissionError(13, "Permission denied")
    return found


def _replace(real: Path, data: bytes, previous: os.stat_result | None) -> None:
    temporary = real.with_name(f".{real.name[:100]}.{secrets.token_hex(6)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if previous is not None:
            if hasattr(os, "chown"):
                with contextlib.suppress(OSError):  # only root may give files away
                    os.chown(temporary, previous.st_uid, previous.st_gid)
            os.chmod(temporary, stat.S_IMODE(previous.st_mode))
        os.replace(temporary, real)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(real.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable where the system can open folders."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
