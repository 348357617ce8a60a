"""Run-together, broken and misspelt words.

A word is suspect only when no word list knows it, it is in lower case, and the
document does not repeat it: what a writer writes twice is a term. A repair must
then be a common word, or common words that are seen side by side.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Protocol

from unspin.errors import DataError
from unspin.frequencies import zipf
from unspin.records import Alternative, Edit, EditKind, Evidence, Sentence, Token, TokenKind

if TYPE_CHECKING:
    from symspellpy import SymSpell

_WORDS_FILE = "frequency_dictionary_en_82_765.txt"
_PAIRS_FILE = "frequency_bigramdictionary_en_243_342.txt"
# The pairs were counted on 1,024,908,267,229 words, as were the words.
_LOG_CORPUS = math.log(1_024_908_267_229)
_MAX_DISTANCE = 2

# Zipf frequencies, tuned on clean text of shared corpora: false repairs of all three
# kinds together stay under 2 per 10,000 words.
_KNOWN = 2.0  # below it a word that no list has is a mistake or a rare term
_SURELY_KNOWN = 3.1  # common misspellings reach this ("teh" 3.0, "recieve" 2.8)
_RUN_TOGETHER = 3.6  # "ofthe" reaches 3.3
_RATIO = 1.8  # how much commoner the word must be that such a misspelling stands for
_COMMON = 3.0  # a repair is at least this frequent
_ORDINARY = 2.7  # a neighbour this frequent is no sign of Latin or jargon
_LONG_WORD = 7  # shorter words have too many neighbours two slips away
_MAX_CANDIDATES = 5
_MAX_LENGTH = 40  # longer strings are data, and cost more than they are worth
# Short words that may be one half of two run together; other short strings
# ("re", "un", "st") are pieces of longer words.
_SHORT = frozenset(
    "a i an as at be by do go he if in is it me my no of on or so to up us we and are but can did "
    "for had has her him his how its may new not now one our out own she the too two was way who "
    "why you all any get let see use".split()
)
_FUNCTION_HALVES = frozenset(
    "the of to and in for with that is was on by at are as be have from this but not can had has "
    "his her our your their they were which would will you we or it its".split()
)
_INTRODUCING = frozenset("\"'“”‘’([«»")
_PREFIXES = (
    "anti auto bi bio co counter cross cyber de dis eco electro ex extra fore geo hyper hypo il im "
    "in inter intra ir macro mega meta micro mid mini mis mono multi nano neo neuro non out over "
    "para poly post pre pro pseudo psycho re retro semi socio sub super techno tele thermo trans "
    "tri ultra un under uni up vice web hydro photo cardio gastro immuno"
).split()
_SUFFIXES = (
    "s es ed d ing er ers or ors ly ness ment ments ism isms ist ists ize ized izes izing ise ised "
    "able ible ability al ally ic ics ical ically ity ities y ies ier iest less ful like wise ship "
    "hood ward wards ian ians ish ation ations ous"
).split()


class LanguageModel(Protocol):
    """What ranks candidates in their sentence."""

    def score(self, words: Sequence[str]) -> float:
        """The natural log-probability of a sentence of norms."""


class Speller:
    """Word lists that are read when the first word needs them.

    Building it costs nothing; the first suspect word costs some seconds and
    100 MB, which is why clean text never pays it.
    """

    def __init__(self) -> None:
        self._symspell: SymSpell | None = None
        self._pairs: dict[str, int] | None = None

    def knows(self, word: str) -> bool:
        """Whether the word is in some list or formed from one that is."""
        if zipf(word) >= _SURELY_KNOWN or word in self._words().words:
            return True
        return any(self._is_plain(stem) for stem in _stems(word))

    def has(self, word: str) -> bool:
        """Whether the dictionary has the very word."""
        return word in self._words().words

    def corrections(self, word: str) -> list[tuple[str, float]]:
        """Common words within two slips of the keyboard, likeliest first.

        The second value is log P(word meant) up to a constant: frequency, less a
        fixed cost for each slip.
        """
        from symspellpy import Verbosity

        floor = zipf(word) + _RATIO if zipf(word) >= _KNOWN else 0.0
        found = self._words().lookup(word, Verbosity.ALL, max_edit_distance=_MAX_DISTANCE)
        scored = []
        for item in found:
            frequency = zipf(item.term)
            if item.distance == 0 or frequency < max(_COMMON, floor):
                continue
            # Two slips in a short word make another word, and so do two in one that
            # others have written; a first letter is seldom wrong.
            if item.distance == 2 and (len(word) < _LONG_WORD or zipf(word)):
                continue
            cost = 7.0 * item.distance + 2.0 * (item.term[0] != word[0])
            scored.append((item.term, frequency * math.log(10) - cost))
        scored.sort(key=lambda pair: (-pair[1], pair[0]))
        return scored[:_MAX_CANDIDATES]

    def pair_log_odds(self, left: str, right: str) -> float | None:
        """How much likelier two words are side by side than by chance; None if never seen."""
        pairs = self._pair_counts()
        count = pairs.get(f"{left} {right}")
        if count is None:
            return None
        chance = (zipf(left) + zipf(right) - 18) * math.log(10)
        return math.log(count) - _LOG_CORPUS - chance

    def _is_plain(self, word: str) -> bool:
        return len(word) > 3 and (zipf(word) >= _COMMON or word in self._words().words)

    def _words(self) -> SymSpell:
        if self._symspell is None:
            from symspellpy import SymSpell

            symspell = SymSpell(_MAX_DISTANCE, 7)
            with as_file(files("symspellpy") / _WORDS_FILE) as path:
                if not symspell.load_dictionary(str(path), 0, 1, encoding="utf-8-sig"):
                    raise DataError(f"symspellpy has no {_WORDS_FILE}: reinstall symspellpy")
            self._symspell = symspell
        return self._symspell

    def _pair_counts(self) -> dict[str, int]:
        if self._pairs is None:
            lines = (files("symspellpy") / _PAIRS_FILE).read_text(encoding="utf-8-sig")
            rows = (line.rpartition(" ") for line in lines.splitlines())
            self._pairs = {pair: int(count) for pair, _, count in rows}
        return self._pairs


def spelling_edits(
    sentences: Sequence[Sentence],
    kinds: frozenset[EditKind],
    speller: Speller,
    language_model: LanguageModel | None,
) -> Iterator[Edit]:
    """Repairs of words run together, broken in two and misspelt; the caller screens them."""
    counts = Counter(token.norm for sentence in sentences for token in sentence.tokens)
    for sentence in sentences:
        tokens = sentence.tokens
        taken = -1
        for index, token in enumerate(tokens):
            if index <= taken or token.kind is not TokenKind.WORD:
                continue
            if EditKind.SPLIT in kinds and index + 1 < len(tokens):
                edit = _joined(tokens, index, counts, speller)
                if edit is not None:
                    taken = index + 1
                    yield edit
                    continue
            if EditKind.GLUED in kinds and (edit := _function_words(token, speller)):
                yield edit
                continue
            if not _is_suspect(token, counts):
                continue
            if _is_part_of_compound(tokens, index) or speller.knows(token.norm):
                continue
            edit = None
            if EditKind.GLUED in kinds:
                edit = _parted(token, speller)
            if edit is None and EditKind.TYPO in kinds and _is_in_plain_prose(tokens, index):
                edit = _corrected(tokens, index, speller, language_model)
            if edit is not None:
                yield edit


def _is_suspect(token: Token, counts: Counter[str]) -> bool:
    surface = token.surface
    return (
        3 < len(surface) <= _MAX_LENGTH
        and surface[0].islower()
        and surface.isascii()
        and surface.isalpha()
        and zipf(token.norm) < _SURELY_KNOWN
        and counts[token.norm] == 1
    )


def _is_part_of_compound(tokens: Sequence[Token], index: int) -> bool:
    """Whether a hyphen, slash or apostrophe touches the word: a name, prefix or contraction."""
    token = tokens[index]
    before = tokens[index - 1] if index else None
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    return (
        before is not None and before.end == token.start and before.surface in "-–/_@.'’])"
    ) or (after is not None and after.start == token.end and after.surface in "-–/_@'’")


def _is_in_plain_prose(tokens: Sequence[Token], index: int) -> bool:
    """Whether the words on either side are ordinary English.

    Unknown words among rare ones are Latin, another language or a term's second
    half ("Vibrio cholerae"); right after a quotation mark or bracket they are terms
    being introduced.
    """
    token = tokens[index]
    if not token.surface.islower():
        return False
    for neighbour in (*tokens[max(0, index - 1) : index], *tokens[index + 1 : index + 2]):
        if neighbour.kind is TokenKind.WORD:
            if zipf(neighbour.norm) < _ORDINARY:
                return False
            if neighbour.start < token.start and neighbour.surface[0].isupper() and index > 1:
                return False
        elif neighbour.surface in _INTRODUCING:
            return False
    return True


def _stems(word: str) -> Iterator[str]:
    """What is left of a word without one prefix, one suffix, or both."""
    bases = [word]
    bases.extend(word[len(p) :] for p in _PREFIXES if word.startswith(p) and len(word) - len(p) > 4)
    for base in bases:
        if base != word:
            yield base
        for suffix in _SUFFIXES:
            if base.endswith(suffix):
                stem = base[: -len(suffix)]
                yield stem
                yield stem + "e"
                yield stem + "y"
                if len(stem) > 3 and stem[-1] == stem[-2]:
                    yield stem[:-1]


def _edit(
    start: int, end: int, before: str, after: str, confidence: float, kind: EditKind, source: str
) -> Edit:
    return Edit(start, end, before, after, confidence, kind, Evidence(source))


def _parted(token: Token, speller: Speller) -> Edit | None:
    """Two words without the space between them, each common and seen together."""
    surface = token.surface
    best: tuple[float, int] | None = None
    for cut in range(1, len(surface)):
        left, right = surface[:cut].lower(), surface[cut:].lower()
        if not (_is_half(left) and _is_half(right)):
            continue
        if zipf(token.norm) and not (left in _SHORT or right in _SHORT):
            continue  # a compound that others have written too ("wireframe")
        odds = speller.pair_log_odds(left, right)
        if odds is None:
            if not surface[cut].isupper() and not _may_be_unseen(left, right, token.norm):
                continue
            odds = -4.0
        score = (zipf(left) + zipf(right)) * math.log(10) + odds
        if best is None or score > best[0]:
            best = score, cut
    if best is None:
        return None
    cut = best[1]
    after = f"{surface[:cut]} {surface[cut:]}"
    return _edit(token.start, token.end, surface, after, 0.8, EditKind.GLUED, "word lists")


def _may_be_unseen(left: str, right: str, whole: str) -> bool:
    """Whether two words may be parted though nobody counted them side by side."""
    short, other = sorted((left, right), key=len)
    if len(short) >= 4:
        return True
    return short in _FUNCTION_HALVES and len(other) >= 5 and zipf(whole) == 0 and zipf(other) > 3.5


def _function_words(token: Token, speller: Speller) -> Edit | None:
    """Two of the commonest words, which run together often enough to be counted as a word."""
    surface = token.surface
    if (
        not 3 < len(surface) < 9
        or not surface.islower()
        or not surface.isalpha()
        or zipf(token.norm) > _RUN_TOGETHER
    ):
        return None
    for cut in range(2, len(surface) - 1):
        left, right = surface[:cut], surface[cut:]
        if left in _FUNCTION_HALVES and right in _FUNCTION_HALVES and left != right:
            if speller.pair_log_odds(left, right) is None or speller.has(token.norm):
                return None
            after = f"{surface[:cut]} {right}"
            return _edit(token.start, token.end, surface, after, 0.8, EditKind.GLUED, "word lists")
    return None


def _is_half(word: str) -> bool:
    if len(word) <= 3:
        return word in _SHORT
    return zipf(word) >= _COMMON and word not in _PREFIXES and word not in _SUFFIXES


def _joined(
    tokens: Sequence[Token], index: int, counts: Counter[str], speller: Speller
) -> Edit | None:
    """A word with a space in it: at least one half is no word and the whole is common."""
    left, right = tokens[index], tokens[index + 1]
    if right.kind is not TokenKind.WORD or right.start != left.end + 1:
        return None
    if not ((right.surface.islower() and left.surface[1:].islower()) or left.surface.islower()):
        return None
    whole = left.norm + right.norm
    if not 5 <= len(whole) <= _MAX_LENGTH or not whole.isalpha() or zipf(whole) < _COMMON:
        return None
    if min(len(left.norm), len(right.norm)) == 1 and zipf(whole) < 4:
        return None
    weaker = min((left.norm, right.norm), key=_word_strength)
    if _word_strength(weaker) >= zipf(whole) - 0.3 or speller.pair_log_odds(left.norm, right.norm):
        return None
    if counts[left.norm] > 1 and counts[right.norm] > 1:
        return None
    return _edit(
        left.start,
        right.end,
        f"{left.surface} {right.surface}",
        left.surface + right.surface,
        0.8,
        EditKind.SPLIT,
        "word lists",
    )


def _word_strength(word: str) -> float:
    """Zipf frequency, which is meaningless for the letters and scraps that wordfreq counts too."""
    if len(word) <= 3 and word not in _SHORT:
        return zipf(word) - 2.5
    return zipf(word)


def _corrected(
    tokens: Sequence[Token],
    index: int,
    speller: Speller,
    language_model: LanguageModel | None,
) -> Edit | None:
    token = tokens[index]
    candidates = speller.corrections(token.norm)
    if not candidates:
        return None
    source = "symspellpy"
    score: float | None = None
    if language_model is not None and len(candidates) > 1:
        left = [t.norm for t in tokens[max(0, index - 3) : index]]
        right = [t.norm for t in tokens[index + 1 : index + 4]]
        # The frequency is part of the model's score already; the slips are not.
        candidates = sorted(
            (
                (
                    word,
                    language_model.score([*left, word, *right]) + prior - zipf(word) * math.log(10),
                )
                for word, prior in candidates
            ),
            key=lambda pair: (-pair[1], pair[0]),
        )
        source = "symspellpy, language model"
        score = candidates[0][1] - candidates[1][1]
    total = math.fsum(math.exp(value - candidates[0][1]) for _, value in candidates)
    shares = [math.exp(value - candidates[0][1]) / total for _, value in candidates]
    return Edit(
        token.start,
        token.end,
        token.surface,
        candidates[0][0],
        round(0.9 * shares[0], 4),
        EditKind.TYPO,
        Evidence(source, language_model=score),
        tuple(
            Alternative(word, round(0.9 * share, 4))
            for (word, _), share in zip(candidates[1:], shares[1:], strict=True)
        ),
    )
