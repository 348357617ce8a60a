"""Words that a spinner surely changed and that nothing restores: reported, not touched."""

from __future__ import annotations

from collections.abc import Sequence

from unspin.protect import ProtectedIndex
from unspin.records import (
    Alternative,
    DocumentEvidence,
    Edit,
    EditKind,
    Finding,
    Lattice,
    Ranking,
    TokenKind,
)

# A word this likely to be changed that no edit restores is reported.
_FLAG = 0.9


def flags(
    lattices: Sequence[Lattice],
    rankings: Sequence[Ranking],
    evidence: DocumentEvidence,
    edits: Sequence[Edit],
    protected: ProtectedIndex,
) -> list[Finding]:
    """Words that look changed, in a spun text, and that no edit restores.

    Each with its four likeliest readings.
    """
    covered = {offset for e in edits for offset in range(e.start, e.end)}
    found = []
    for lattice, ranking in zip(lattices, rankings, strict=True):
        if ranking.changed is None:
            continue
        for number, (token, p) in enumerate(
            zip(lattice.sentence.tokens, ranking.changed, strict=True)
        ):
            probability = p * evidence.spin_score
            if probability < _FLAG or token.kind is not TokenKind.WORD or token.start in covered:
                continue
            if protected.overlaps(token.start, token.end):
                continue
            readings = sorted(
                (-odds, arc.rule.original)
                for arc, odds in zip(lattice.arcs, ranking.log_odds, strict=True)
                if arc.start == number and arc.end == number + 1
            )
            found.append(
                Finding(
                    token.start,
                    token.end,
                    token.surface,
                    EditKind.OPEN,
                    round(probability, 4),
                    tuple(Alternative(original, 0.0) for _, original in readings[:4]),
                )
            )
    return found
