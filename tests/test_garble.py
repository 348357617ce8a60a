import itertools
import random
import re
import sys
import time
from dataclasses import replace
from itertools import pairwise

import ftfy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unspin.characters import mojibake_edits
from unspin.garble import _furniture_rows, boilerplate, first_letters, garble_edits
from unspin.names import name_table
from unspin.protect import protected_spans
from unspin.records import EditKind
from unspin.settings import Settings
from unspin.spelling import Speller
from unspin.tokens import sentences


@pytest.fixture(scope="module")
def speller():
    return Speller()


def run(text, *kinds, speller=None, language_model=None, **settings):
    chosen = replace(Settings(), kinds=frozenset(kinds or EditKind), **settings)
    parts = sentences(text)
    spans = protected_spans(text, parts, chosen)
    edits, findings = garble_edits(text, parts, spans, chosen, speller, language_model)
    for edit in edits:
        assert text[edit.start : edit.end] == edit.before != edit.after
        assert 0 < edit.confidence <= 1
        assert edit.evidence.source
    assert all(a.end <= b.start for a, b in pairwise(edits))
    return edits, findings


def fix(text, *kinds, speller=None, **settings):
    edits, _ = run(text, *kinds, speller=speller, **settings)
    for edit in reversed(edits):
        text = text[: edit.start] + edit.after + text[edit.end :]
    return text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The row started started last month.", "The row started last month."),
        ("Near the the door.", "Near the door."),
        ("The the door.", "The door."),
        ("Say it to  to them.", "Say it to them."),
    ],
)
def test_doubled(text, expected):
    assert fix(text, EditKind.DOUBLED) == expected


@pytest.mark.parametrize(
    "text",
    [
        "She had had enough, and I know that that is so.",
        "It was very very good. No no, bye bye, blah blah.",
        "In New York New York they heard Duran Duran.",
        "the end.\n\nend of it",
        "the line\nline of it",
        "He did it, it seems. So-so. Five 5 5.",
        "never never never, more more more",
        "a plan B B is",
        "red `the the` code",
    ],
)
def test_legitimate_doubles(text):
    assert run(text, EditKind.DOUBLED)[0] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It isnâ€™t a cafÃ© â€œatâ€\x9d all.", "It isn’t a café “at” all."),
        ("They saw BeyoncÃ© there.", "They saw Beyoncé there."),
        ("naïve café, “quotes” – 日本語 😀 Привет €5 ½ §", None),
        ("see https://example.org/cafÃ© now", None),
        ("in `cafÃ©` now", None),
    ],
)
def test_mojibake(text, expected):
    assert fix(text, EditKind.MOJIBAKE) == (expected or text)


def test_mojibake_edits_are_minimal():
    edits, _ = run("Ã©tÃ© ends", EditKind.MOJIBAKE)
    assert [(e.start, e.before, e.after) for e in edits] == [(0, "Ã©", "é"), (3, "Ã©", "é")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R&amp;D isn&#8217;t&nbsp;new &amp;quot;x&amp;quot;", 'R&D isn’t new "x"'),
        ("AT&T; &unknown; & &amp &#0; &#xD800; &#99999999;", None),
        ("in `&amp;` code", None),
    ],
)
def test_entities(text, expected):
    assert fix(text, EditKind.ENTITY) == (expected or text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Micro\u200bsoft wo\ufeffrd", "Microsoft word"),
        ("👨\u200d👩\u200d👧 क\u200dष می\u200cخواهم co\u00adop word \u200bword", None),
    ],
)
def test_invisible(text, expected):
    assert fix(text, EditKind.INVISIBLE) == (expected or text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the pаper met Mісrosoft", "the paper met Microsoft"),
        ("Привет and сор, νe, μm, Δx, α-helix, ελλάδα", None),
    ],
)
def test_homoglyphs(text, expected):
    assert fix(text, EditKind.HOMOGLYPH) == (expected or text)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (EditKind.GLUED, "They met onFriday again.", "They met on Friday again."),
        (EditKind.GLUED, "with recognitionpowered tools", "with recognition powered tools"),
        (EditKind.GLUED, "most ofthe people", "most of the people"),
        (EditKind.GLUED, "a wireframe of the website", None),
        (EditKind.GLUED, "we call toString and onClick", None),
        (EditKind.GLUED, "A sentence.Next comes another", None),
        (EditKind.SPLIT, "the federal govern ment said", "the federal government said"),
        (EditKind.SPLIT, "health care and a way for all, a way to go", None),
        (EditKind.TYPO, "the new goverment said", "the new government said"),
        (EditKind.TYPO, "they recieve the letter", "they receive the letter"),
        (EditKind.TYPO, "with Vibrio cholerae in it", None),
        (EditKind.TYPO, "an “adhesin” molecule", None),
        (EditKind.TYPO, "the blorgest thing, the blorgest one", None),
    ],
)
def test_spelling(kind, text, expected, speller):
    assert fix(text, kind, speller=speller) == (expected or text)


