"""All proposals of a sentence as one lattice."""

from __future__ import annotations

from unspin.lexicon import SpinLexicon
from unspin.protect import ProtectedIndex
from unspin.records import Arc, EditKind, Lattice, Sentence, TokenKind


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
        arcs.extend(Arc(start, end, rule) for rule in lexicon.rules(phrase) if rule.kind in kinds)
    return Lattice(sentence, tuple(arcs))
