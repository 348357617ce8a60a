"""Damage that is not spinning: doubled words, broken characters, misspelt words, page furniture.

The scraped page or the spinner's own clumsiness made it. Each kind is looked for
only where ``settings.kinds`` asks; the rule that found it is in ``evidence.source``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from unspin.characters import entity_edits, homoglyph_edits, invisible_edits, mojibake_edits
from unspin.errors import DataError
from unspin.protect import ProtectedIndex
from unspin.records import Edit, EditKind, Evidence, Finding, ProtectedSpan, Sentence, TokenKind
from unspin.resources import dictionary_dir
from unspin.settings import Settings
from unspin.spelling import LanguageModel, Speller, spelling_edits
from unspin.wordforms import lemmas

BOILERPLATE_HEADER = "# unspin boilerplate, format 1"

# Written twice on purpose, and why.
_LEGITIMATE_DOUBLES = {
    # "had had", "that that", "what it is is", "the room they were in in May"
    "grammar": "had that is was do did in on",
    "pronouns": "her you it who what",  # "give her her book", "if you you mean"
    "emphasis": "very really so too much many far long more way well really big old never again",
    "interjections": "no yes yeah ok bye hey hi hello ha hah haha ho oh ooh ah aw now there hear "
    "come please thank knock tut well boo wow hip rah cha la na da ding dong tick beep boom",
    "set phrases": "blah half fifty same win lose tsk night pom can yo hush chop goody aye "
    "mahi couscous bora tuk beri dum tom ylang lang pago sing walla chow bon dik agar aku",
    "counting": "one two three four five six seven eight nine ten zero hundred",
}
_LEGITIMATE = frozenset(" ".join(_LEGITIMATE_DOUBLES.values()).split())
# A doubled function word is a slip; a doubled noun may be a term ("service service")
# or, in spun text, one word that stands for another ("provider provider").
_FUNCTION = frozenset(
    "the a an of to and for with from by at as or but if than then this these those their its our "
    "your his my be been are were has have will would could should may might must can into not "
    "which when where we they he she".split()
)
_DOUBLED_FUNCTION = 0.97
_DOUBLED_CONTENT = 0.8
_DOUBLED_NAME = 0.5  # "the field name name", "host host": shown, not applied
_SPACES = re.compile(r"[ \t\u00a0]+")

_LINE = re.compile(r"[^\r\n]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
# What patterns of lines begin with: one letter, or a group of alternatives.
_LETTER = re.compile(r"[a-z](?![?*{])")
_GROUP = re.compile(r"\(\?:([^()]*)\)(?![*{])(\?)?")
_QUOTED = re.compile(r"\\.|\[[^\]]*\]")
# Longer lines say something of their own.
_MAX_FURNITURE = 80
# Protection that even broken characters respect; names and numbers may be what broke.
_UNTOUCHABLE = frozenset({"url", "email", "domain", "file", "path", "code", "ignored", "markup"})

_CHARACTERS = (
    (EditKind.MOJIBAKE, mojibake_edits),
    (EditKind.ENTITY, entity_edits),
    (EditKind.INVISIBLE, invisible_edits),
    (EditKind.HOMOGLYPH, homoglyph_edits),
)
_SPELLING = frozenset({EditKind.GLUED, EditKind.SPLIT, EditKind.TYPO})


def garble_edits(
    text: str,
    sentences: Sequence[Sentence],
    protected: Sequence[ProtectedSpan],
    settings: Settings,
    speller: Speller | None = None,
    language_model: LanguageModel | None = None,
) -> tuple[list[Edit], list[Finding]]:
    """Repairs of garbled text, sorted and disjoint, and findings that are not changed.

    ``speller`` is needed for GLUED, SPLIT and TYPO only and keeps its word lists
    between texts; without one, each call that needs it builds its own.

    >>> from unspin.tokens import sentences
    >>> text = "The controversy started started last month."
    >>> edits, _ = garble_edits(text, sentences(text), (), Settings())
    >>> [(e.start, e.end, e.before, e.after) for e in edits]
    [(16, 31, 'started started', 'started')]
    """
    kinds = settings.kinds
    index = ProtectedIndex(protected)
    found: list[Edit] = []
    findings: list[Finding] = []
    if EditKind.BOILERPLATE in kinds:
        for finding in boilerplate(text):
            if not index.overlapping_any(finding.start, finding.end, {"ignored", "code"}):
                findings.append(finding)
                if settings.strip_boilerplate:
                    found.append(_deletion(text, finding))
    for kind, edits in _CHARACTERS:
        if kind in kinds:
            found.extend(e for e in edits(text) if not _is_untouchable(index, e))
    if EditKind.DOUBLED in kinds:
        found.extend(
            e for e in doubled_edits(text, sentences) if not index.overlaps(e.start, e.end)
        )
    if kinds & _SPELLING:
        proposals = spelling_edits(sentences, kinds, speller or Speller(), language_model)
        found.extend(e for e in proposals if not index.overlaps(e.start, e.end))
    return _disjoint(found), findings


def may_be_garbled(text: str, paragraphs: Sequence[Sequence[str]], settings: Settings) -> bool:
    """Whether :func:`garble_edits` has to look at a text; false for most clean ones.

    ``paragraphs`` are the norms of ``tokens.paragraph_norms``: sentences and
    protected spans, which cost ten times as much, are not needed for the answer.

    >>> may_be_garbled("It is fine.", [["it", "is", "fine", "."]], Settings())
    False
    """
    kinds = settings.kinds
    if kinds & _SPELLING:
        return True
    if EditKind.DOUBLED in kinds and any(map(_has_doubled, paragraphs)):
        return True
    if any(kind in kinds and any(True for _ in edits(text)) for kind, edits in _CHARACTERS):
        return True
    return EditKind.BOILERPLATE in kinds and any(True for _ in boilerplate(text))


def _has_doubled(norms: Sequence[str]) -> bool:
    return any(
        first == second and first[0].isalpha() and first not in _LEGITIMATE
        for first, second in pairwise(norms)
    )


def _is_untouchable(index: ProtectedIndex, edit: Edit) -> bool:
    return index.overlapping_any(edit.start, edit.end, _UNTOUCHABLE)


def _disjoint(found: Iterable[Edit]) -> list[Edit]:
    """The edits in order, without those that overlap one that was found before them."""
    kept: list[Edit] = []
    for edit in sorted(found, key=lambda e: (e.start, -e.end)):
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


def doubled_edits(text: str, sentences: Sequence[Sentence]) -> Iterator[Edit]:
    """Words that stand twice in a row on one line and are never meant to."""
    for sentence in sentences:
        tokens = sentence.tokens
        pairs = Counter(a.norm for a, b in pairwise(tokens) if a.norm == b.norm)
        for index in range(1, len(tokens)):
            first, second = tokens[index - 1], tokens[index]
            if first.norm != second.norm or first.kind is not TokenKind.WORD:
                continue
            # Capitals inside a sentence are names ("Duran Duran"), and a word
            # three times in a row is emphasis or art.
            if not second.surface.islower() or not (first.surface.islower() or index == 1):
                continue
            if len(first.norm) == 1 and first.norm != "a":
                continue
            if first.norm in _LEGITIMATE or first.norm.startswith("'"):
                continue
            if pairs[first.norm] > 1:  # "tap tap, tap tap" is a sound, not a slip
                continue
            if index > 1 and tokens[index - 2].norm == first.norm:
                continue
            if index + 1 < len(tokens) and tokens[index + 1].norm == first.norm:
                continue
            if not _SPACES.fullmatch(text, first.end, second.start):
                continue
            confidence, source = _doubled(first.norm)
            yield Edit(
                first.start,
                second.end,
                text[first.start : second.end],
                first.surface,
                confidence,
                EditKind.DOUBLED,
                Evidence(source),
            )


def _doubled(word: str) -> tuple[float, str]:
    """How likely a doubled word is a slip, and what it is called."""
    if word in _FUNCTION:
        return _DOUBLED_FUNCTION, "doubled function word"
    parts = lemmas(word)
    if not parts or "NOUN" in parts or "PROPN" in parts:
        return _DOUBLED_NAME, "doubled name or noun"
    return _DOUBLED_CONTENT, "doubled word"


def boilerplate(text: str) -> Iterator[Finding]:
    r"""Short lines that are page furniture and nothing else.

    >>> [f.text for f in boilerplate("A story.\n\nRead Extra\n\nComments are closed.\n")]
    ['Read Extra', 'Comments are closed.']
    """
    for line in _LINE.finditer(text):
        content = line.group().strip() if len(line.group()) < 4 * _MAX_FURNITURE else ""
        if content and len(content) <= _MAX_FURNITURE and _is_furniture(content):
            start = text.index(content, line.start(), line.end())
            end = start + len(content)
            yield Finding(start, end, content, EditKind.BOILERPLATE, 0.95)


def _deletion(text: str, finding: Finding) -> Edit:
    """The edit that deletes a finding's whole line, its line ending included."""
    start = max(text.rfind("\n", 0, finding.start), text.rfind("\r", 0, finding.start)) + 1
    ending = _LINE_END.search(text, finding.end)
    end = ending.end() if ending else len(text)
    return Edit(
        start,
        end,
        text[start:end],
        "",
        finding.probability,
        EditKind.BOILERPLATE,
        Evidence("boilerplate.tsv"),
    )


