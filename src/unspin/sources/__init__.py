"""Formats that articles come in, each read and written back with nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from unspin.errors import InputError
from unspin.files import TextFile
from unspin.sources import csv, html, jsonl, markdown, parquet, text
from unspin.sources.base import Change, ReadOptions, Record, Source, Writer
from unspin.sources.views import View

__all__ = [
    "ARTICLES",
    "DATASETS",
    "MARKUPS",
    "READERS",
    "Change",
    "ReadOptions",
    "Record",
    "Source",
    "View",
    "Writer",
    "open_source",
    "read_article",
    "suffix_of",
]

# Files that are one article each, and files of many.
ARTICLES: dict[str, Callable[[Path, ReadOptions], text.WholeFile]] = {
    ".txt": text.read,
    ".text": text.read,
    ".md": markdown.read,
    ".markdown": markdown.read,
    ".html": html.read,
    ".htm": html.read,
    ".xhtml": html.read,
}
DATASETS: dict[str, Callable[[Path, ReadOptions], Source]] = {
    ".jsonl": jsonl.read,
    ".jsonl.gz": jsonl.read,
    ".jsonl.zst": jsonl.read,
    ".ndjson": jsonl.read,
    ".csv": csv.read,
    ".tsv": csv.read,
    ".parquet": parquet.read,
}
READERS: dict[str, Callable[[Path, ReadOptions], Source]] = {**ARTICLES, **DATASETS}
MARKUPS: dict[str, Callable[[str], View]] = {
    "text": text.view,
    "markdown": markdown.view,
    "html": html.view,
}
DATASET = "{name} holds many articles: use unspin batch {name} OUT, which restores each"
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


def read_article(path: Path, encoding: str | None) -> tuple[TextFile, View]:
    """The file at ``path``, one article, and what of it is prose.

    A name without a known ending is plain text.

    Raises:
        InputError: if the name is a dataset's or the file cannot be read.
    """
    suffix = suffix_of(path)
    if suffix in DATASETS and not path.is_dir():
        raise InputError(DATASET.format(name=path))
    source = ARTICLES.get(suffix or "", text.read)(path, ReadOptions((), encoding))
    file = source.read()
    return file, MARKUPS[source.markup](file.text)
