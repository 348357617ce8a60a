"""Formats that articles come in, each read and written back with nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from unspin.errors import InputError
from unspin.sources import csv, html, jsonl, markdown, parquet, text
from unspin.sources.base import Change, ReadOptions, Record, Source, Writer
from unspin.sources.views import View

__all__ = [
    "MARKUPS",
    "READERS",
    "Change",
    "ReadOptions",
    "Record",
    "Source",
    "View",
    "Writer",
    "open_source",
    "suffix_of",
]

READERS: dict[str, Callable[[Path, ReadOptions], Source]] = {
    ".txt": text.read,
    ".text": text.read,
    ".md": markdown.read,
    ".markdown": markdown.read,
    ".html": html.read,
    ".htm": html.read,
    ".xhtml": html.read,
    ".jsonl": jsonl.read,
    ".jsonl.gz": jsonl.read,
    ".jsonl.zst": jsonl.read,
    ".ndjson": jsonl.read,
    ".csv": csv.read,
    ".tsv": csv.read,
    ".parquet": parquet.read,
}
MARKUPS: dict[str, Callable[[str], View]] = {
    "text": text.view,
    "markdown": markdown.view,
    "html": html.view,
}
UNKNOWN = "{name} has no known ending; unspin reads {known}"


def suffix_of(path: Path) -> str | None:
    """The ending of the name that says how to read the file, or ``None``.

    >>> suffix_of(Path("a.b/News.JSONL.gz"))
    '.jsonl.gz'
    """
    name = path.name.lower()
    return max((s for s in READERS if name.endswith(s) and name != s), key=len, default=None)


def open_source(path: Path, options: ReadOptions) -> Source:
    """The source for the file at ``path``.

    Raises:
        InputError: if the name's ending is unknown or the file cannot be read.
        MissingExtraError: if its format needs a library that is not installed.
    """
    suffix = suffix_of(path)
    if suffix is None:
        raise InputError(UNKNOWN.format(name=path.name, known=", ".join(READERS)))
    return READERS[suffix](path, options)