def _is_furniture(line: str) -> bool:
    # Letters that are not ASCII may be capitals or variants of such as are.
    first = line[0].lower() if line[0].isascii() else ""
    return any(_pattern(row).fullmatch(line) for row in _furniture(first))


@lru_cache(maxsize=256)
def _furniture(first: str) -> tuple[str, ...]:
    """The rows of ``boilerplate.tsv`` that may match a line that begins so; all for ``""``.

    Most texts need few of them, and to compile all takes as long as to read a page.
    """
    return tuple(
        row for row, firsts in _furniture_rows() if not first or not firsts or first in firsts
    )


@lru_cache(maxsize=256)
def _pattern(row: str) -> re.Pattern[str]:
    return re.compile(row, re.IGNORECASE)


@lru_cache(maxsize=1)
def _furniture_rows() -> tuple[tuple[str, frozenset[str]], ...]:
    """The rows of ``boilerplate.tsv`` and the letters that they may begin with (any if none).

    After the format line and the column names a row is ``pattern<TAB>note``: a regular
    expression for a whole line, whatever its capitals, and what it is.
    """
    path = dictionary_dir() / "en" / "boilerplate.tsv"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; reinstall unspin") from error
    if not lines or lines[0] != BOILERPLATE_HEADER:
        raise DataError(f"{path}: the first line is not {BOILERPLATE_HEADER!r}; reinstall unspin")
    rows = (line.partition("\t")[0] for line in lines[2:] if line)
    return tuple((row, first_letters(row)) for row in rows)


def first_letters(pattern: str) -> frozenset[str]:
    """The letters that what a pattern matches may begin with; none where they are not plain.

    >>> sorted(first_letters("(?:please )?(?:log|sign) in")), first_letters("[0-9] replies")
    (['l', 'p', 's'], frozenset())
    """
    depth = 0
    for char in _QUOTED.sub("", pattern):
        depth += (char == "(") - (char == ")")
        if char == "|" and not depth:
            return frozenset()
    found: set[str] = set()
    optional = True
    while optional and (group := _GROUP.match(pattern)):
        parts = group[1].split("|")
        if not all(map(_LETTER.match, parts)):
            return frozenset()
        found.update(part[0] for part in parts)
        pattern = pattern[group.end() :]
        optional = bool(group[2])
    if optional:
        if not _LETTER.match(pattern):
            return frozenset()
        found.add(pattern[0])
    return frozenset(found)
