"""The spin lexicon: spun phrase -> what authors wrote, with counts.

Format: tab-separated text, UTF-8, sorted by (spun, original). The first line
names the format, comment lines begin with ``#``, one of them names the
columns. ``spun`` and ``original`` are norms joined by spaces (the tokens of
:mod:`unspin.tokens`, so hyphens stand alone). Learned files have per family
``aligned/occurrences``; a row of a phrase with itself counts how often it was
left alone. Hand-written files have a source and either ``weight``, the natural
log of P(spun | original), or ``odds``, the natural log of how much oftener the
phrase stands for the original than for itself in spun text. Example::

    # unspin lexicon 1
    # columns: spun	original	families
    put up	post	A:300/420
    put up	put up	A:12/40

Where ``odds`` is ``never`` the row forbids what it names, whatever other files
say: a pair is not proposed, and a phrase paired with itself is left alone, the
words inside it included.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from operator import contains
from pathlib import Path
from typing import Protocol

from unspin.errors import DataError
from unspin.records import EditKind, Rule

HEADER = "# unspin lexicon 1"
MAX_TOKENS = 6
MAX_CANDIDATES = 24
NEVER = "never"
_COLUMNS = "# columns: "
# A hand-written row speaks as if its pair had been seen this often.
_HAND_COUNT = 3.0

# How to read some rows: their columns, and the kind of their edits.
_Format = tuple[tuple[str, ...], EditKind]


def channel_odds(count: float, alone: float) -> float:
    """Log odds of a pair seen ``count`` times against a phrase left alone ``alone`` times."""
    return math.log((count + 0.5) / (alone + 1.0))


class _Rows(Protocol):
    """Rows by spun phrase; each is the number of its format, a tab and the rest of its line."""

    def beginning(self, first: str) -> Iterable[tuple[str, str]]:
        """The phrases that begin with a word, each with a row or several, line feeds between."""

    def phrases(self) -> Iterable[str]:
        """Every phrase, in the order of the file; some more than once."""


class _Sorted:
    """Rows of a file that is sorted: the lines as they are, found by bisection."""

    def __init__(self, lines: Sequence[str], mark: str) -> None:
        self._lines = lines
        self._mark = mark

    @classmethod
    def of(cls, lines: Sequence[str], mark: str) -> _Sorted | None:
        """``None`` for lines that are not sorted, or not all of them rows."""
        if lines != sorted(lines) or not all(map(contains, lines, repeat("\t"))):
            return None
        comments = bisect_left(lines, "#"), bisect_left(lines, "$")
        nameless = bisect_left(lines, "\t"), bisect_left(lines, "\n")
        plain = comments[0] == comments[1] and nameless[0] == nameless[1]
        return cls(lines, mark) if plain else None

    def beginning(self, first: str) -> Iterator[tuple[str, str]]:
        # A tab ends the phrase, or a space its first word; all else sorts after these.
        begin = bisect_left(self._lines, first + "\t")
        more = first + " "
        for line in self._lines[begin : bisect_left(self._lines, first + "!", begin)]:
            spun, _, rest = line.partition("\t")
            if spun == first or spun.startswith(more):
                yield spun, self._mark + rest

    def phrases(self) -> Iterator[str]:
        return (line.partition("\t")[0] for line in self._lines)


class _Unsorted:
    """Rows of any file, by spun phrase."""

    def __init__(self, rows: dict[str, str]) -> None:
        self._rows = rows
        # By first word its phrases, line feeds between.
        self._by_first: dict[str, str] = {}
        for phrase in rows:
            first = phrase.partition(" ")[0]
            others = self._by_first.get(first)
            self._by_first[first] = phrase if others is None else f"{others}\n{phrase}"

    def beginning(self, first: str) -> Iterator[tuple[str, str]]:
        phrases = self._by_first.get(first)
        if phrases is not None:
            yield from ((phrase, self._rows[phrase]) for phrase in phrases.split("\n"))

    def phrases(self) -> Iterator[str]:
        return iter(self._rows)


class SpinLexicon:
    """All rows of one or more lexicon files, found by spun phrase.

    Rows are looked for and parsed when a text first needs them: most of 140,000 never
    are. Until then they are lines. (As objects they would take the garbage collector
    longer to look through than it takes to read the files.)
    """

    def __init__(
        self,
        files: Iterable[_Rows],
        digest: str,
        never: frozenset[tuple[str, str]] = frozenset(),
        formats: Sequence[_Format] = (),
    ) -> None:
        """The rows of each file, and the pairs of them that are ``never`` to be made."""
        self._files = tuple(files)
        self._formats = formats
        self._never = never
        self._left_alone = frozenset(spun for spun, original in never if spun == original)
        self._rules: dict[str, tuple[Rule, ...]] = {}
        # By first word of those that were asked for: rows by phrase, words of the longest.
        self._begun: dict[str, tuple[dict[str, str], int]] = {}
        self.digest = digest

    def __len__(self) -> int:
        return sum(1 for _ in self.phrases())

    def __contains__(self, spun: str) -> bool:
        return spun in self._beginning(spun.partition(" ")[0])[0]

    @classmethod
    def read(cls, paths: Iterable[Path]) -> SpinLexicon:
        """The rows of the files, later files adding to earlier ones.

        Raises:
            DataError: naming file and line of what cannot be read.
        """
        files: list[_Rows] = []
        formats: list[_Format] = []
        never: set[tuple[str, str]] = set()
        digest = hashlib.sha256()
        for path in paths:
            raw = _read(path)
            digest.update(raw)
            text = _decode(raw, path)
            lines = text.split("\n")
            if lines[0].rstrip() != HEADER:
                raise _not_a_lexicon(path)
            kind = EditKind.TORTURED if path.stem == "tortured" else EditKind.SYNONYM
            columns: tuple[str, ...] = ("spun", "original", "weight", "source")
            formats.append((columns, kind))
            begin = 0
            while begin < len(lines) and lines[begin][:1] in ("", "#"):
                columns = _columns(lines[begin], columns, kind, formats)
                begin += 1
            if NEVER not in text or "odds" not in columns:
                end = len(lines) - (not lines[-1])
                ordered = _Sorted.of(lines[begin:end], f"{len(formats) - 1}\t")
                if ordered is not None:
                    files.append(ordered)
                    continue
            rows: dict[str, str] = {}
            for number, line in enumerate(lines[begin:], begin + 1):
                if line[:1] in ("", "#"):
                    columns = _columns(line, columns, kind, formats)
                    continue
                spun, tab, rest = line.partition("\t")
                if not tab or not spun:
                    raise DataError(
                        f"{path}, line {number}: expected tab-separated columns "
                        f"{', '.join(columns)}"
                    )
                row = f"{len(formats) - 1}\t{rest}"
                rows[spun] = row if spun not in rows else f"{rows[spun]}\n{row}"
                fields = _fields(rest, columns) if NEVER in rest else {}
                if fields.get("odds") == NEVER:
                    never.add((spun, fields.get("original", "")))
            files.append(_Unsorted(rows))
        return cls(files, digest.hexdigest(), frozenset(never), formats)

    def phrases(self) -> Iterator[str]:
        """Every spun phrase, in the order of the files."""
        return iter(dict.fromkeys(phrase for file in self._files for phrase in file.phrases()))

    def _beginning(self, first: str) -> tuple[dict[str, str], int]:
        """The rows of the phrases that begin with a word, and how many words the longest has."""
        found = self._begun.get(first)
        if found is None:
            rows: dict[str, str] = {}
            for file in self._files:
                for phrase, more in file.beginning(first):
                    rows[phrase] = more if phrase not in rows else f"{rows[phrase]}\n{more}"
            found = rows, max((phrase.count(" ") + 1 for phrase in rows), default=0)
            if rows:  # the words that no file has are without end
                self._begun[first] = found
        return found

    def rules(self, spun: str) -> tuple[Rule, ...]:
        """The rows of a spun phrase, likeliest first, at most 24; empty when there are none.

        Raises:
            DataError: for a row that cannot be read.
        """
        found = self._rules.get(spun)
        if found is None:
            rows = self._beginning(spun.partition(" ")[0])[0].get(spun)
            found = self._rules[spun] = _parse(spun, rows, self._formats) if rows else ()
        return found

    def matches(self, norms: Sequence[str]) -> Iterator[tuple[int, int, str]]:
        """Every (start, end, spun phrase) of a token sequence, overlaps included."""
        for start, end, phrase in self._all_matches(norms):
            if not self._left_alone or not self._is_left_alone(norms, start, end):
                yield start, end, phrase

    def forbids(self, norms: Sequence[str], start: int, end: int, original: str) -> bool:
        """Whether a row says never to put ``original`` for ``norms[start:end]``.

        The rules of :meth:`matches` need no asking; other proposals do.
        """
        if not self._never:
            return False
        pair = (" ".join(norms[start:end]), original)
        return pair in self._never or self._is_left_alone(norms, start, end)

    def _is_left_alone(self, norms: Sequence[str], start: int, end: int) -> bool:
        """Whether ``norms[start:end]`` has words of a phrase that is never changed.

        A longer phrase that has all of it among its words is another phrase.
        """
        return any(
            " ".join(norms[begin:stop]) in self._left_alone
            for begin in range(max(0, start - MAX_TOKENS + 1), end)
            for stop in range(max(start, begin) + 1, min(begin + MAX_TOKENS, len(norms)) + 1)
            if begin < start or stop > end or (begin, stop) == (start, end)
        )

    def _all_matches(self, norms: Sequence[str]) -> Iterator[tuple[int, int, str]]:
        size = len(norms)
        for start, first in enumerate(norms):
            rows, limit = self._beginning(first)
            phrase = first
            if phrase in rows:
                yield start, start + 1, phrase
            for end in range(start + 2, min(start + limit, size) + 1):
                phrase = phrase + " " + norms[end - 1]
                if phrase in rows:
                    yield start, end, phrase


def longest_by_first(phrases: Iterable[str]) -> dict[str, int]:
    """How many words the longest of the phrases has that begin with a word.

    >>> longest_by_first(["put", "put up", "blog"])
    {'put': 2, 'blog': 1}
    """
    longest: dict[str, int] = {}
    for phrase in phrases:
        first, _, rest = phrase.partition(" ")
        length = rest.count(" ") + 2 if rest else 1
        if length > longest.get(first, 0):
            longest[first] = length
    return longest


def parse_families(text: str) -> tuple[tuple[str, int, int], ...]:
    """The (family, aligned, occurrences) triples of a ``families`` field.

    >>> parse_families("A:3/17 B:1/9")
    (('A', 3, 17), ('B', 1, 9))
    """
    found = []
    for part in text.split():
        family, _, counts = part.partition(":")
        aligned, _, occurrences = counts.partition("/")
        found.append((family, int(aligned), int(occurrences)))
    return tuple(found)


def _columns(
    line: str, columns: tuple[str, ...], kind: EditKind, formats: list[_Format]
) -> tuple[str, ...]:
    """The columns from a comment on; if it names any they are a new format."""
    if line.startswith(_COLUMNS):
        columns = tuple(line.removeprefix(_COLUMNS).rstrip().split("\t"))
        formats.append((columns, kind))
    return columns


def _fields(rest: str, columns: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(columns[1:], rest.split("\t"), strict=False))


def _parse(spun: str, rows: str, formats: Sequence[_Format]) -> tuple[Rule, ...]:
    alone = 0
    stated: dict[str, float] = {}
    never: set[str] = set()
    counted: dict[str, tuple[float, EditKind, tuple[tuple[str, int, int], ...], str]] = {}
    for row in rows.split("\n"):
        number, *values = row.split("\t")
        columns, kind = formats[int(number)]
        fields = dict(zip(columns[1:], values, strict=False))
        original = fields.get("original", "")
        if fields.get("odds") == NEVER:
            never.add(original)
            continue
        try:
            families = parse_families(fields.get("families", ""))
            weight = float(fields.get("weight") or 0)
            odds = float(fields["odds"]) if fields.get("odds") else None
            count = (
                float(sum([c for _, c, _ in families]))
                if families
                else _HAND_COUNT * math.exp(weight / 4)
            )
            if not (0 <= count < math.inf and math.isfinite(odds or 0)):
                raise ValueError("counts and odds are finite, counts not below 0")
        except (ValueError, OverflowError) as error:
            raise DataError(f"lexicon row {spun!r} -> {original!r}: {error}") from error
        if original == spun:
            alone += int(count) if families else 0
            continue
        if odds is not None:
            stated[original] = odds
        known = counted.get(original)
        if known is not None and families and known[2]:  # counts of several files add up
            counted[original] = (known[0] + count, known[1], known[2] + families, known[3])
        elif known is None or known[0] < count:
            counted[original] = (count, kind, families, fields.get("source", "learned"))
    if spun in never:
        return ()
    rules = [
        Rule(spun, original, _odds(count, alone, stated.get(original)), kind, families, source)
        for original, (count, kind, families, source) in counted.items()
        if original not in never
    ]
    rules.sort(key=lambda rule: (-rule.channel, rule.original))
    return tuple(rules[:MAX_CANDIDATES])


def _odds(count: float, alone: float, stated: float | None) -> float:
    learned = channel_odds(count, alone)
    return learned if stated is None else max(learned, stated)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"lexicon {path} cannot be read: {error.strerror or error}") from error


def _decode(raw: bytes, path: Path) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"lexicon {path} is not UTF-8: {error}") from error


def _not_a_lexicon(path: Path) -> DataError:
    return DataError(f"{path}: expected a lexicon whose first line is {HEADER!r}")
