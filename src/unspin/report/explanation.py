"""What each stage of a restoration saw, as lines of plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unspin.records import Arc, Edit, Evidence, Explanation, Lattice, Restoration, Sentence
from unspin.report.plain import reported, verdict_line
from unspin.report.positions import Positions, quoted, visible


def token_lines(text: str, sentences: Sequence[Sentence]) -> Iterator[str]:
    """The tokens of each sentence with offsets, kind and norm."""
    positions = Positions(text)
    for number, sentence in enumerate(sentences, 1):
        line, column = positions.line_column(sentence.tokens[0].start)
        yield f"sentence {number}, paragraph {sentence.paragraph + 1}, {line}:{column}"
        for token in sentence.tokens:
            norm = "" if token.norm == token.surface else f"  norm {quoted(token.norm)}"
            yield f"  {token.start}-{token.end}  {token.kind}  {quoted(token.surface)}{norm}"


def candidate_lines(text: str, explained: Explanation) -> Iterator[str]:
    """Every proposal of each sentence: posterior, ranker, channel, kind and source.

    A star marks the candidates on the best path.
    """
    positions = Positions(text)
    stages = zip(explained.lattices, explained.rankings, explained.decodings, strict=True)
    for number, (lattice, ranking, decoding) in enumerate(stages, 1):
        if not lattice.arcs:
            continue
        yield _heading(number, lattice, positions)
        for index, arc in enumerate(lattice.arcs):
            taken = "*" if index in decoding.path else " "
            yield (
                f" {taken} {_change(text, lattice, arc)}  {decoding.posterior[index]:.3f}  "
                f"ranker {ranking.log_odds[index]:+.2f}, channel {arc.rule.channel:+.2f}  "
                f"{arc.rule.kind} from {visible(arc.rule.source)}"
            )


def path_lines(text: str, explained: Explanation) -> Iterator[str]:
    """What the document shows, then the best path of each sentence that changes anything."""
    positions = Positions(text)
    evidence = explained.evidence
    rate = (evidence.spin_rate or 0.0) * 100
    yield (
        f"document: spun {evidence.spin_score:.2f}, {rate:.0f} % of words, "
        f"family {evidence.spinner or 'unknown'} ({evidence.spinner_probability:.2f})"
    )
    for number, (lattice, decoding) in enumerate(
        zip(explained.lattices, explained.decodings, strict=True), 1
    ):
        if not decoding.path:
            continue
        heading = _heading(number, lattice, positions)
        yield f"{heading}: {decoding.log_odds:+.2f} nats over keeping all"
        for index in decoding.path:
            change = _change(text, lattice, lattice.arcs[index])
            yield f"   {change}  {decoding.posterior[index]:.3f}"


def edit_lines(name: str, restoration: Restoration) -> Iterator[str]:
    """For every edit: the change, its evidence and the other readings."""
    positions = Positions(restoration.source)
    for item, applied in reported(restoration):
        if not isinstance(item, Edit):
            continue
        line, column = positions.line_column(item.start)
        state = "" if applied else ", below the threshold"
        yield (
            f"{visible(name)}:{line}:{column}: {quoted(item.before)} -> {quoted(item.after)}  "
            f"{item.confidence:.2f}{state}"
        )
        yield f"    {item.kind} from {visible(item.evidence.source)}"
        weights = _weights(item.evidence)
        if weights:
            yield f"    {weights}"
        if item.alternatives:
            others = ", ".join(f"{quoted(a.text)} {a.confidence:.2f}" for a in item.alternatives)
            yield f"    or {others}"
    yield verdict_line(name, restoration)


def _weights(evidence: Evidence) -> str:
    asked = (
        ("channel", evidence.log_channel),
        ("ranker", evidence.ranker),
        ("language model", evidence.language_model),
        ("document", evidence.document),
    )
    return ", ".join(f"{name} {value:+.2f}" for name, value in asked if value is not None)


def _heading(number: int, lattice: Lattice, positions: Positions) -> str:
    line, column = positions.line_column(lattice.sentence.tokens[0].start)
    return f"sentence {number}, {line}:{column}"


def _change(text: str, lattice: Lattice, arc: Arc) -> str:
    tokens = lattice.sentence.tokens
    before = text[tokens[arc.start].start : tokens[arc.end - 1].end]
    return f"{quoted(before)} -> {quoted(arc.rule.original)}"
