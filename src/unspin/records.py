"""The frozen records that cross module boundaries.

Offsets are half-open code-point offsets into the text as it was read, never
into a lower-cased, normalized or re-encoded copy. Token indexes are half-open
too and count within one sentence. Logarithms are natural unless a field says
otherwise.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:  # ``import unspin`` should not take numpy's time
    import numpy as np
    from numpy.typing import NDArray


class TokenKind(StrEnum):
    """What a token is made of."""

    WORD = "word"
    NUMBER = "number"
    PUNCTUATION = "punctuation"


class EditKind(StrEnum):
    """The damage that an edit repairs or a finding reports."""

    SYNONYM = "synonym"  # a spun word or phrase that the lexicon knows
    OPEN = "open"  # a spun word that no lexicon row knows
    TORTURED = "tortured"  # a technical term taken apart
    DOUBLED = "doubled"  # "started started"
    MOJIBAKE = "mojibake"  # bytes decoded with the wrong encoding
    ENTITY = "entity"  # HTML entity residue in plain text
    INVISIBLE = "invisible"  # zero-width characters inside words
    HOMOGLYPH = "homoglyph"  # look-alike letters of another script
    GLUED = "glued"  # "onFriday"
    SPLIT = "split"  # "govern ment"
    TYPO = "typo"
    BOILERPLATE = "boilerplate"  # leftover page furniture on a line of its own


class Token(NamedTuple):
    """A word, number or punctuation mark: ``text[start:end] == surface``.

    ``norm`` is what lexicon and models see: case folded, straight apostrophes.
    (A tuple, since every word of every text is one.)
    """

    start: int
    end: int
    surface: str
    norm: str
    kind: TokenKind


@dataclass(frozen=True, slots=True)
class Sentence:
    """The tokens of one sentence and the number of the paragraph it stands in."""

    tokens: tuple[Token, ...]
    paragraph: int


@dataclass(frozen=True, slots=True)
class ProtectedSpan:
    """A stretch of text that no edit may touch, and why."""

    start: int
    end: int
    reason: str


class Rule(NamedTuple):
    """One lexicon row: ``spun`` was written where the author wrote ``original``.

    Both are norms joined by spaces. ``channel`` is the log odds of the row's
    count against the times the spun phrase was left alone, ``families`` each
    family's (times aligned, times the original occurred), ``source`` the row's
    origin.
    """

    spun: str
    original: str
    channel: float
    kind: EditKind
    families: tuple[tuple[str, int, int], ...]
    source: str


class Arc(NamedTuple):
    """A proposal of one sentence's lattice: tokens ``start:end`` become ``rule.original``.

    There is no arc for "keep": every token implies one.
    """

    start: int
    end: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class Lattice:
    """All proposals of one sentence; leaving every token as written is implied.

    ``arcs`` are sorted by (start, end) and hold one arc per (start, end,
    original); within a span the candidates stand in order of their channel odds.
    """

    sentence: Sentence
    arcs: tuple[Arc, ...]
    _runs: tuple[tuple[int, ...], ...] = field(default=(), init=False, compare=False, repr=False)

    @property
    def runs(self) -> tuple[tuple[int, ...], ...]:
        """The (start, end, first, last) of each span with arcs: those are ``arcs[first:last]``."""
        if not self._runs:  # asked for at every stage, and a lattice never changes
            found, last = [], 0
            for (start, end), group in groupby(self.arcs, itemgetter(0, 1)):
                first, last = last, last + len([*group])
                found.append((start, end, first, last))
            object.__setattr__(self, "_runs", tuple(found))
        return self._runs


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a ranker says of one lattice.

    ``log_odds[i]`` is arc ``i``'s log odds (nats) against keeping its span as
    written. ``unknown`` maps a span (start, end) to the log odds that it was
    changed from something that is not among its candidates. ``changed[t]`` is
    the probability that token ``t`` is not the author's, where the ranker
    knows, and ``queries`` (tokens, 128) what it would look for in its place.
    ``opened`` are arcs that the ranker itself proposes, with their log
    odds; once they are taken, ``opened_unknown`` is what is left of ``unknown``.
    ``parts[i]`` are the encoder's and the features' shares of arc ``i``'s log odds,
    for those who look again; empty where there are none.
    """

    log_odds: tuple[float, ...]
    unknown: Mapping[tuple[int, int], float]
    changed: tuple[float, ...] | None = None
    opened: tuple[tuple[Arc, float], ...] = ()
    opened_unknown: Mapping[tuple[int, int], float] = field(default_factory=dict)
    parts: tuple[tuple[float, float], ...] = ()
    queries: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Decoding:
    """The best path through a lattice and how sure the model is of each arc.

    ``path`` holds the indexes of the lattice's arcs taken, in order; tokens
    between them are kept. ``posterior[i]`` is the probability that arc ``i`` is
    on the path, ``unknown`` that a span was changed from something unknown.
    ``log_odds`` is the log weight of the best path, where leaving everything
    as written has 0.
    """

    path: tuple[int, ...]
    posterior: tuple[float, ...]
    unknown: Mapping[tuple[int, int], float]
    log_odds: float


