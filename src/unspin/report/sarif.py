"""A SARIF 2.1.0 log, for code hosts and editors that show findings of tools.

Columns and offsets count code points, which the log says (``columnKind``); SARIF
would otherwise take them for UTF-16 units.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from unspin.files import STDIN_NAME
from unspin.records import Edit, EditKind, Finding, Restoration
from unspin.report.plain import describe, reported, verdict
from unspin.report.positions import Positions

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
SPUN_DOCUMENT = "spun-document"

_DESCRIPTIONS = (
    (EditKind.SYNONYM, "A word or phrase that a synonym spinner put in"),
    (EditKind.OPEN, "A word that does not belong and that no lexicon knows"),
    (EditKind.TORTURED, "A technical term taken apart by a paraphraser"),
    (EditKind.DOUBLED, "A word written twice"),
    (EditKind.MOJIBAKE, "Characters decoded with the wrong encoding"),
    (EditKind.ENTITY, "An HTML entity left in plain text"),
    (EditKind.INVISIBLE, "Invisible characters inside a word"),
    (EditKind.HOMOGLYPH, "Look-alike letters of another script"),
    (EditKind.GLUED, "Words run together"),
    (EditKind.SPLIT, "A word broken in two"),
    (EditKind.TYPO, "A misspelt word"),
    (EditKind.BOILERPLATE, "Page furniture left in the text"),
)


def sarif_log(
    results: Sequence[tuple[str, Restoration]], complete: bool = True, summary: bool = False
) -> str:
    """The log of one run over files, given as names and restorations.

    ``complete`` is false where some file could not be read. With ``summary``
    the log holds only the spun documents.
    """
    version = results[0][1].provenance.version if results else None
    driver: dict[str, Any] = {
        "name": "unspin",
        "informationUri": "https://pypi.org/project/unspin/",
        "rules": _rules(),
    }
    if version:
        driver["version"] = version
    found = [entry for name, restoration in results for entry in _file(name, restoration, summary)]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": complete}],
        "artifacts": [{"location": {"uri": artifact_uri(name)}} for name, _ in results],
        "results": found,
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2)


def artifact_uri(name: str) -> str:
    """The URI of a file: relative as the name is, ``file:`` for an absolute one.

    >>> artifact_uri("press/a b.txt")
    'press/a%20b.txt'
    """
    if name == STDIN_NAME:
        return "stdin"
    path = PurePath(name)
    if path.is_absolute():
        return path.as_uri()
    # A colon in the first part would make it read as a scheme.
    return quote(path.as_posix().encode("utf-8", "surrogateescape"), safe="/!$&'()*+,;=@")


def _rules() -> list[dict[str, Any]]:
    documents = {
        "id": SPUN_DOCUMENT,
        "shortDescription": {"text": "A document that went through a synonym spinner"},
        "defaultConfiguration": {"level": "warning"},
    }
    return [documents] + [
        {
            "id": kind.value,
            "shortDescription": {"text": text},
            "defaultConfiguration": {"level": "warning"},
        }
        for kind, text in _DESCRIPTIONS
    ]


def _file(name: str, restoration: Restoration, summary: bool) -> Iterable[dict[str, Any]]:
    artifact = {"uri": artifact_uri(name)}
    if restoration.is_spun:
        yield {
            "ruleId": SPUN_DOCUMENT,
            "ruleIndex": 0,
            "level": "warning",
            "message": {"text": f"This document is {verdict(restoration)}."},
            "locations": [{"physicalLocation": {"artifactLocation": artifact}}],
            "rank": round(restoration.spin_score * 100, 2),
        }
    if summary:
        return
    positions = Positions(restoration.source)
    for item, applied in reported(restoration):
        yield _result(item, applied, artifact, positions)


def _result(
    item: Edit | Finding, applied: bool, artifact: dict[str, str], positions: Positions
) -> dict[str, Any]:
    region = _region(item, positions)
    sure = item.probability if isinstance(item, Finding) else item.confidence
    kinds = [kind for kind, _ in _DESCRIPTIONS]
    result: dict[str, Any] = {
        "ruleId": item.kind.value,
        "ruleIndex": kinds.index(item.kind) + 1,
        "level": "warning" if applied else "note",
        "message": {"text": describe(item, applied)},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
        "rank": round(sure * 100, 2),
    }
    if isinstance(item, Edit):
        replacement = {"deletedRegion": region, "insertedContent": {"text": item.after}}
        result["fixes"] = [
            {
                "description": {"text": "Restore the likely original wording"},
                "artifactChanges": [{"artifactLocation": artifact, "replacements": [replacement]}],
            }
        ]
    return result


def _region(item: Edit | Finding, positions: Positions) -> dict[str, int]:
    line, column = positions.line_column(item.start)
    end_line, end_column = positions.line_column(item.end)
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
        "charOffset": item.start,
        "charLength": item.end - item.start,
    }
