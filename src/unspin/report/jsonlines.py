"""Restorations and findings as JSON Lines.

Every line is one object with a ``type``: ``restoration`` is a whole result with
its texts; ``edit``, ``suggestion`` and ``finding`` are single places; ``verdict``
closes what is said about a file. ``schema.json`` beside this module is the
contract.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from unspin.records import Finding, Restoration
from unspin.report.plain import reported
from unspin.report.positions import Positions


def restoration_line(path: str, restoration: Restoration) -> str:
    """The whole restoration as one line of JSON, with the file's name."""
    record = restoration.to_dict()
    return _dump({"type": record.pop("type"), "path": path, **record})


def check_lines(path: str, restoration: Restoration, summary: bool = False) -> Iterator[str]:
    """One line of JSON for each place, in the order of the text, and the verdict.

    With ``summary`` only the verdict.
    """
    positions = Positions(restoration.source)
    for item, applied in () if summary else reported(restoration):
        kind = "edit" if applied else "finding" if isinstance(item, Finding) else "suggestion"
        line, column = positions.line_column(item.start)
        end_line, end_column = positions.line_column(item.end)
        place = {"line": line, "column": column, "end_line": end_line, "end_column": end_column}
        yield _dump({"type": kind, "path": path, **place, **asdict(item)})
    yield _dump(
        {
            "type": "verdict",
            "path": path,
            "is_spun": restoration.is_spun,
            "spin_score": restoration.spin_score,
            "spin_rate": restoration.spin_rate,
            "spinner": restoration.spinner,
            "spinner_probability": restoration.spinner_probability,
            "edits": len(restoration.edits),
            "suggestions": len(restoration.suggestions),
            "findings": len(restoration.findings),
            "provenance": asdict(restoration.provenance),
        }
    )


def _dump(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False)
