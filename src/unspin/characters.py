"""Damage to single characters: mojibake, entity residue, zero-width marks, look-alike letters.

Every repair is a small edit with offsets; the text as a whole is never rewritten.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from html.entities import html5

from unspin.frequencies import zipf
from unspin.records import Edit, EditKind, Evidence

# ASCII survives every encoding mix-up, so mojibake is always inside such a run.
_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
# What ftfy leaves alone: one character beyond the control characters, and typographic
# marks, which are not even two bytes of UTF-8 in any encoding.
_SOUND = re.compile("[^\x00-\x9f]|[‘’“”–—…\u00a0]+")
_ENTITY = re.compile(
    r"&(?:amp;){0,3}(?:\#(?P<dec>\d{1,7})|\#[xX](?P<hex>[0-9a-fA-F]{1,6})|(?P<name>[A-Za-z][A-Za-z0-9]{1,31}));"
)
# Their characters are markup: "&lt;b&gt;" may be meant to be read as it stands.
_MARKUP_ENTITIES = frozenset({"<", ">"})
# Soft hyphens are typography and ZWJ/ZWNJ are needed by emoji and many scripts;
# between two Latin letters none of these four does anything.
_INVISIBLE = re.compile(
    "(?<=[A-Za-z\u00c0-\u024f])[\u200b\u200c\u200d\u2060\ufeff]+(?=[A-Za-z\u00c0-\u024f])"
)
_LOOK_ALIKES = dict(
    zip(
        "аеорсухіјѕԁԛԝһАВЕКМНОРСТУХІЈЅαονιΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxijsdqwhABEKMHOPCTYXIJSaoviABEZHIKMNOPTYX",
        strict=True,
    )
)
_FOREIGN = re.compile(f"[{''.join(_LOOK_ALIKES)}]+")
_WORD = re.compile(r"[^\W\d_]+")
# A word of a formula ("νe") is too short to be judged.
_MIN_MIXED = 3
_MAX_MIXED = 40


def mojibake_edits(text: str) -> Iterator[Edit]:
    """Repairs of text that was decoded with the wrong encoding.

    >>> [(e.before, e.after) for e in mojibake_edits("It isnâ€™t a cafÃ©")]
    [('â€™', '’'), ('Ã©', 'é')]
    """
    if text.isascii():
        return
    for match in _NON_ASCII.finditer(text):
        before = match.group()
        after = _decoded(before)
        if after != before and "\ufffd" not in after:
            yield _minimal(match.start(), before, after, 0.97, EditKind.MOJIBAKE, "ftfy")


@lru_cache(maxsize=4096)
def _decoded(run: str) -> str:
    if _SOUND.fullmatch(run):
        return run
    import ftfy

    # Replacement characters would lose what the author wrote; entities and quotes
    # are not this repair's business.
    config = ftfy.TextFixerConfig(
        unescape_html=False,
        replace_lossy_sequences=False,
        restore_byte_a0=False,
        normalization=None,
        explain=False,
    )
    fixed: str = ftfy.fix_encoding(run, config)
    return fixed


def _minimal(
    start: int, before: str, after: str, confidence: float, kind: EditKind, source: str
) -> Edit:
    """The edit without the characters that both sides share at either end."""
    shortest = min(len(before), len(after))
    head = 0
    while head < shortest and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shortest - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    end = len(before) - tail
    return Edit(
        start + head,
        start + end,
        before[head:end],
        after[head : len(after) - tail],
        confidence,
        kind,
        Evidence(source),
    )


def entity_edits(text: str) -> Iterator[Edit]:
    """HTML entities, escaped once or more, as the characters they stand for.

    A no-break space becomes a plain one, as other tools write it.

    >>> [(e.before, e.after) for e in entity_edits("R&amp;D isn&amp;#8217;t AT&T;")]
    [('&amp;', '&'), ('&amp;#8217;', '’')]
    """
    if "&" not in text:
        return
    for match in _ENTITY.finditer(text):
        before = match.group()
        if match.group("name") and match.group("name") + ";" not in html5:
            continue
        after = before
        for _ in range(4):
            after = html.unescape(after)
        after = after.replace("\u00a0", " ")
        if after == before or any(
            unicodedata.category(c) in ("Cc", "Cn", "Cs", "Co") for c in after
        ):
            continue
        if "\ufffd" in after:
            continue
        confidence = 0.6 if after in _MARKUP_ENTITIES else 0.97
        yield Edit(
            match.start(),
            match.end(),
            before,
            after,
            confidence,
            EditKind.ENTITY,
            Evidence("html entity"),
        )


def invisible_edits(text: str) -> Iterator[Edit]:
    """Zero-width characters between Latin letters, taken out."""
    if text.isascii():
        return
    for match in _INVISIBLE.finditer(text):
        yield Edit(
            match.start(),
            match.end(),
            match.group(),
            "",
            0.95,
            EditKind.INVISIBLE,
            Evidence("zero-width character in a word"),
        )


def homoglyph_edits(text: str) -> Iterator[Edit]:
    """Cyrillic and Greek letters inside words that are otherwise Latin.

    Only where the repaired word is a known one: "νe" of a formula stays, and so
    does a word that is wholly Cyrillic.
    """
    if text.isascii():
        return
    position = 0
    while match := _FOREIGN.search(text, position):
        begin = match.start()
        while begin > position and text[begin - 1].isalpha():
            begin -= 1
        word = _WORD.match(text, begin)
        position = word.end() if word else match.end()
        if word is None or not is_mixed(word.group()):
            continue
        repaired = latin(word.group())
        if len(repaired) < _MIN_MIXED or zipf(repaired.lower()) == 0:
            continue
        for foreign in _FOREIGN.finditer(text, begin, position):
            yield Edit(
                foreign.start(),
                foreign.end(),
                foreign.group(),
                latin(foreign.group()),
                0.95,
                EditKind.HOMOGLYPH,
                Evidence("look-alike letter in a Latin word"),
            )


def latin(word: str) -> str:
    """The word with look-alike letters replaced by Latin ones."""
    return "".join(_LOOK_ALIKES.get(letter, letter) for letter in word)


def is_mixed(word: str) -> bool:
    """Whether the word has Latin letters and look-alikes of them, and no other letters."""
    if word.isascii() or len(word) > _MAX_MIXED:
        return False
    rest = [letter for letter in word if letter not in _LOOK_ALIKES]
    return 0 < len(rest) < len(word) and all(
        letter.isascii() or unicodedata.name(letter, "").startswith("LATIN") for letter in rest
    )
