"""What a reviewer decided: read, applied to the files, and learned from.

A decisions file is what the page of ``unspin report`` exports; its schema is
``report/decisions.schema.json``. Offsets count code points of an article's text
as :mod:`unspin.sources` shows it, so markup is in none of it. A file is named
by its path below a root folder and known by the SHA-256 of its bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from unspin.edits import apply_edits
from unspin.errors import DataError, InputError
from unspin.files import MISSING, UNREADABLE, write_bytes_atomic
from unspin.lexicon import HEADER, MAX_TOKENS, NEVER
from unspin.records import Edit, EditKind, Evidence
from unspin.sources import MARKUPS, Change, ReadOptions, Record, open_source, suffix_of, text
from unspin.tokens import phrase_norms

VERSION = 1
SOURCE = "decisions"
# What the lexicon can hold; other damage is found by rules of its own.
LEARNABLE = frozenset({EditKind.SYNONYM, EditKind.OPEN, EditKind.TORTURED})

NOT_DECISIONS = "{name} is not a decisions file of unspin ({reason}): export it from a report"
OUTSIDE = "{path} lies outside {root}: name the folder of the reviewed files with --root"
CHANGED = "{path} has changed since it was reviewed: make a new report of it"
NO_ARTICLE = "{path} has no article {article}: make a new report of it"
NO_WAY_BACK = (
    "{path}: {before!r} -> {after!r} cannot be written there, since markup runs through the words"
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to stand in place of ``before``; it is ``before`` itself where rejected.

    ``proposed`` is what unspin had proposed, ``None`` where it had found only
    that something is wrong. ``everywhere`` marks a decision about all places of
    the substitution.
    """

    start: int
    end: int
    before: str
    after: str
    accepted: bool
    kind: EditKind
    proposed: str | None = None
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class ArticleDecisions:
    """The decisions on one text: a field of the record ``id``, or "" and "" for a whole file."""

    id: str
    field: str
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class FileDecisions:
    """The decisions on one file; ``encoding`` is the one that its reader was told."""

    path: str
    sha256: str
    encoding: str | None
    articles: tuple[ArticleDecisions, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file's new bytes, not written yet; ``edits`` is how many decisions they hold."""

    path: Path
    data: bytes
    edits: int

    def write(self) -> None:
        """Replace the file at once or not at all.

        Raises:
            OutputError: if it cannot be written; it is then untouched.
        """
        write_bytes_atomic(self.path, self.data)


@dataclass(frozen=True, slots=True)
class Learned:
    """A lexicon made of decisions, and the rejected phrases that no lexicon can hold."""

    lexicon: str
    accepted: int
    never: int
    not_learnable: tuple[str, ...]


def read_decisions(path: Path) -> tuple[FileDecisions, ...]:
    """The decisions in a file, in its order.

    Raises:
        InputError: if it cannot be read or is none.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(MISSING.format(name=path)) from error
    except OSError as error:
        raise InputError(UNREADABLE.format(name=path, reason=error.strerror)) from error
    except (ValueError, RecursionError) as error:
        raise InputError(NOT_DECISIONS.format(name=path, reason=error)) from error
    try:
        _expect(document["type"] == SOURCE, "its type is another")
        _expect(document["version"] == VERSION, f"its version is not {VERSION}")
        return tuple(_file(entry) for entry in _list(document["files"]))
    except KeyError as error:
        raise InputError(NOT_DECISIONS.format(name=path, reason=f"no {error}")) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(NOT_DECISIONS.format(name=path, reason=error)) from error


def prepare(files: Iterable[FileDecisions], root: Path) -> list[Prepared]:
    """The new bytes of every file with an accepted edit; nothing is written.

    Raises:
        InputError: if a path leads out of ``root``, a file is missing or is not
            the one that was reviewed, or a decision does not fit.
        OutputError: if a file's encoding lacks a character of an edit.
    """
    return [_prepare(file, _place(root, file.path)) for file in files if _accepted(file)]


def learn(files: Iterable[FileDecisions]) -> Learned:
    """The lexicon that the decisions amount to.

    An accepted edit counts as one sight of its pair. A phrase that was rejected
    and accepted nowhere is left alone from now on; where it was accepted
    elsewhere, a rejection counts as the phrase left alone once, and one about
    all places forbids that one substitution.
    """
    accepted: Counter[tuple[str, str]] = Counter()
    kept: Counter[str] = Counter()
    forbidden: set[tuple[str, str]] = set()
    rest: set[str] = set()
    for file in files:
        for decision in (d for article in file.articles for d in article.decisions):
            if decision.kind not in LEARNABLE:
                if not decision.accepted:
                    rest.add(decision.before)
                continue
            wanted = decision.after if decision.accepted else decision.proposed or ""
            spun, original = _norms(decision.before, wanted)
            if not spun or max(spun.count(" "), original.count(" ")) >= MAX_TOKENS:
                if not decision.accepted:
                    rest.add(decision.before)
            elif decision.accepted:
                accepted[spun, original] += 1
            else:
                kept[spun] += 1
                if decision.everywhere:
                    forbidden.add((spun, original))
    changed = {spun for spun, _ in accepted}
    rows = {pair: (f"{SOURCE}:{n}/{n}", "") for pair, n in accepted.items()}
    for spun, count in kept.items():
        rows[spun, spun] = (f"{SOURCE}:{count}/{count}", "") if spun in changed else ("", NEVER)
    for pair in forbidden - set(accepted):
        if pair[0] in changed and pair[0] != pair[1]:
            rows[pair] = ("", NEVER)
    lines = [
        HEADER,
        "# Learned by unspin learn from decisions.",
        "# columns: spun\toriginal\tfamilies\todds\tsource",
        *("\t".join((*pair, *rows[pair], SOURCE)) for pair in sorted(rows)),
    ]
    never = sum(odds == NEVER for _, odds in rows.values())
    return Learned("\n".join(lines) + "\n", len(accepted), never, tuple(sorted(rest)))


def write_lexicon(learned: Learned, path: Path) -> None:
    """Write the lexicon, at once or not at all.

    Raises:
        DataError: if there is nothing in it.
        OutputError: if it cannot be written.
    """
    if not learned.accepted and not learned.never:
        raise DataError("nothing to learn: no decision is about words that a lexicon can hold")
    write_bytes_atomic(path, learned.lexicon.encode("utf-8", "backslashreplace"))


def _accepted(file: FileDecisions) -> int:
    return sum(d.accepted for article in file.articles for d in article.decisions)


def _place(root: Path, path: str) -> Path:
    """Where a path from a decisions file leads; symbolic links are followed."""
    pure = PurePosixPath(path)
    fine = pure.parts and not pure.is_absolute() and ".." not in pure.parts
    # On Windows a backslash parts folders and a colon follows a drive.
    if not fine or "\\" in path or ":" in pure.parts[0] or "\0" in path:
        raise InputError(OUTSIDE.format(path=path, root=root))
    place = root / path
    if not place.resolve().is_relative_to(root.resolve()):
        raise InputError(OUTSIDE.format(path=path, root=root))
    return place


def _prepare(file: FileDecisions, place: Path) -> Prepared:
    try:
        data = place.read_bytes()
    except FileNotFoundError as error:
        raise InputError(MISSING.format(name=place)) from error
    except OSError as error:
        raise InputError(UNREADABLE.format(name=place, reason=error.strerror)) from error
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise InputError(CHANGED.format(path=file.path))
    fields = tuple(dict.fromkeys(article.field for article in file.articles if article.field))
    options = ReadOptions(fields, file.encoding)
    known = suffix_of(place) is not None
    source = open_source(place, options) if known else text.read(place, options)
    wanted: dict[str, dict[str, tuple[Decision, ...]]] = {}
    for article in file.articles:
        wanted.setdefault(article.id, {})[article.field] = article.decisions
    target = io.BytesIO()
    writer = source.writer(target)
    for record in source.records():
        decided = {} if record.silent else wanted.pop(record.id, {})
        writer.write(record, _changes(file.path, record, source.markup, decided))
    writer.close()
    if wanted:
        raise InputError(NO_ARTICLE.format(path=file.path, article=min(wanted)))
    return Prepared(place, target.getvalue(), _accepted(file))


def _changes(
    path: str, record: Record, markup: str, decided: Mapping[str, tuple[Decision, ...]]
) -> dict[str, Change]:
    changes = {}
    for field, decisions in decided.items():
        if field not in record.texts:
            raise InputError(NO_ARTICLE.format(path=path, article=f"{record.id} {field}".strip()))
        raw = record.texts[field]
        view = MARKUPS[markup](raw)
        made: list[Edit] = []
        for decision in decisions:
            edit = _edit(decision)
            if view.text[edit.start : edit.end] != edit.before:
                raise InputError(CHANGED.format(path=path))
            carried = view.back([edit]) if decision.accepted else ()
            if decision.accepted and not carried and edit.before != edit.after:
                raise InputError(
                    NO_WAY_BACK.format(path=path, before=edit.before, after=edit.after)
                )
            made.extend(carried)
        if made:
            changes[field] = Change(apply_edits(raw, made), tuple(made))
    return changes


def _edit(decision: Decision) -> Edit:
    return Edit(
        decision.start,
        decision.end,
        decision.before,
        decision.after,
        1.0,
        decision.kind,
        Evidence(SOURCE),
    )


def _norms(before: str, after: str) -> tuple[str, str]:
    """The pair as a lexicon has it, without an article that changed only to agree."""
    spun, original = phrase_norms(before), phrase_norms(after)
    articles = ("a", "an")
    if len(spun) > 1 and len(original) > 1 and spun[0] in articles and original[0] in articles:
        spun, original = spun[1:], original[1:]
    return " ".join(spun), " ".join(original)


def _file(entry: Mapping[str, Any]) -> FileDecisions:
    encoding = entry["encoding"]
    return FileDecisions(
        _string(entry["path"]),
        _string(entry["sha256"]),
        None if encoding is None else _string(encoding),
        tuple(
            ArticleDecisions(
                _string(article["id"]),
                _string(article["field"]),
                tuple(_decision(decision) for decision in _list(article["decisions"])),
            )
            for article in _list(entry["articles"])
        ),
    )


def _decision(entry: Mapping[str, Any]) -> Decision:
    start, end = entry["start"], entry["end"]
    _expect(type(start) is int and type(end) is int and 0 <= start <= end, "offsets are wrong")
    verdict = entry["decision"]
    _expect(verdict in ("accepted", "rejected"), f"a decision is {verdict!r}")
    proposed = entry["proposed"]
    before, after = _string(entry["before"]), _string(entry["after"])
    accepted = verdict == "accepted"
    _expect(accepted or before == after, "a rejected edit changes its words")
    return Decision(
        start,
        end,
        before,
        after,
        accepted,
        EditKind(entry["kind"]),
        None if proposed is None else _string(proposed),
        bool(entry.get("everywhere", False)),
    )


def _string(value: Any) -> str:
    _expect(isinstance(value, str), f"{value!r} is not a string")
    return str(value)


def _list(value: Any) -> list[Any]:
    _expect(isinstance(value, list), "a list is missing")
    return list(value)


def _expect(holds: bool, reason: str) -> None:
    if not holds:
        raise ValueError(reason)
