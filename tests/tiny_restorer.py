"""A restorer of six phrases, so that tests of everything around the core take no models.

"interrogate" is restored with too little confidence to be applied.
"""

from __future__ import annotations

import re

from unspin.edits import apply_edits
from unspin.records import (
    Alternative,
    Decoding,
    DocumentEvidence,
    Edit,
    EditKind,
    Evidence,
    Explanation,
    Finding,
    Lattice,
    Provenance,
    Restoration,
)
from unspin.settings import Settings
from unspin.tokens import sentences

PHRASES = (
    ("mature", "used", 0.93, EditKind.SYNONYM),
    ("the least bit", "at all", 0.97, EditKind.SYNONYM),
    ("started started", "started", 0.99, EditKind.DOUBLED),
    ("put up", "café post", 0.9, EditKind.SYNONYM),
    ("counterfeit consciousness", "artificial intelligence", 0.99, EditKind.TORTURED),
    ("interrogate", "question", 0.4, EditKind.SYNONYM),
)
THRESHOLD = 0.5


class TinyRestorer:
    """Does what ``unspin.Restorer`` does, for the phrases above only."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def restore(self, text: str) -> Restoration:
        """Every phrase of the list replaced."""
        found = []
        for before, after, confidence, kind in PHRASES:
            if kind in self.settings.kinds:
                evidence = Evidence("tiny", log_channel=1.5, ranker=-0.25)
                others = (Alternative("spent", 0.02),) if after == "used" else ()
                found += [
                    Edit(m.start(), m.end(), before, after, confidence, kind, evidence, others)
                    for m in re.finditer(rf"\b{before}\b", text)
                ]
        found.sort(key=lambda e: e.start)
        asked = self.settings.min_confidence
        threshold = THRESHOLD if asked is None else asked
        edits = tuple(e for e in found if e.confidence >= threshold)
        findings = tuple(
            Finding(m.start(), m.end(), m[0], EditKind.BOILERPLATE, 0.95)
            for m in re.finditer(r"(?m)^info image$", text)
        )
        return Restoration(
            source=text,
            text=apply_edits(text, edits),
            edits=edits,
            suggestions=tuple(e for e in found if e not in edits),
            findings=findings,
            spin_score=0.99 if edits else 0.01,
            spin_rate=0.25 if edits else 0.0,
            spinner="A" if edits else None,
            spinner_probability=0.9 if edits else 0.0,
            is_spun=bool(edits),
            provenance=Provenance("0.1.0", "tiny", "none", "0"),
        )

    def explain(self, text: str) -> Explanation:
        """The stages, with nothing proposed before the edits."""
        split = tuple(sentences(text))
        return Explanation(
            sentences=split,
            evidence=DocumentEvidence(0.99, "A", 0.9, 0.25, (True,), 300),
            lattices=tuple(Lattice(sentence, ()) for sentence in split),
            rankings=(),
            decodings=tuple(Decoding((), (), {}, 0.0) for _ in split),
            restoration=self.restore(text),
        )
