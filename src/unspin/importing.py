"""Lists that users already have, as lexicons: imported, checked, refusals explained.

An imported row needs no training: its ``odds`` say how much oftener the phrase
stands for the original than for itself in a spun text.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unspin.errors import DataError, InputError
from unspin.frequencies import zipf
from unspin.lexicon import HEADER, MAX_TOKENS, NEVER, parse_families
from unspin.tokens import phrase_norms

# Enough for the trained rankers, which have never seen the pair, to apply it in
# a text that is surely spun, unless its context speaks against it.
ODDS = 6.0
SOURCE = "imported"
# Words this common (Zipf: "the" to "was") stand for themselves whatever a list says.
TOO_COMMON = 6.8
_TOO_COMMON = "the spun phrase is too common a word to stand for another"
_COLUMNS = "# columns: "
_KNOWN_COLUMNS = ("spun", "original", "families", "weight", "odds", "source")
_DELIMITERS = {".tsv": "\t", ".tab": "\t"}


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """A pair of phrases as norms, and the line of the list that it comes from."""

    line: int
    spun: str
    original: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line, counted from 1; ``text`` is what stands there."""

    line: int
    text: str
    reason: str

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        return f"line {self.line}: {shown!r}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Imported:
    """The rows of a list, sorted as lexicons are, and its refused lines in order."""

    rows: tuple[ImportedRow, ...]
    refused: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a list is written.

    Columns are names from its first line, or numbers from 1 where it has no
    ``header``. ``separator`` parts several originals in one cell.
    """

    spun: str = "spun"
    original: str = "original"
    delimiter: str = ","
    header: bool = True
    separator: str | None = None


def delimiter_of(suffix: str) -> str:
    r"""The delimiter that a file's suffix promises.

    >>> delimiter_of(".TSV"), delimiter_of(".csv")
    ('\t', ',')
    """
    return _DELIMITERS.get(suffix.lower(), ",")


def import_rows(text: str, layout: Layout, name: str) -> Imported:
    """The usable rows of the list called ``name`` and why the others are not.

    Raises:
        InputError: when the list has no such columns, or cannot be parsed on from
            some line.
        DataError: when no row is usable.
    """
    try:
        imported = _import(text, layout)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    if not imported.rows:
        raise DataError(f"{name}: nothing to import, {len(imported.refused)} lines were refused")
    return imported


def _import(text: str, layout: Layout) -> Imported:
    lines = _records(text, layout.delimiter)
    places = _places(lines, layout)
    rows: dict[tuple[str, str], ImportedRow] = {}
    refused: list[Problem] = []
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) <= max(places):
            reason = f"has {len(cells)} columns, expected {max(places) + 1}"
            refused.append(Problem(number, layout.delimiter.join(cells), reason))
            continue
        spun, cell = cells[places[0]], cells[places[1]]
        originals = cell.split(layout.separator) if layout.separator else [cell]
        for original in originals:
            shown = f"{spun} -> {original}"
            if layout.separator and len(originals) > 1 and not original.strip():
                continue
            row = ImportedRow(number, *(" ".join(phrase_norms(s)) for s in (spun, original)))
            known = rows.get((row.spun, row.original))
            reason = why_refused(spun, original) or (
                f"repeats line {known.line}" if known is not None else ""
            )
            if reason:
                refused.append(Problem(number, shown, reason))
            else:
                rows[row.spun, row.original] = row
    ordered = sorted(rows.values(), key=lambda row: (row.spun, row.original))
    return Imported(tuple(ordered), tuple(refused))


def why_refused(spun: str, original: str) -> str:
    """Why the pair makes no lexicon row; empty when it does.

    >>> why_refused("counterfeit consciousness", "artificial intelligence")
    ''
    >>> why_refused("The", "a")
    'the spun phrase is too common a word to stand for another'
    """
    for name, phrase in (("spun", spun), ("original", original)):
        if any(not c.isprintable() and not c.isspace() for c in phrase):
            return f"the {name} phrase has control characters"
    norms = phrase_norms(spun), phrase_norms(original)
    if not norms[0]:
        return "the spun phrase is empty"
    if not any(c.isalpha() for c in spun):
        return "the spun phrase has no word"
    if norms[0][0].startswith("#"):
        return "a line that begins with # is a comment"
    for name, tokens in zip(("spun", "original"), norms, strict=True):
        if len(tokens) > MAX_TOKENS:
            return f"the {name} phrase has {len(tokens)} tokens, at most {MAX_TOKENS} can be used"
    if norms[0] == norms[1]:
        return "both phrases are the same"
    if len(norms[0]) == 1 and zipf(norms[0][0]) >= TOO_COMMON:
        return _TOO_COMMON
    return ""


def lexicon_text(rows: Sequence[ImportedRow], odds: float = ODDS, note: str = "") -> str:
    """The rows as a lexicon file; ``odds`` are nats, see :mod:`unspin.lexicon`."""
    lines = [HEADER, *([f"# {note}"] if note else []), _COLUMNS + "spun\toriginal\todds\tsource"]
    lines += [f"{row.spun}\t{row.original}\t{odds:g}\t{SOURCE}" for row in rows]
    return "\n".join(lines) + "\n"


def check_lexicon(text: str) -> list[Problem]:
    """What in a lexicon file breaks the rules of its format, in the order of its lines."""
    lines = text.split("\n")
    problems: list[Problem] = []
    if lines[0] != HEADER:
        problems.append(Problem(1, lines[0], f"the first line must be {HEADER!r}"))
    if lines[-1]:
        problems.append(Problem(len(lines), lines[-1], "the last line has no line end"))
    columns: tuple[str, ...] = ()
    seen: dict[tuple[str, str], int] = {}
    last: tuple[str, str] | None = None
    for number, line in enumerate(lines, 1):
        if line.startswith(_COLUMNS):
            columns = tuple(line.removeprefix(_COLUMNS).split("\t"))
            reason = _wrong_columns(columns)
            if reason:
                return [*problems, Problem(number, line, reason)]
        if not line or line.startswith("#"):
            continue
        if not columns:
            reason = "no '# columns:' line stands before the first row"
            return [*problems, Problem(number, line, reason)]
        cells = line.split("\t")
        if len(cells) != len(columns):
            reason = f"has {len(cells)} columns, expected {len(columns)}: {', '.join(columns)}"
            problems.append(Problem(number, line, reason))
            continue
        fields = dict(zip(columns, cells, strict=True))
        key = fields["spun"], fields["original"]
        reasons = list(_row_reasons(fields))
        if key in seen:
            reasons.append(f"repeats line {seen[key]}")
        elif last is not None and key < last:
            reasons.append("rows must be sorted by spun phrase, then by original")
        seen.setdefault(key, number)
        last = key
        shown = f"{key[0]} -> {key[1]}"
        problems += [Problem(number, shown, reason) for reason in reasons]
    if not seen:
        problems.append(Problem(len(lines), "", "there are no rows"))
    return sorted(problems, key=lambda problem: problem.line)


def _wrong_columns(columns: Sequence[str]) -> str:
    if tuple(columns[:2]) != ("spun", "original"):
        return "the first two columns must be 'spun' and 'original'"
    unknown = [name for name in columns if name not in _KNOWN_COLUMNS]
    if unknown:
        return f"unknown column {unknown[0]!r}, known are {', '.join(_KNOWN_COLUMNS)}"
    return "a column is named twice" if len({*columns}) < len(columns) else ""


def _row_reasons(fields: dict[str, str]) -> Iterator[str]:
    # As texts have it: the tokenizer parts a possessive from its word.
    spun, original = (fields[name].replace(" 's", "'s") for name in ("spun", "original"))
    for name, phrase in (("spun", spun), ("original", original)):
        norm = " ".join(phrase_norms(phrase))
        if fields[name] != norm:
            yield f"the {name} phrase must be written {norm!r}"
    refused = why_refused(spun, original)
    # Rows that forbid or were counted may be of common words, or of a phrase with itself.
    special = fields.get("odds") == NEVER or "families" in fields
    if refused and not (special and (spun == original or refused == _TOO_COMMON)):
        yield refused
    for name in ("weight", "odds"):
        value = fields.get(name)
        if value and not (name == "odds" and value == NEVER) and not _is_number(value):
            yield f"{name} {value!r} is not a number"
    try:
        counts = parse_families(fields.get("families", ""))
    except ValueError:
        yield f"families {fields['families']!r} is not like 'A:3/17 B:1/9'"
        return
    if any(not family or aligned < 0 or aligned > times for family, aligned, times in counts):
        yield f"families {fields['families']!r}: a pair cannot be seen oftener than its original"


def _is_number(value: str) -> bool:
    try:
        return abs(float(value)) < 100  # neither nan nor infinite
    except ValueError:
        return False


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with the number of the line on which each begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begin = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise InputError(
                f"line {begin}: {error}; quote cells that hold quotes, delimiters or line ends"
            ) from error
        if cells is None:
            return
        yield begin, cells
        begin = reader.line_num + 1


def _places(lines: Iterator[tuple[int, list[str]]], layout: Layout) -> tuple[int, int]:
    """The indexes of the two columns; takes the header off ``lines``."""
    names = layout.spun, layout.original
    if not layout.header:
        if not all(name.isdecimal() and int(name) > 0 for name in names):
            raise InputError("without a header, give the columns as numbers, 1 for the first")
        return int(names[0]) - 1, int(names[1]) - 1
    _, header = next(lines, (1, []))
    titles = [cell.strip().lstrip("\ufeff") for cell in header]
    for name in names:
        if titles.count(name) != 1:
            listed = ", ".join(repr(t) for t in itertools.islice(titles, 20)) or "none"
            problem = "no" if name not in titles else "more than one"
            raise InputError(f"there is {problem} column {name!r}; the columns are {listed}")
    return titles.index(names[0]), titles.index(names[1])
