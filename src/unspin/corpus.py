"""Reads what a batch left behind: its manifest, and the texts before and after where they are."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from unspin.batch.manifest import read_manifest
from unspin.batch.output import backup_of
from unspin.diffing import regions
from unspin.errors import UnspinError
from unspin.report.corpus import Corpus, CorpusArticle
from unspin.sources import MARKUPS, ReadOptions, Record, Source, open_source
from unspin.tokens import tokenize

# Where datasets say what a record is of, the first that is there.
_ADDRESSES = ("url", "link", "source_url", "warc_target_uri", "canonical_url", "domain", "site")
_DATES = ("date", "published", "published_at", "date_published", "pubdate", "created", "timestamp")
_MONTH = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/_.]?(0[1-9]|1[0-2])(?!\d{3})")
_LONGEST_PHRASE = 6
_SOURCE_OF_OUTPUT = ".manifest.jsonl"


def read_corpus(manifest: Path) -> Corpus:
    """What the manifest of a batch and the files it names tell.

    Sites and dates come from fields of a dataset's records, else from paths.

    Raises:
        InputError: if the manifest cannot be read.
    """
    header, files = read_manifest(manifest)
    articles = {article.id: (path, article) for path, article in _articles(manifest)}
    pairs: Counter[tuple[str, str]] = Counter()
    compared = 0
    for path in dict.fromkeys(str(file["path"]) for file in files):
        before, after = _places(manifest, header, path)
        options = ReadOptions(tuple(header.get("fields") or ()), header.get("encoding"))
        texts = _texts(after, options, header.get("action") == "fix")
        for record, source in _records(before, options):
            name = f"{path}:{record.id}" if record.id else path
            if name not in articles:
                continue
            article = articles[name][1]
            site, month = _origin(source, record)
            articles[name] = (
                path,
                replace(article, site=site or article.site, month=month or article.month),
            )
            restored = texts.get(record.id)
            if article.status == "edited" and restored is not None:
                compared += 1
                for field, raw in record.texts.items():
                    view = MARKUPS[source.markup]
                    pairs.update(_substitutions(view(raw).text, view(restored[field]).text))
    found = tuple(article for _, article in articles.values())
    return Corpus(manifest.name, found, dict(pairs), compared)


def _articles(manifest: Path) -> Iterator[tuple[str, CorpusArticle]]:
    """The manifest's articles; of a file that was tried again the last lines count."""
    with manifest.open(encoding="utf-8", errors="surrogateescape") as stream:
        for line in stream:
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                return  # where the run was killed
            if not isinstance(record, dict):
                return
            if record.get("type") != "article":
                continue
            path = PurePosixPath(record["path"])
            dated = _MONTH.search(record["path"])
            yield (
                record["path"],
                CorpusArticle(
                    id=record["id"],
                    status=record["status"],
                    reason=record.get("reason") or record.get("error") or "",
                    score=record.get("spin_score"),
                    rate=record.get("spin_rate"),
                    family=record.get("spinner"),
                    edits=record.get("edits", 0),
                    suggestions=record.get("suggestions", 0),
                    findings=record.get("findings", 0),
                    site=path.parts[0] if len(path.parts) > 1 else "",
                    month=f"{dated[1]}-{dated[2]}" if dated else "",
                ),
            )


def _places(manifest: Path, header: Mapping[str, Any], path: str) -> tuple[Path, Path]:
    """Where a file's text before and after are, if they are still there."""
    root = manifest.parent / str(header["root"])
    if header.get("in_place"):
        backup = backup_of(manifest, path)
        return (backup if backup.exists() else root / path), root / path
    if manifest.name.endswith(_SOURCE_OF_OUTPUT):
        return root / path, manifest.with_name(manifest.name.removesuffix(_SOURCE_OF_OUTPUT))
    return root / path, manifest.parent / path


def _records(path: Path, options: ReadOptions) -> Iterator[tuple[Record, Source]]:
    """The records that can still be read; a file that is gone has none."""
    if not path.is_file():
        return
    try:
        source = open_source(path, options)
        yield from ((r, source) for r in source.records() if not r.silent and r.broken is None)
    except (UnspinError, OSError):
        return


def _texts(path: Path, options: ReadOptions, wanted: bool) -> dict[str, Mapping[str, str]]:
    return {r.id: r.texts for r, _ in _records(path, options)} if wanted else {}


def _origin(source: Source, record: Record) -> tuple[str, str]:
    """The host and the month that a dataset's record names; empty for other files."""
    try:
        original = source.original(record)
    except RecursionError:
        return "", ""
    if not isinstance(original, dict):
        return "", ""
    address = next((str(original[name]) for name in _ADDRESSES if original.get(name)), "")
    date = next((str(original[name]) for name in _DATES if original.get(name)), "")
    month = _MONTH.search(date)
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        host = ""
    return host.removeprefix("www."), f"{month[1]}-{month[2]}" if month else ""


def _substitutions(before: str, after: str) -> Iterator[tuple[str, str]]:
    """The phrases that differ, as norms."""
    if before == after:
        return
    spun = [token.norm for token in tokenize(before)]
    original = [token.norm for token in tokenize(after)]
    for region in regions(original, spun):
        if max(region.o2 - region.o1, region.s2 - region.s1) <= _LONGEST_PHRASE:
            yield " ".join(spun[region.s1 : region.s2]), " ".join(original[region.o1 : region.o2])
