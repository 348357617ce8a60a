from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unspin.records import TokenKind
from unspin.tokens import phrase_norms, sentences, tokenize


@given(st.text())
def test_tokens_are_ordered_disjoint_slices(text: str) -> None:
    position = 0
    for token in tokenize(text):
        assert position <= token.start < token.end
        assert text[token.start : token.end] == token.surface
        position = token.end


@given(st.text())
def test_sentences_hold_every_token_once(text: str) -> None:
    joined = [t for s in sentences(text) for t in s.tokens]
    starts = [t.start for t in joined]
    assert starts == sorted(set(starts))
    assert all(text[t.start : t.end] == t.surface for t in joined)
    visible = sum(not c.isspace() for c in text)
    assert sum(not c.isspace() for t in joined for c in t.surface) == visible


def test_capital_i_with_dot_keeps_offsets() -> None:
    text = "İİİ big apple"
    assert [text[t.start : t.end] for t in tokenize(text)] == ["İİİ", "big", "apple"]


def test_possessives_and_hyphens_are_tokens_and_contractions_are_not() -> None:
    assert phrase_norms("The company’s in-depth letter isn't new") == (
        "the", "company", "'s", "in", "-", "depth", "letter", "isn't", "new",
    )  # fmt: skip


def test_numbers_and_marks_have_kinds() -> None:
    kinds = {t.surface: t.kind for t in tokenize("13,000 words, cost")}
    assert kinds["13,000"] is TokenKind.NUMBER
    assert kinds[","] is TokenKind.PUNCTUATION
    assert kinds["cost"] is TokenKind.WORD


def test_sentences_end_where_readers_end_them() -> None:
    text = "Mr. Smith met J. Doe. He left.\n\nRead More\nThe U.S. said so! “Why?” he asked."
    found = [" ".join(t.surface for t in s.tokens) for s in sentences(text)]
    assert found == [
        "Mr . Smith met J . Doe .",
        "He left .",
        "Read More",
        "The U . S . said so !",
        "“ Why ? ” he asked .",
    ]
    assert [s.paragraph for s in sentences(text)] == [0, 0, 1, 1, 1]


def test_a_wrapped_line_does_not_end_a_sentence() -> None:
    line = "this line has been wrapped at a width of sixty letters or\nMore follows here"
    assert len(sentences(line)) == 1


def test_text_without_full_stops_is_cut_so_that_cost_stays_linear() -> None:
    assert max(len(s.tokens) for s in sentences("word " * 1000)) == 120
