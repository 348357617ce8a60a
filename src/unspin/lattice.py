"""All proposals of a sentence as one lattice."""

from __future__ import annotations

from unspin.lexicon import SpinLexicon
from unspin.protect import ProtectedIndex
from unspin.records import Arc, EditKind, Lattice, Ranking, Sentence, TokenKind


def build_lattice(
    sentence: Sentence,
    lexicon: SpinLexicon,
    protected: ProtectedIndex,
    kinds: frozenset[EditKind],
) -> Lattice:
    """The lattice of a sentence: the lexicon's matches that touch nothing protected."""
    tokens = sentence.tokens
    arcs: list[Arc] = []
    for start, end, phrase in lexicon.matches([token.norm for token in tokens]):
        if tokens[start].kind is TokenKind.PUNCTUATION:
            continue
        if protected.overlaps(tokens[start].start, tokens[end - 1].end):
            continue
        arcs += [Arc(start, end, rule) for rule in lexicon.rules(phrase) if rule.kind in kinds]
    return Lattice(sentence, tuple(arcs))


def with_opened(
    lattice: Lattice,
    ranking: Ranking,
    lexicon: SpinLexicon,
    protected: ProtectedIndex,
    kinds: frozenset[EditKind],
) -> tuple[Lattice, Ranking]:
    """Lattice and ranking with the arcs that the ranker itself proposes among the others."""
    tokens = lattice.sentence.tokens
    norms = [token.norm for token in tokens]
    opened = [
        (arc, odds)
        for arc, odds in ranking.opened
        if arc.rule.kind in kinds
        and not protected.overlaps(tokens[arc.start].start, tokens[arc.end - 1].end)
        and not lexicon.forbids(norms, arc.start, arc.end, arc.rule.original)
    ]
    if not opened:
        return lattice, ranking
    parts = ranking.parts or ((0.0, 0.0),) * len(lattice.arcs)
    every = [
        *zip(lattice.arcs, ranking.log_odds, parts, strict=True),
        *((arc, odds, (0.0, 0.0)) for arc, odds in opened),
    ]
    # Sorting is stable: within a span the lexicon's arcs stay first.
    every.sort(key=lambda entry: (entry[0].start, entry[0].end))
    spans = {(arc.start, arc.end) for arc, _ in opened}
    left = {span: odds for span, odds in ranking.opened_unknown.items() if span in spans}
    return (
        Lattice(lattice.sentence, tuple(arc for arc, _, _ in every)),
        Ranking(
            tuple(odds for _, odds, _ in every),
            {**ranking.unknown, **left},
            ranking.changed,
            parts=tuple(part for _, _, part in every),
            queries=ranking.queries,
        ),
    )