def test_language_model_ranks_typos(speller):
    class Prefers:
        def score(self, words):
            return 0.0 if "those" in words else -50.0

    text = "they must follow thvse rules here"
    edits, _ = run(text, EditKind.TYPO, speller=speller, language_model=Prefers())
    assert [e.after for e in edits] == ["those"]
    assert edits[0].evidence.source == "symspellpy, language model"


def test_boilerplate_is_reported_and_removed_only_when_asked():
    text = "A story.\r\n\r\ninfo image\r\n\r\nRead Extra\n\nComments are closed."
    edits, findings = run(text, EditKind.BOILERPLATE)
    assert edits == []
    assert [f.text for f in findings] == ["info image", "Read Extra", "Comments are closed."]
    assert all(text[f.start : f.end] == f.text for f in findings)
    stripped = fix(text, EditKind.BOILERPLATE, strip_boilerplate=True)
    assert stripped == "A story.\r\n\r\n\r\n\n"


@pytest.mark.parametrize(
    "line",
    [
        "Read more",
        "Share this:",
        "Click here to subscribe",
        "Advertisement",
        "Related articles",
        "Leave a Reply",
        "Continue reading →",
        "This site uses cookies to improve your experience.",
        "© 2018 Example Inc. All rights reserved.",
        "3 comments",
    ],
)
def test_furniture(line):
    _, findings = run(f"Text.\n\n{line}\n", EditKind.BOILERPLATE)
    assert [f.text for f in findings] == [line]


@pytest.mark.parametrize(
    "line",
    [
        "Read more books and you will write better ones.",
        "Comments are closed to the public until the hearing ends.",
        "We share this view.",
        "The advertisement ran for a week.",
    ],
)
def test_prose_is_not_furniture(line):
    assert run(line, EditKind.BOILERPLATE)[1] == []


def test_kinds_that_are_off_do_nothing():
    text = "the the cafÃ© &amp; goverment\n\nRead More"
    assert run(text, EditKind.SYNONYM) == ([], [])


@given(st.text(alphabet=st.sampled_from("the aÃ©â€™&amp;#8217\u200bаο\n\r.'`"), max_size=60))
def test_edits_fit_any_text(text):
    kinds = frozenset(EditKind) - {EditKind.GLUED, EditKind.SPLIT, EditKind.TYPO}
    run(text, *kinds, strip_boilerplate=True)


@pytest.mark.parametrize("unit", ["â€™", "&amp;", "a\u200b", "аb", "the the ", "Ã", "&", "read "])
def test_hostile_input_is_linear(unit, speller):
    text = unit * (200_000 // len(unit))
    parts = sentences(text)
    chosen = replace(Settings(), kinds=frozenset(EditKind))
    begin = time.perf_counter()
    garble_edits(text, parts, (), chosen, speller)
    assert time.perf_counter() - begin < 4


def test_one_very_long_word_is_linear(speller):
    text = "ab" * 100_000 + " end"
    begin = time.perf_counter()
    run(text, speller=speller)
    assert time.perf_counter() - begin < 4


def test_names_file_is_sorted_and_folded():
    names = name_table()
    assert all(name == name.casefold() for name in names)
    assert {"microsoft", "congress", "silicon valley"} <= names


def test_marks_and_lone_letters_are_what_ftfy_leaves_alone() -> None:
    lone = (chr(n) for n in range(0xA0, sys.maxunicode, 7) if not 0xD800 <= n < 0xE000)
    marks = ("".join(m) for n in (2, 3, 4) for m in itertools.product("‘’“”–—…\u00a0", repeat=n))
    for run in itertools.chain(lone, marks):
        assert ftfy.fix_encoding(run) == run
        assert not list(mojibake_edits(run))


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        ("tags:", "t"),
        ("(?:log|sign) in", "ls"),
        ("(?:please )?(?:log|sign) in", "pls"),
        ("(?:please )?enable(?: it|)", "pe"),
        ("e-?mail", "e"),
        ("e?mail", ""),
        ("(?:a|b)*c", ""),
        ("(?:a|b){0,2}c", ""),
        ("(?:a|)c", ""),
        ("(?:a(?:b)|c)d", ""),
        (r"\(c\)|x", ""),
        ("a|[bc]", ""),
        ("a[|(]b", "a"),
        (r"(?:no|\d+) comments", ""),
        ("", ""),
    ],
)
def test_the_letters_that_furniture_begins_with(pattern: str, letters: str) -> None:
    assert first_letters(pattern) == frozenset(letters)


def test_a_line_is_furniture_if_any_row_says_so() -> None:
    rows = [row for row, _ in _furniture_rows()]
    together = re.compile("|".join(f"(?:{row})" for row in rows), re.IGNORECASE)
    words = sorted({w for row in rows for w in re.findall(r"[\w'’-]+", row)})
    made = random.Random(0)
    lines = [" ".join(made.choices(words, k=made.randint(1, 3))) for _ in range(20_000)]
    lines += [w for word in words for w in (word, word.upper(), f"{word} us", f"{word} this")]
    lines += ["ſhare this", "liKe this", "LIKE this", "← Older", "© 2019", "3 replies", "\u0130 x"]
    found = [line for line in lines if together.fullmatch(line)]
    assert len(found) > 40
    assert [f.text for line in lines for f in boilerplate(line)] == found
