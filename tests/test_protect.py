import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unspin.names import capitalized_runs, is_heading, name_spans
from unspin.protect import ProtectedIndex, protected_spans
from unspin.records import ProtectedSpan
from unspin.settings import Settings
from unspin.tokens import sentences, tokenize


def protect(text, **settings):
    spans = protected_spans(text, sentences(text), replace(Settings(), **settings))
    return [(text[s.start : s.end], s.reason) for s in spans]


def covered(text, **settings):
    return [surface for surface, _ in protect(text, **settings)]


@pytest.mark.parametrize(
    ("text", "surface", "reason"),
    [
        ("see https://example.org/a_b?c=1, and", "https://example.org/a_b?c=1", "url"),
        ("(see www.example.org/x).", "www.example.org/x", "url"),
        ("at example.org or", "example.org", "domain"),
        ("at example.com/a/b or", "example.com/a/b", "domain"),
        ("write to bob.smith@example.org.", "bob.smith@example.org", "email"),
        ("follow @handle_1 now", "@handle_1", "handle"),
        ("under #topic today", "#topic", "hashtag"),
        ("open /usr/share/dict/words now", "/usr/share/dict/words", "path"),
        (r"open C:\Users\x.txt now", r"C:\Users\x.txt", "path"),
        ("edit src/main.py now", "src/main.py", "file"),
        ("read report.pdf now", "report.pdf", "file"),
        ("call `do the thing` now", "`do the thing`", "code"),
        ("a <b class='x'> tag", "<b class='x'>", "markup"),
        ("set max_value to", "max_value", "identifier"),
        ("call toString or", "toString", "identifier"),
        ("the iPhone is", "iPhone", "identifier"),
        ("many NGOs are", "NGOs", "identifier"),
        ("for covid19 and", "covid19", "identifier"),
        ("the ICE contract", "ICE", "acronym"),
        ("the U.S. is", "U.S.", "acronym"),
        ("paid $41,708 for it", "$41,708", "number"),
        ("paid US$5 million for it", "US$5 million", "number"),
        ("about 10 percent of", "10 percent", "number"),
        ("on March 5, 2018 they", "March 5, 2018", "number"),
        ("on 5 March 2018 they", "5 March 2018", "number"),
        ("at 3:30 p.m. they", "3:30 p.m.", "number"),
        ("some 12 km away", "12 km", "number"),
    ],
)
def test_reasons(text, surface, reason):
    assert (surface, reason) in protect(text)


@pytest.mark.parametrize(
    "name",
    [
        "Microsoft",
        "Brad Smith",
        "Satya Natella",
        "Immigration and Customs Enforcement",
        "Silicon Valley",
        "Congress",
        "George W. Bush",
        "Bank of America",
    ],
)
def test_names_inside_sentences_are_one_span(name):
    assert (name, "name") in protect(f"Last week they met {name} about the contract.")


@pytest.mark.parametrize(
    "text",
    [
        "Read Extra",
        "Big name Recede",
        "They joined the Nationwide effort.",
        "He said: However this goes, people win.",
        "He said, “However this goes, people win.”",
        "A sentence ends here.Next comes another.",
        "This and/or that, s/he said.",
        "READ THE WHOLE STORY HERE",
        "We say DO NOT TOUCH this.",
        "Five people met 5 others.",
        "It happened onFriday again.",
        "“We judge this quotation must be open to repair.”",
    ],
)
def test_not_protected(text):
    assert protect(text) == []


def test_fenced_code_and_unclosed_fence():
    assert covered("a\n```\ncode here\n```\nb") == ["```\ncode here\n```"]
    assert covered("a\n~~~\ncode here") == ["~~~\ncode here"]


def test_lone_acronym_line_is_an_acronym_and_a_line_of_capitals_is_not():
    assert covered("NASA\n\nfine words") == ["NASA"]
    assert covered("THE NEWS\n\nfine words") == []


def test_ignore_settings():
    text = "The Open Source people like open source and the café."
    assert covered(text, ignore_phrases=frozenset({"open source"})) == [
        "Open Source",
        "open source",
    ]
    assert covered(text, ignore_words=frozenset({"CAFÉ"})) == ["café"]
    assert covered(text, ignore_patterns=(r"pe\w+", "x*")) == ["pen", "people", "pen"]


def test_inline_ignore():
    text = "one\ntwo <!-- unspin: ignore -->\nthree\n"
    assert covered(text) == ["two <!-- unspin: ignore -->"]
    region = "one\n# unspin: ignore-start\ntwo\n# unspin: ignore-end\nthree"
    assert covered(region) == ["# unspin: ignore-start\ntwo\n# unspin: ignore-end"]
    assert covered("one\nunspin: ignore-start\ntwo") == ["unspin: ignore-start\ntwo"]
    assert covered("unspin: ignored") == []


def test_entities_and_look_alikes_stay_open_to_repair():
    assert protect("It isn&#8217;t so.") == []
    assert protect("They met Mісrosoft yesterday.") == []


@given(st.text(alphabet=st.sampled_from("aA.b@/`_#1 \n<>-'’$:\\“”é&;"), max_size=80))
def test_spans_are_sorted_disjoint_and_inside(text):
    spans = protected_spans(text, sentences(text), Settings())
    end = 0
    for span in spans:
        assert end <= span.start < span.end <= len(text)
        end = span.end


@given(
    st.lists(st.integers(0, 60), min_size=2, max_size=12, unique=True).map(sorted),
    st.integers(0, 60),
    st.integers(0, 20),
)
def test_index_agrees_with_a_plain_search(cuts, start, length):
    spans = [ProtectedSpan(a, b, "x") for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    index = ProtectedIndex(spans)
    end = start + length
    expected = any(s.start < end and start < s.end for s in spans)
    assert index.overlaps(start, end) == expected
    assert index.overlapping_any(start, end, {"x"}) == expected
    assert not index.overlapping_any(start, end, {"y"})


@pytest.mark.parametrize(
    "unit", ["a.", "@", "`", "/", "a@", "`a", "_", "1.", "A", "A ", "<a", "a/", "unspin: ignore "]
)
def test_hostile_input_is_linear(unit):
    text = unit * (400_000 // len(unit))
    ready = sentences(text)
    begin = time.perf_counter()
    protected_spans(text, ready, Settings())
    assert time.perf_counter() - begin < 4


def test_runs_and_headings():
    tokens = tokenize("services to Immigration and Customs Enforcement are")
    assert list(capitalized_runs(tokens)) == [(2, 6)]
    assert list(name_spans(tokens)) == [(2, 6)]
    assert is_heading(tokenize("The Lord of the Rings"))
    assert not is_heading(tokenize("Microsoft hired Brad Smith"))
    assert not is_heading(tokenize("Yes."))
