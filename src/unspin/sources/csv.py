"""Comma- and tab-separated values: chosen columns change, all other bytes stay.

The first row names the columns. A changed cell keeps its quoting, or gains
quotes where it needs them; untouched rows are written as they were read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from unspin.errors import InputError
from unspin.sources.base import (
    Change,
    LineFile,
    ReadOptions,
    Record,
    Writer,
    choose_fields,
    open_lines,
)

NOTE_COLUMNS = ("unspin_spin_score", "unspin_edits")

# A quotation mark that is never closed must not swallow a large file.
_MOST_ROW = 64_000_000

UNCLOSED = "{name}: the quotation mark in row {number} is never closed"


def read(path: Path, options: ReadOptions) -> Table:
    """The rows of the table at ``path``, an article each."""
    return Table(path, open_lines(path), options.fields)


class Table:
    """A CSV or TSV file."""

    markup = "text"
    takes_notes = True

    def __init__(self, path: Path, file: LineFile, fields: tuple[str, ...]) -> None:
        self._path = path
        self._file = file
        self._wanted = fields
        self._mark = _delimiter(path, next(file.lines(), ""))
        self._header = next(self._rows(), "")
        self._columns = [_value(cell) for cell in _cells(self._header, self._mark)]
        self._numbers = {name: at for at, name in enumerate(self._columns)}

    def records(self) -> Iterator[Record]:
        """One article a row; the first row after the header has the id 2."""
        if not self._header:
            return
        fields = choose_fields(str(self._path), self._columns, self._wanted)
        for number, row in enumerate(self._rows(), 1):
            raw = (row, _cells(row, self._mark))
            if number == 1 or not row.strip():
                yield Record(str(number), {}, raw, silent=True)
                continue
            if len(raw[1]) <= max(self._numbers[field] for field in fields):
                yield Record(str(number), {}, raw, skip="too few cells")
                continue
            texts = {field: _value(raw[1][self._numbers[field]]) for field in fields}
            skip = None if any(text.strip() for text in texts.values()) else "empty"
            yield Record(str(number), texts, raw, skip=skip)

    def _rows(self) -> Iterator[str]:
        parts: list[str] = []
        size = 0
        number = 1
        inside = False
        for line in self._file.lines():
            _, inside = _scan(line, self._mark, inside)
            parts.append(line)
            size += len(line)
            if not inside:
                yield "".join(parts)
                parts, size, number = [], 0, number + 1
            elif size > _MOST_ROW:
                raise InputError(UNCLOSED.format(name=self._path, number=number))
        if parts:
            yield "".join(parts)

    def writer(self, target: IO[bytes]) -> Writer:
        """A writer of rows."""
        return _RowWriter(self._file, target, self._mark, self._numbers)

    def original(self, record: Record) -> Any:
        """The row as an object."""
        values = map(_value, record.raw[1])
        return dict(zip(self._columns, values, strict=False))


class _RowWriter:
    def __init__(
        self, file: LineFile, target: IO[bytes], mark: str, numbers: Mapping[str, int]
    ) -> None:
        self._file = file
        self._target = target
        self._mark = mark
        self._numbers = numbers
        self._noted = False
        target.write(file.bom)

    def write(
        self, record: Record, changes: Mapping[str, Change], note: Mapping[str, Any] | None = None
    ) -> None:
        row, cells = record.raw
        if changes:
            body, end = _ended(row)
            cells = _cells(body, self._mark)
            for field, change in changes.items():
                at = self._numbers[field]
                cells[at] = _written(change.text, cells[at], self._mark)
            row = self._mark.join(cells) + end
        if note is not None:
            row = self._with_note(record, row, note)
        self._target.write(self._file.encode(row))

    def _with_note(self, record: Record, row: str, note: Mapping[str, Any]) -> str:
        body, end = _ended(row)
        if not body.strip():
            return row
        if record.silent:
            added = list(NOTE_COLUMNS)
        else:
            edits = json.dumps(note.get("edits", []), ensure_ascii=True)
            added = [str(note.get("spin_score", "")), _written(edits, "", self._mark)]
        return self._mark.join([body, *added]) + end

    def close(self) -> None:
        pass


def _delimiter(path: Path, header: str) -> str:
    if path.suffix == ".tsv":
        return "\t"
    return max(",;\t", key=lambda mark: len(_cells(header, mark)))


def _ended(row: str) -> tuple[str, str]:
    body = row.removesuffix("\n").removesuffix("\r")
    return body, row[len(body) :]


def _cells(row: str, mark: str) -> list[str]:
    """The cells of a row as they are written, quotes and all."""
    body, _ = _ended(row)
    cells = []
    start = 0
    for at in _scan(body, mark, False)[0]:
        cells.append(body[start:at])
        start = at + 1
    return [*cells, body[start:]]


def _scan(text: str, mark: str, inside: bool) -> tuple[list[int], bool]:
    """Where the delimiters are, and whether the text ends inside quotes.

    A quotation mark opens a cell only as its first character (5" is a cell).
    """
    found: list[int] = []
    position = 0
    if not inside and text.startswith('"'):
        inside, position = True, 1
    while True:
        if inside:
            quote = text.find('"', position)
            if quote < 0:
                return found, True
            inside = text.startswith('""', quote)
            position = quote + 1 + inside
            continue
        at = text.find(mark, position)
        if at < 0:
            return found, False
        found.append(at)
        inside = text.startswith('"', at + 1)
        position = at + 1 + inside


def _value(cell: str) -> str:
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell


def _written(text: str, before: str, mark: str) -> str:
    quoted = before.startswith('"') or any(c in text for c in (mark, '"', "\n", "\r"))
    return '"' + text.replace('"', '""') + '"' if quoted else text
