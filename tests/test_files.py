"""Text files come back byte for byte, and are replaced whole or not at all."""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unspin import files
from unspin.errors import InputError, OutputError
from unspin.files import TextFile, broken_bytes, decode_text, read_text, write_text_atomic


@given(st.binary().filter(lambda data: b"\0" not in data))
def test_any_bytes_round_trip(data: bytes) -> None:
    try:
        file = decode_text(data)
    except InputError:  # UTF-16 by its mark, but broken
        assert data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    else:
        assert file.encode(file.text) == data


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_mark_line_ends_and_missing_final_newline_survive(mark: bytes, encoding: str) -> None:
    text = "One “two”.\r\nThree\rfour\n\u2028five 😀"
    data = mark + text.encode(encoding)
    file = decode_text(data)
    assert (file.text, file.encoding, file.bom, file.lossless) == (text, encoding, mark, True)
    assert file.encode(text) == data


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "UTF8"])
def test_named_utf8_keeps_the_mark_too(name: str) -> None:
    data = codecs.BOM_UTF8 + b"text"
    file = decode_text(data, encoding=name)
    assert file.text == "text"
    assert file.encode(file.text) == data


def test_named_utf16_without_mark_is_little_endian_and_gains_none() -> None:
    data = "text".encode("utf-16-le")
    file = decode_text(data, encoding="utf-16")
    assert file.text == "text"
    assert file.encode(file.text) == data


def test_broken_bytes_are_counted_and_kept() -> None:
    file = decode_text(b"caf\xe9 na\xefve")
    assert broken_bytes(file) == 2
    assert file.encode(file.text.replace("na", "NA")) == b"caf\xe9 NA\xefve"


def test_a_named_encoding_is_taken_at_its_word() -> None:
    with pytest.raises(InputError) as error:
        decode_text(b"caf\xe9", Path("a.txt"), "utf-8")
    assert str(error.value) == (
        "a.txt is not utf-8 at byte 3: name the right encoding, as in --encoding cp1252, or leave "
        "--encoding out to read UTF-8 and keep broken bytes as they are"
    )


def test_broken_utf16() -> None:
    with pytest.raises(InputError, match="byte order mark of utf-16-le but is broken at byte 4"):
        decode_text(codecs.BOM_UTF16_LE + b"a\0b", Path("a.txt"))


def test_an_encoding_that_does_not_round_trip_is_not_written() -> None:
    data = b"+AGE-"  # UTF-7 for "a", which would be written back as "a"
    file = decode_text(data, Path("a.txt"), "utf-7")
    assert file.text == "a"
    assert not file.lossless
    with pytest.raises(OutputError, match="would change bytes outside the edits"):
        file.encode(file.text)


def test_a_character_the_encoding_lacks() -> None:
    with pytest.raises(OutputError, match=r"cannot be written as latin-1, which has no '’'"):
        TextFile(Path("a.txt"), "", "latin-1").encode("it’s")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, files.MISSING),
        (lambda path: path.mkdir(), files.DIRECTORY),
        (lambda path: path.write_bytes(b"PK\0\3"), files.BINARY),
    ],
    ids=["missing", "directory", "binary"],
)
def test_what_cannot_be_read(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "a.txt"
    make(path)  # type: ignore[operator]
    with pytest.raises(InputError) as error:
        read_text(path)
    assert str(error.value) == message.format(name=path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.touch(mode=0)
    with pytest.raises(InputError) as error:
        read_text(path)
    assert str(error.value) == files.UNREADABLE.format(name=path, reason="Permission denied")


def test_write_keeps_mode_and_leaves_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\n")
    path.chmod(0o640)
    file = read_text(path)
    write_text_atomic(file, file.text.replace("one", "two"))
    assert path.read_bytes() == b"\xef\xbb\xbftwo\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["a.txt"]


def test_write_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("one")
    link = tmp_path / "link.txt"
    link.symlink_to("real.txt")
    write_text_atomic(read_text(link), "two")
    assert link.is_symlink()
    assert (tmp_path / "real.txt").read_text() == "two"


def test_failed_write_leaves_the_original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    file = read_text(path)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError) as error:
        write_text_atomic(file, "two")
    assert str(error.value) == files.UNWRITABLE.format(name=path, reason="No space left on device")
    assert path.read_text() == "one"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_write_into_a_missing_folder(tmp_path: Path) -> None:
    target = tmp_path / "none" / "a.txt"
    with pytest.raises(OutputError, match="No such file or directory"):
        write_text_atomic(TextFile(None, ""), "text", target)


def test_only_regular_files_are_replaced() -> None:
    with pytest.raises(OutputError, match="is not a regular file"):
        write_text_atomic(TextFile(Path(os.devnull), ""), "text")
