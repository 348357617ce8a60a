import pytest
from hypothesis import given
from hypothesis import strategies as st

from unspin.inflect import article_fix, inflections, join_words, match_case
from unspin.tokens import tokenize


@pytest.mark.parametrize(
    ("spun", "original", "sentence_start", "expected"),
    [
        (["The", "put", "up"], "the post", True, "The post"),
        (["put", "up"], "post", False, "post"),
        (["Put", "Up"], "post", False, "Post"),
        (["PUT", "UP"], "post", False, "POST"),
        (["Extra"], "more", False, "More"),
        (["Nationwide"], "national level", False, "National Level"),
        (["However"], "but not", True, "But not"),
        (["Bank", "Of"], "heart of gold", False, "Heart of Gold"),
        (["I"], "we", False, "we"),
        (["I"], "we", True, "We"),
        (["it"], "i'm sure i am", False, "I'm sure I am"),
        (["us"], "american", False, "American"),
        (["folks"], "americans", False, "Americans"),
        (["day"], "monday", False, "Monday"),
        (["them"], "us", False, "us"),
        (["and"], "may", False, "may"),
        (["put", "’s"], "post's", False, "post's"),
        ([], "more", True, "more"),
        (["Put"], "", True, ""),
    ],
)
def test_match_case(spun, original, sentence_start, expected):
    assert match_case(spun, original, sentence_start) == expected


@given(st.lists(st.text(max_size=6), max_size=4), st.text(max_size=20), st.booleans())
def test_match_case_changes_nothing_but_capitals(spun, original, sentence_start):
    fitted = match_case(spun, original, sentence_start)
    assert fitted.casefold() == original.casefold()


@pytest.mark.parametrize(
    "text",
    [
        "The company's in-depth letter (new) isn't here; is it?",
        'He said, "We must go," and left.',
        "It costs $5 or 10% more: see [1].",
        "“Quoted” words — no: words/terms!",
    ],
)
def test_join_words_undoes_the_tokenizer(text):
    joined = join_words([t.surface for t in tokenize(text)])
    assert joined == text.replace(" — ", "—")


def test_join_words_takes_the_text_s_apostrophe():
    assert join_words(["people", "'s", "isn't", "'"], apostrophe="’") == "people’s isn’t '"


@given(st.lists(st.sampled_from(["a", "word", "isn't", "in", "2018"]), max_size=8))
def test_join_words_puts_one_space_between_plain_words(words):
    assert join_words(words) == " ".join(words)


@pytest.mark.parametrize(
    ("spun", "original", "some"),
    [
        ("elevating", "raising", {("elevate", "raise"), ("elevated", "raised")}),
        ("products", "services", {("product", "service")}),
        ("put up", "post", {("putting up", "posting"), ("puts up", "posts")}),
        ("find out", "learn", {("found out", "learned")}),
        ("big", "large", {("bigger", "larger"), ("biggest", "largest")}),
        ("children", "kids", {("child", "kid")}),
        ("buyer", "customer", {("buyers", "customers")}),
    ],
)
def test_inflections(spun, original, some):
    assert some <= set(inflections(spun, original))


@pytest.mark.parametrize(
    ("spun", "original"),
    [
        ("skills", "technology"),  # plural for singular
        ("mature", "used"),
        ("was", "is"),
        ("without lengthen", "directly"),
        ("products and services", "services"),
        ("blog put up", "blog post"),
        ("", "x"),
        ("xqzzy", "post"),
    ],
)
def test_inflections_yield_nothing_when_unsure(spun, original):
    assert list(inflections(spun, original)) == []


def test_verb_or_noun_gives_only_forms_right_for_both():
    assert ("working", "jobbing") not in set(inflections("work", "job"))


@given(st.text(max_size=12), st.text(max_size=12))
def test_inflections_never_repeat_their_rule(spun, original):
    derived = list(inflections(spun, original))
    assert (spun, original) not in derived
    assert derived == sorted(set(derived))


@pytest.mark.parametrize(
    ("article", "words"),
    [
        ("an", "expert hour honest heir X-ray NGO FBI MP3 8 80 11 18th uncle unimportant"),
        ("an", "unidentified umbrella urn utter e-mail HTML honorary oncology"),
        ("a", "university one European US U.S. UK NASA union eulogy use usual house UN user"),
        ("a", "uranium uterus ubiquitous once hotel 5 110 unique useful"),
    ],
)
def test_article_fix(article, words):
    other = "a" if article == "an" else "an"
    for word in words.split():
        assert article_fix(other, word) == article, word
        assert article_fix(article, word) is None, word
        assert article_fix(other.capitalize(), word) == article.capitalize(), word


def test_article_fix_leaves_other_words_alone():
    assert article_fix("the", "expert") is None
    assert article_fix("a", "") is None
    assert article_fix("a", "“x") is None