@dataclass(frozen=True, slots=True)
class DocumentEvidence:
    """What only the whole document shows.

    ``spin_score`` is the probability that it is spun, ``spinner`` the likeliest family
    (``None``: unknown) with ``spinner_probability``, ``spin_rate`` the share of words changed
    (0 to 1; ``None`` as long as it cannot be told). ``active[p]`` tells whether paragraph ``p``
    is worth restoring; ``size`` how many words and marks the score rests on.
    """

    spin_score: float
    spinner: str | None
    spinner_probability: float
    spin_rate: float | None
    active: tuple[bool, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every intermediate stage of one restoration, sentence by sentence."""

    sentences: tuple[Sentence, ...]
    evidence: DocumentEvidence
    lattices: tuple[Lattice, ...]
    rankings: tuple[Ranking, ...]
    decodings: tuple[Decoding, ...]
    restoration: Restoration


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another reading of an edit's span and its probability."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why an edit won: where its candidate came from and what each model said.

    Values are in nats against keeping the words as written; ``None`` where a
    model was not asked. ``changed`` is the probability that all of the edit's
    words were changed, given that the text is spun.
    """

    source: str
    log_channel: float | None = None
    ranker: float | None = None
    language_model: float | None = None
    document: float | None = None
    changed: float | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """``text[start:end] == before`` becomes ``after``.

    ``confidence`` is the calibrated probability that the edit is exactly right.
    """

    start: int
    end: int
    before: str
    after: str
    confidence: float
    kind: EditKind
    evidence: Evidence
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth a look that is not changed by default.

    Boilerplate lines, and words that look spun whose original is unclear;
    ``probability`` is that of the finding being true.
    """

    start: int
    end: int
    text: str
    kind: EditKind
    probability: float
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made a result: with the same values the same text gives the same bytes."""

    version: str
    lexicon: str
    model: str
    settings: str


@dataclass(frozen=True, slots=True)
class Detection:
    """Whether and how a text is spun.

    ``spin_score`` is the probability that the text is spun, ``spin_rate`` the
    estimated share of its words that were changed, ``spinner`` the most likely
    family with its probability. ``phrases`` are the spun phrases as edits that
    were not applied, whatever their confidence.
    """

    spin_score: float
    spin_rate: float
    spinner: str | None
    spinner_probability: float
    is_spun: bool
    phrases: tuple[Edit, ...]
    findings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON values, with a ``type`` tag."""
        return {"type": "detection", **_plain(self)}

    def to_json(self) -> str:
        """The record as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The record that :meth:`to_dict` wrote."""
        fields = _known(cls, data)
        fields["phrases"] = tuple(edit_from_dict(e) for e in data["phrases"])
        fields["findings"] = tuple(finding_from_dict(f) for f in data["findings"])
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Restoration:
    """A text and its proposed restoration.

    ``text`` is ``source`` with ``edits`` applied. ``suggestions`` are edits that
    stayed below the confidence asked for; they may overlap no edit and are not
    applied. Everything a report needs follows from ``source`` and the edits.
    """

    source: str
    text: str
    edits: tuple[Edit, ...]
    suggestions: tuple[Edit, ...]
    findings: tuple[Finding, ...]
    spin_score: float
    spin_rate: float
    spinner: str | None
    spinner_probability: float
    is_spun: bool
    provenance: Provenance

    def diff(self, fromfile: str = "spun", tofile: str = "restored", context: int = 3) -> str:
        """The suggested change as a unified diff; empty when nothing changes."""
        return unified_diff(self.source, self.text, fromfile, tofile, context)

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON values, with a ``type`` tag."""
        return {"type": "restoration", **_plain(self)}

    def to_json(self) -> str:
        """The record as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The record that :meth:`to_dict` wrote."""
        fields = _known(cls, data)
        fields["edits"] = tuple(edit_from_dict(e) for e in data["edits"])
        fields["suggestions"] = tuple(edit_from_dict(e) for e in data["suggestions"])
        fields["findings"] = tuple(finding_from_dict(f) for f in data["findings"])
        fields["provenance"] = Provenance(**data["provenance"])
        return cls(**fields)


def unified_diff(before: str, after: str, fromfile: str, tofile: str, context: int = 3) -> str:
    """The unified diff of two texts, empty when they are equal.

    Lines end only at LF, so other separators inside a paragraph stay inside
    its line; a missing final newline is marked as ``diff -u`` marks it.
    """
    if before == after:
        return ""
    lines = difflib.unified_diff(
        _lines(before), _lines(after), fromfile, tofile, n=context, lineterm="\n"
    )
    missing = "\n\\ No newline at end of file\n"
    return "".join(line if line.endswith("\n") else line + missing for line in lines)


def edit_from_dict(data: Mapping[str, Any]) -> Edit:
    """The edit that ``dataclasses.asdict`` wrote."""
    fields = _known(Edit, data)
    fields["kind"] = EditKind(data["kind"])
    fields["evidence"] = Evidence(**data["evidence"])
    fields["alternatives"] = _alternatives(data["alternatives"])
    return Edit(**fields)


def finding_from_dict(data: Mapping[str, Any]) -> Finding:
    """The finding that ``dataclasses.asdict`` wrote."""
    fields = _known(Finding, data)
    fields["kind"] = EditKind(data["kind"])
    fields["alternatives"] = _alternatives(data["alternatives"])
    return Finding(**fields)


def _alternatives(data: Sequence[Mapping[str, Any]]) -> tuple[Alternative, ...]:
    return tuple(Alternative(**a) for a in data)


def _known(cls: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    return {f.name: data[f.name] for f in dataclasses.fields(cls)}


def _plain(record: Any) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(record)))
    return plain


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])
