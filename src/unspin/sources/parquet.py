"""Parquet: chosen string columns change; schema, row groups and compression are kept.

Row groups are read, and written, one at a time, so memory holds a few of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from unspin.errors import InputError
from unspin.files import UNREADABLE
from unspin.sources.base import Change, ReadOptions, Record, Writer, choose_fields, library

NOTE_COLUMNS = ("unspin_spin_score", "unspin_edits")


def read(path: Path, options: ReadOptions) -> Columns:
    """The rows of the Parquet file at ``path``, an article each."""
    return Columns(path, options.fields)


class Columns:
    """A Parquet file."""

    markup = "text"
    takes_notes = True

    def __init__(self, path: Path, fields: tuple[str, ...]) -> None:
        self._path = path
        self._arrow = library("pyarrow", "parquet", "reading .parquet")
        self._parquet = library("pyarrow.parquet", "parquet", "reading .parquet")
        try:
            with path.open("rb") as raw, self._parquet.ParquetFile(raw) as file:  # for any name
                self._schema = file.schema_arrow
                self._codec = (
                    file.metadata.row_group(0).column(0).compression
                    if file.metadata.num_row_groups and file.metadata.num_columns
                    else "SNAPPY"
                )
        except (OSError, UnicodeDecodeError, self._arrow.ArrowException) as error:
            raise InputError(UNREADABLE.format(name=path, reason=error)) from error
        types = self._arrow.types
        texts = [
            field.name
            for field in self._schema
            if types.is_string(field.type) or types.is_large_string(field.type)
        ]
        self._fields = choose_fields(str(path), texts, fields)

    def records(self) -> Iterator[Record]:
        """One article a row; ids count from 1."""
        number = 0
        try:
            with self._path.open("rb") as raw, self._parquet.ParquetFile(raw) as file:
                for group in range(file.metadata.num_row_groups):
                    table = file.read_row_group(group)
                    columns = {f: table.column(f).to_pylist() for f in self._fields}
                    for row in range(table.num_rows):
                        number += 1
                        texts = {f: columns[f][row] or "" for f in self._fields}
                        skip = None if any(t.strip() for t in texts.values()) else "empty"
                        yield Record(str(number), texts, (table, row), skip=skip)
        except (OSError, UnicodeDecodeError, self._arrow.ArrowException) as error:
            raise InputError(UNREADABLE.format(name=self._path, reason=error)) from error

    def writer(self, target: IO[bytes]) -> Writer:
        """A writer of row groups."""
        return _GroupWriter(self._arrow, self._parquet, self._schema, self._codec, target)

    def original(self, record: Record) -> Any:
        """The row as an object; what JSON has no form for is a string."""
        table, row = record.raw
        values = {name: _value(table.column(name)[row]) for name in table.column_names}
        return json.loads(json.dumps(values, default=str))


def _value(scalar: Any) -> Any:
    """The value of a cell; a string that is not UTF-8 as its bytes."""
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return str(scalar.as_buffer().to_pybytes())


class _GroupWriter:
    def __init__(
        self, arrow: Any, parquet: Any, schema: Any, codec: str, target: IO[bytes]
    ) -> None:
        self._arrow = arrow
        self._parquet = parquet
        self._schema = schema
        self._codec = codec.lower().replace("uncompressed", "none")
        self._target = target
        self._file: Any = None
        self._table: Any = None
        self._rows: list[int] = []
        self._changes: dict[str, dict[int, str]] = {}
        self._notes: list[Mapping[str, Any] | None] = []

    def write(
        self, record: Record, changes: Mapping[str, Change], note: Mapping[str, Any] | None = None
    ) -> None:
        table, row = record.raw
        if table is not self._table:
            self._flush()
            self._table = table
        for field, change in changes.items():
            self._changes.setdefault(field, {})[row] = change.text
        self._rows.append(row)
        self._notes.append(note)

    def close(self) -> None:
        self._flush()
        if self._file is None:
            self._open(self._schema)
        self._file.close()

    def _open(self, schema: Any) -> None:
        self._file = self._parquet.ParquetWriter(self._target, schema, compression=self._codec)

    def _flush(self) -> None:
        table = self._table
        if table is None:
            return
        for field, changed in self._changes.items():
            at = table.schema.get_field_index(field)
            values = table.column(field).to_pylist()
            for row, text in changed.items():
                values[row] = text
            kind = table.schema.field(at)
            table = table.set_column(at, kind, self._arrow.array(values, type=kind.type))
        if len(self._rows) != table.num_rows:
            table = table.take(self._rows)
        if any(note is not None for note in self._notes):
            table = self._with_notes(table)
        if self._file is None:
            self._open(table.schema)
        self._file.write_table(table, row_group_size=max(table.num_rows, 1))
        self._table, self._rows, self._changes, self._notes = None, [], {}, []

    def _with_notes(self, table: Any) -> Any:
        scores = [note.get("spin_score") if note else None for note in self._notes]
        edits = [json.dumps(note.get("edits", [])) if note else None for note in self._notes]
        table = table.append_column(
            NOTE_COLUMNS[0], self._arrow.array(scores, type=self._arrow.float64())
        )
        return table.append_column(
            NOTE_COLUMNS[1], self._arrow.array(edits, type=self._arrow.string())
        )
