r"""JSON Lines, plain or compressed: chosen text fields change, nothing else does.

An edit replaces characters inside the field's JSON string where it stands in
the line; spacing, escapes, order and all other fields keep their bytes::

    {"id": 7,  "text": "It is mature."}   ->   {"id": 7,  "text": "It is used."}

Fields of inner objects are named with dots: ``meta.title``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Generator, Iterator, Mapping
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import IO, Any, NamedTuple

from unspin.sources.base import (
    USUAL_FIELDS,
    Change,
    LineFile,
    ReadOptions,
    Record,
    Writer,
    compressed,
    open_lines,
)

NOTE_KEY = "unspin"
# Well below the 4,300 digits that Python converts.
_MAX_DIGITS = 1000

_SPACE = re.compile(r"[ \t\r\n]*")
# One character of the value: a pair of surrogate escapes, an escape, or itself.
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]",
    re.DOTALL,
)


class _Line(NamedTuple):
    """A line and where its chosen strings stand, quotes left out."""

    text: str
    spans: dict[str, tuple[int, int]]


def read(path: Path, options: ReadOptions) -> JsonLines:
    """The articles of the JSON Lines file at ``path``."""
    return JsonLines(path, open_lines(path), options.fields)


class JsonLines:
    """A JSON Lines file; each line is an article."""

    markup = "text"
    takes_notes = True

    def __init__(self, path: Path, file: LineFile, fields: tuple[str, ...]) -> None:
        self._path = path
        self._file = file
        self._fields = fields

    def records(self) -> Iterator[Record]:
        """One article a line; the line's number is its id."""
        for number, line in enumerate(self._file.lines(), 1):
            yield self._record(str(number), line)

    def _record(self, number: str, line: str) -> Record:
        raw = _Line(line, {})
        if not line.strip():
            return Record(number, {}, raw, silent=True)
        try:
            strings = dict(_strings(line, self._fields or USUAL_FIELDS))
        except (ValueError, RecursionError) as error:
            return Record(number, {}, raw, broken=f"line {number} is not a JSON object: {error}")
        chosen = [f for f in self._fields or USUAL_FIELDS if f in strings]
        if not self._fields:
            chosen = chosen[:1]
        if not chosen:
            wanted = ", ".join(self._fields or USUAL_FIELDS)
            return Record(number, {}, raw, skip=f"no text in {wanted}: choose with --field")
        raw = _Line(line, {field: strings[field][:2] for field in chosen})
        texts = {field: strings[field][2] for field in chosen}
        skip = None if any(text.strip() for text in texts.values()) else "empty"
        return Record(number, texts, raw, skip=skip)

    def writer(self, target: IO[bytes]) -> Writer:
        """A writer of lines."""
        return _LineWriter(self._file, target, compressed(self._path, target))

    def original(self, record: Record) -> Any:
        """The line's object."""
        return json.loads(record.raw.text, parse_int=_number, parse_float=_number)


class _LineWriter:
    def __init__(self, file: LineFile, target: IO[bytes], stream: IO[bytes]) -> None:
        self._file = file
        self._stream = stream
        stream.write(file.bom)

    def write(
        self, record: Record, changes: Mapping[str, Change], note: Mapping[str, Any] | None = None
    ) -> None:
        line: str = record.raw.text
        for field in sorted(changes, key=lambda f: record.raw.spans[f], reverse=True):
            start, end = record.raw.spans[field]
            line = line[:start] + _spliced(line[start:end], changes[field]) + line[end:]
        if note is not None and not record.silent and record.broken is None:
            line = _with_note(line, note)
        self._stream.write(self._file.encode(line))

    def close(self) -> None:
        self._stream.close()


def _spliced(literal: str, change: Change) -> str:
    """The inside of a JSON string with the edits made."""
    if not change.edits:
        return literal
    ends = [0, *(match.end() for match in _CHARACTER.finditer(literal))]
    ascii_only = "\\u" in literal and literal.isascii()
    for edit in sorted(change.edits, key=lambda e: e.start, reverse=True):
        new = json.dumps(edit.after, ensure_ascii=ascii_only)[1:-1]
        literal = literal[: ends[edit.start]] + new + literal[ends[edit.end] :]
    return literal


def _with_note(line: str, note: Mapping[str, Any]) -> str:
    """The line with the note as its last field."""
    close = line.rindex("}")
    head = line[:close]
    comma = "" if head.rstrip().endswith("{") else ", "
    text = json.dumps(note, ensure_ascii=line.isascii())
    # A surrogate is a byte that could not be decoded: escaped, it is valid JSON.
    if not line.isascii():
        text = re.sub("[\ud800-\udfff]", lambda m: f"\\u{ord(m[0]):04x}", text)
    return f'{head}{comma}"{NOTE_KEY}": {text}{line[close:]}'


def _strings(line: str, wanted: tuple[str, ...]) -> Iterator[tuple[str, tuple[int, int, str]]]:
    """The wanted string fields of an object: start and end inside the quotes, and value."""
    start = _skip(line, 1 if line.startswith("\ufeff") else 0)
    if line[start : start + 1] != "{":
        raise ValueError("it does not begin with {")
    end = yield from _object(line, start, "", wanted)
    if _skip(line, end) != len(line):
        raise ValueError("something follows it")


def _object(
    line: str, position: int, prefix: str, wanted: tuple[str, ...]
) -> Generator[tuple[str, tuple[int, int, str]], None, int]:
    """The same for the object at ``position``; returns where it ends."""
    # Numbers are passed over, so they are not converted: Python refuses the longest.
    decoder = json.JSONDecoder(parse_int=str, parse_float=str)
    position = _skip(line, position + 1)
    if line[position : position + 1] == "}":
        return position + 1
    while True:
        if line[position : position + 1] != '"':
            raise ValueError(f"no field name at column {position + 1}")
        key, position = scanstring(line, position + 1, False)
        name = prefix + key
        position = _skip(line, position)
        if line[position : position + 1] != ":":
            raise ValueError(f"no colon at column {position + 1}")
        position = _skip(line, position + 1)
        first = line[position : position + 1]
        if first == '"':
            value, end = scanstring(line, position + 1, False)
            if name in wanted:
                yield name, (position + 1, end - 1, value)
        elif first == "{" and any(field.startswith(name + ".") for field in wanted):
            end = yield from _object(line, position, name + ".", wanted)
        else:
            _, end = decoder.raw_decode(line, position)
        position = _skip(line, end)
        mark = line[position : position + 1]
        if mark == "}":
            return position + 1
        if mark != ",":
            raise ValueError(f"no comma at column {position + 1}")
        position = _skip(line, position + 1)


def _number(written: str) -> int | float | str:
    """A JSON number; one that Python has no value for stays as it is written.

    >>> _number("12"), _number("0.5"), _number("1e999"), len(_number("1" * 5000))
    (12, 0.5, '1e999', 5000)
    """
    if not written.lstrip("-").isdigit():
        value = float(written)
        return value if math.isfinite(value) else written
    return int(written) if len(written) <= _MAX_DIGITS else written


def _skip(line: str, position: int) -> int:
    match = _SPACE.match(line, position)
    return match.end() if match else position
