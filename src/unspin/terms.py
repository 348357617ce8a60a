"""Technical terms taken apart ("irregular timberland"), in whatever text they stand.

The rows of two words and more of lexicons named ``tortured.tsv`` are phrases that
nobody writes of his own accord: in 13 million words of clean prose none of the
shipped ones occurs. So they are evidence in themselves, where a single spun word
is none without a spun text around it, and one of them in an otherwise clean paper
is put right. A phrase in quotation marks is talked about and stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from unspin.edits import with_articles, written
from unspin.lattice import build_lattice
from unspin.lexicon import SpinLexicon
from unspin.protect import ProtectedIndex
from unspin.records import Arc, Edit, EditKind, Evidence, Sentence

# The rows were written by hand and checked, but several readings may be possible.
_CONFIDENCE = 0.9
# Single marks are apostrophes too: they count only right beside the phrase.
_OPENING, _CLOSING = ("'", "‘", "«"), ("'", "’", "»")
_KINDS = frozenset({EditKind.TORTURED})
# No quotation is looked for further back than this: lines may be long.
_FAR = 4000


class Terms:
    """The rows of several words of a lexicon of tortured phrases."""

    def __init__(self, lexicon: SpinLexicon) -> None:
        self._lexicon = lexicon
        phrases = (phrase.split(" ") for phrase in lexicon.phrases())
        self._begin = frozenset(tuple(words[:2]) for words in phrases if len(words) > 1)

    def may_occur(self, paragraphs: Sequence[Sequence[str]]) -> bool:
        """Whether the norms of some paragraph hold the first two words of a phrase."""
        return bool(self._begin) and any(
            pair in self._begin for norms in paragraphs for pair in pairwise(norms)
        )

    def edits(
        self, text: str, split: Sequence[Sentence], protected: ProtectedIndex
    ) -> Iterator[Edit]:
        """An edit for every phrase, the longest of overlapping ones, in order."""
        for sentence in split:
            lattice = build_lattice(sentence, self._lexicon, protected, _KINDS)
            found: list[Edit] = []
            taken = 0
            # Arcs of a span stand in order of their odds: the first is the likeliest.
            for arc in sorted(lattice.arcs, key=lambda a: (a.start, -a.end)):
                if arc.start < taken or arc.end - arc.start < 2:
                    continue
                taken = arc.end
                edit = _edit(text, sentence, arc)
                if not is_quoted(text, edit.start, edit.end):
                    found.append(edit)
            yield from with_articles(text, sentence.tokens, found)


def _edit(text: str, sentence: Sentence, arc: Arc) -> Edit:
    tokens = sentence.tokens[arc.start : arc.end]
    start, end = tokens[0].start, tokens[-1].end
    return Edit(
        start,
        end,
        text[start:end],
        written(tokens, arc.rule, arc.start == 0),
        _CONFIDENCE,
        EditKind.TORTURED,
        Evidence(source=arc.rule.source, log_channel=round(arc.rule.channel, 3)),
    )


def is_quoted(text: str, start: int, end: int) -> bool:
    """Whether a quotation is open in the line, or ``text[start:end]`` is all of one."""
    first = max(0, start - _FAR)
    before = text[max(first, text.rfind("\n", first, start) + 1) : start]
    if before.count("“") > before.count("”") or before.count('"') % 2:
        return True
    return before[-1:] in _OPENING and text[end : end + 1] in _CLOSING
