"""Files as the articles of a review, restored one by one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from unspin.files import TextFile, read_text
from unspin.records import Restoration
from unspin.report.review import ReviewArticle, ReviewFile
from unspin.sources import MARKUPS, ReadOptions, Source, open_source, suffix_of, text


def review_articles(
    path: Path, root: Path, read: ReadOptions, restore: Callable[[str], Restoration]
) -> Iterator[tuple[ReviewArticle | None, str]]:
    """The articles of a file, or ``None`` and why one could not be read.

    A name without a known ending is plain text. The file is called by its path
    below ``root``.

    Raises:
        InputError: if the file cannot be read.
    """
    if not path.is_file():
        read_text(path)  # says what is wrong
    data = path.read_bytes()
    source = text.read(path, read) if suffix_of(path) is None else open_source(path, read)
    file = _review_file(path, root, read, source, hashlib.sha256(data).hexdigest())
    for record in source.records():
        if record.broken is not None:
            yield None, record.broken
        elif record.skip is None and not record.silent:
            for field, raw in record.texts.items():
                view = MARKUPS[source.markup](raw)
                yield ReviewArticle(file, record.id, field, view, restore(view.text)), ""


def _review_file(
    path: Path, root: Path, read: ReadOptions, source: Source, digest: str
) -> ReviewFile:
    codec, bom = "", False
    if isinstance(source, text.WholeFile):
        written = next(source.records()).raw
        assert isinstance(written, TextFile)
        codec, bom = written.encoding, bool(written.bom)
    name = Path(os.path.relpath(path, root)).as_posix()
    return ReviewFile(name, digest, read.encoding, codec, bom, source.markup)
