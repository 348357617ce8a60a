"""Fits a replacement to the words it replaces: capitals, spacing, number, tense, article.

The lexicon stores norms, which are case-folded, so capitals have to come from the
spun words or, for words that English always capitalizes, from the list below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from unspin.frequencies import zipf
from unspin.wordforms import inflections as forms_of
from unspin.wordforms import lemmas as lemmas_of

_ALWAYS_CAPITAL = frozenset(
    # Not "may", "march", "polish", "us", which are other words too.
    "i monday tuesday wednesday thursday friday saturday sunday january february april june july "
    "august september october november december christmas easter "
    "african american arab argentinian armenian asian australian austrian belgian brazilian "
    "british bulgarian canadian chilean chinese colombian croatian cuban czech danish dutch "
    "egyptian english european filipino finnish french german greek haitian hungarian icelandic "
    "indian indonesian iranian iraqi irish israeli italian jamaican japanese jordanian kenyan "
    "korean kurdish kuwaiti latin latino lebanese libyan malaysian mexican moroccan nepali "
    "nigerian norwegian pakistani palestinian peruvian portuguese roman romanian russian saudi "
    "scottish serbian singaporean slovak somali soviet spanish sudanese swedish swiss syrian "
    "taiwanese thai tunisian ukrainian venezuelan vietnamese welsh yemeni christian catholic "
    "protestant jewish muslim islamic hindu buddhist hispanic arabic hebrew africa america asia "
    "australia britain canada china england europe france germany india iran iraq ireland israel "
    "italy japan korea mexico russia scotland spain ukraine wales york london washington".split()
)
# Lower case in titles.
_SMALL = frozenset("a an the and but or nor of in on at to from with by as for".split())

_CLOSING = frozenset(",.;:!?)]}%…”»")
_OPENING = frozenset("([{$£€#“‘«")
_TIGHT = frozenset("-‐‑–—/_@")  # no space on either side
_CONTRACTION = re.compile(r"['’](?:s|re|ve|ll|d|m|t)", re.IGNORECASE)

# Their forms differ for each person; swapping them is the lexicon's business.
_IRREGULAR = frozenset({"be", "have", "do"})
_PARTICLES = frozenset(
    "up down out off on in over away back through along around about across for to at with of by "
    "into from after upon against toward towards forward together apart aside".split()
)
_JOINING = frozenset({"and", "or", "but", "the", "'s"})
# Zipf frequency of the rarest plurals in use, less that of the singular.
_RAREST_PLURAL = -1.6
_TAGS = {
    "VERB": ("VB", "VBD", "VBG", "VBN", "VBP", "VBZ"),
    "NOUN": ("NN", "NNS"),
    "ADJ": ("JJ", "JJR", "JJS"),
}

# A vowel letter that sounds like a consonant, and the other way round.
_CONSONANT_SOUND = re.compile(
    r"(?:eu|ew|uni(?!n|m|dent|llum|ssu)|one(?![a-z])|one[-s]|once(?![a-z])|us[aeu]|usi|usur|ut[eio]"
    r"|ur[aio](?!l)|ubi|uk|ufo|ute|ouija)"
)
_VOWEL_SOUND = re.compile(r"hour|hones|hono(?!lulu)|heir")
# Read as words, not letter by letter.
_SPOKEN = frozenset(
    "NASA NATO NAFTA FEMA NOAA SARS SCUBA RAM ROM FIFA HUD LASER MASH NICU SIM SQL SWAT LAN "
    "UNICEF UNESCO RADAR SONAR MOOC SAT LEGO NAND REST".split()
)
_VOWEL_LETTERS = frozenset("AEFHILMNORSX8")
_VOWEL_NUMBER = re.compile(r"(?:8|11|18)(?:\D|$)|8\d*|1[18](?:[,.]?\d{3})+(?!\d)")


def match_case(spun_surfaces: Sequence[str], original: str, sentence_start: bool) -> str:
    """``original``, given in norms, with the capitals of the words it replaces.

    >>> match_case(["put", "up"], "post", False), match_case(["Put", "Up"], "post", False)
    ('post', 'Post')
    >>> match_case(["PUT", "UP"], "post", False), match_case(["However"], "but i", True)
    ('POST', 'But I')
    """
    words = [w for w in spun_surfaces if _has_letter(w) and w not in ("'s", "’s")]
    original = _PIECE.sub(_capital_always, original)
    if not words or not original:
        return original
    if all(w.isupper() for w in words) and any(len(w) > 1 and not _is_i(w) for w in words):
        return original.upper()
    first, rest = words[0], words[1:]
    if not first[0].isupper() or (_is_i(first) and not sentence_start):
        return original
    telling = [w for w in rest if w.lower() not in _SMALL and not _is_i(w)]
    # One capital at the start of a sentence marks the sentence, elsewhere a title or name.
    if all(w[0].isupper() for w in telling) and (telling or not sentence_start):
        return _titled(original)
    return _raise_first(original)


_PIECE = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def _capital_always(match: re.Match[str]) -> str:
    word = match.group()
    stem = re.split("['’]", word, maxsplit=1)[0]
    if stem in _ALWAYS_CAPITAL or (stem.endswith("s") and stem[:-1] in _ALWAYS_CAPITAL - {"i"}):
        return word[0].upper() + word[1:]
    return word


def _has_letter(word: str) -> bool:
    return word.isalpha() or any(c.isalpha() for c in word)


def _is_i(word: str) -> bool:
    return word == "I" or word.startswith(("I'", "I’"))


def _titled(phrase: str) -> str:
    words = phrase.split(" ")
    return " ".join(
        word if index and word in _SMALL else _raise_first(word) for index, word in enumerate(words)
    )


def _raise_first(phrase: str) -> str:
    for index, letter in enumerate(phrase):
        if letter.isalpha():
            return phrase[:index] + letter.upper() + phrase[index + 1 :]
        if letter.isdigit():
            break
    return phrase


def join_words(words: Sequence[str], apostrophe: str = "'") -> str:
    """Token surfaces or norms as running text, the tokenizer undone.

    >>> join_words(["the", "company", "'s", "in", "-", "depth", "letter", ",", "(", "new", ")"])
    "the company's in-depth letter, (new)"
    >>> join_words(["isn't", "it", "?"], apostrophe="’")
    'isn’t it?'
    """
    parts: list[str] = []
    tight = True  # no space before the next word
    quoted = False
    for word in words:
        if word == '"':
            parts.append(word if tight or quoted else " " + word)
            quoted = not quoted
            tight = quoted
            continue
        closes = word in _CLOSING or word in _TIGHT or _CONTRACTION.fullmatch(word) is not None
        parts.append(word if tight or closes else " " + word)
        tight = word in _OPENING or word in _TIGHT
    text = "".join(parts)
    return text if apostrophe == "'" else re.sub(r"(?<=\w)'(?=\w)", apostrophe, text)


def inflections(rule_spun: str, rule_original: str) -> Iterator[tuple[str, str]]:
    """The same swap in the other numbers, tenses and degrees, sorted.

    A verb phrase inflects its first word, a noun phrase its last. Where both sides
    can be verb and noun, only pairs come that are right either way; where nothing
    is certain, none.

    >>> list(inflections("elevating", "raising"))[:2]
    [('elevate', 'raise'), ('elevated', 'raised')]
    >>> ("putting up", "posting") in set(inflections("put up", "post"))
    True
    """
    spun, original = rule_spun.split(), rule_original.split()
    if not spun or not original or _JOINING & {*spun, *original}:
        return
    readings = [
        derived for upos in _TAGS if (derived := _derived(spun, original, upos)) is not None
    ]
    if not readings:
        return
    agreed = set(readings[0])
    for other in readings[1:]:
        agreed &= other
    yield from sorted(agreed - {(rule_spun, rule_original)})


def _derived(
    spun: Sequence[str], original: Sequence[str], upos: str
) -> frozenset[tuple[str, str]] | None:
    """All pairs of forms when both heads can be ``upos`` in the same form, else None."""
    forms = _phrase_forms(spun, upos), _phrase_forms(original, upos)
    if forms[0] is None or forms[1] is None:
        return None
    here = " ".join(spun), " ".join(original)
    if not any(
        forms[0].get(tag) == here[0] and forms[1].get(tag) == here[1] for tag in _TAGS[upos]
    ):
        return None
    return frozenset(
        (forms[0][tag], forms[1][tag])
        for tag in _TAGS[upos]
        if tag in forms[0] and tag in forms[1] and forms[0][tag] != forms[1][tag]
    )


def _phrase_forms(words: Sequence[str], upos: str) -> dict[str, str] | None:
    """The phrase in every form of its head, by tag; None when it has no such head."""
    if upos == "VERB":
        head, before, after = words[0], "", " ".join(words[1:])
        # Without a particle a second word may be an object or a noun's head.
        if len(words) > 1 and words[1] not in _PARTICLES:
            return None
    else:
        if len(words) > 1 and (upos == "ADJ" or words[-1] in _PARTICLES or _PARTICLES & set(words)):
            return None
        head, before, after = words[-1], " ".join(words[:-1]), ""
    if not head.isalpha() or not head.isascii():
        return None
    lemmas = lemmas_of(head).get(upos, ())
    if len(lemmas) != 1 or lemmas[0] in _IRREGULAR:
        return None
    forms: dict[str, str] = {}
    for tag in _TAGS[upos]:
        found = forms_of(lemmas[0], tag)
        if tag == "NNS" and not _is_plural_in_use(lemmas[0], found):
            continue
        if found:
            # The form at hand where there are two ("spelt", "spelled"); as a plural
            # lemminflect also gives the lemma itself ("kids", "kid").
            form = head if head in found and tag != "NNS" else found[0]
            forms[tag] = " ".join(part for part in (before, form, after) if part)
    return forms


def _is_plural_in_use(lemma: str, found: Sequence[str]) -> bool:
    """Whether people write the plural: "technologies", not "informations"."""
    if not found:
        return False
    ratio = zipf(found[0]) - zipf(lemma)
    return ratio > _RAREST_PLURAL


def article_fix(previous_word: str, new_word: str) -> str | None:
    """The article that ``new_word`` needs, or None when the one before it is right.

    >>> article_fix("a", "expert"), article_fix("An", "university"), article_fix("a", "hour")
    ('an', 'A', 'an')
    >>> article_fix("an", "expert") is None and article_fix("the", "expert") is None
    True
    """
    article = previous_word.lower()
    if article not in ("a", "an") or not new_word or not new_word[0].isalnum():
        return None
    needed = "an" if _sounds_like_vowel(new_word) else "a"
    if needed == article:
        return None
    return needed.capitalize() if previous_word[0].isupper() else needed


def _sounds_like_vowel(word: str) -> bool:
    if word[0].isdigit():
        return _VOWEL_NUMBER.match(word) is not None
    head = re.split(r"[-'’]", word, maxsplit=1)[0]
    letters = head[:-1] if head.endswith("s") and head[:-1].isupper() else head
    spelled = letters.isupper() and letters not in _SPOKEN and (len(letters) < 5)
    if spelled and (len(letters) > 1 or "-" in word or len(word) == 1):
        return letters[0] in _VOWEL_LETTERS
    lower = word.lower()
    if _VOWEL_SOUND.match(lower):
        return True
    return lower[0] in "aeiou" and not _CONSONANT_SOUND.match(lower)
