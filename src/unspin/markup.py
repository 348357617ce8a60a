"""Restorations of text with markup, carried from what was read of it to the text itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from unspin.edits import apply_edits
from unspin.records import Alternative, Edit, Finding, Restoration
from unspin.sources import View


def carried(restoration: Restoration, view: View) -> Restoration:
    """The restoration of ``view.text`` as one of ``view.raw``.

    An edit that cannot be made there, since markup runs through its words, is a
    finding instead; such a suggestion is left out.
    """
    edits: list[Edit] = []
    findings: list[Finding] = []
    for edit in restoration.edits:
        made = list(_carried(edit, view))
        edits += made
        if not made:
            findings += _moved([_finding(edit)], view)
    findings += _moved(restoration.findings, view)
    return replace(
        restoration,
        source=view.raw,
        text=apply_edits(view.raw, edits),
        edits=tuple(edits),
        suggestions=tuple(e for edit in restoration.suggestions for e in _carried(edit, view)),
        findings=tuple(sorted(findings, key=lambda f: (f.start, f.end))),
    )


def _carried(edit: Edit, view: View) -> Iterator[Edit]:
    for part in view.back([edit]):
        whole = part.end - part.start == edit.end - edit.start
        # Other readings are of the whole phrase.
        yield part if whole else replace(part, alternatives=())


def _finding(edit: Edit) -> Finding:
    readings = (Alternative(edit.after, edit.confidence), *edit.alternatives)
    return Finding(edit.start, edit.end, edit.before, edit.kind, edit.confidence, readings)


def _moved(findings: Iterable[Finding], view: View) -> Iterator[Finding]:
    for finding in findings:
        place = view.place(finding.start, finding.end)
        if place is not None:
            start, end = place
            yield replace(finding, start=start, end=end, text=view.raw[start:end])
