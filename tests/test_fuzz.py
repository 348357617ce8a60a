"""Whatever the input, the library keeps its promises: no crash, no lost byte, no stray edit.

``make fuzz MINUTES=30`` runs the same checks for longer (``benchmarks/fuzz.py``).
"""

from __future__ import annotations

import gzip
import io
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from unspin.edits import apply_edits
from unspin.errors import UnspinError
from unspin.files import broken_bytes, decode_text
from unspin.protect import protected_spans
from unspin.records import Edit, EditKind, Evidence, Restoration
from unspin.restorer import Restorer
from unspin.settings import Settings
from unspin.sources import MARKUPS, ReadOptions, open_source
from unspin.tokens import paragraph_norms, sentences

# Pieces that readers, tokenizers and protection treat apart, and some that spinners write.
FRAGMENTS = (
    *(
        "the the ",
        "put up ",
        "mature ",
        "the least bit ",
        "Microsoft ",
        "isn’t ",
        "company's ",
        "a ",
    ),
    *("\n", "\n\n", "\r\n", "\r", "\t", " ", "\u00a0", "\u2029", "\x0b", "\x0c", "\x1c", "\x85"),
    *(
        "\0",
        "\ud800",
        "\udcff",
        "\ufeff",
        "\u200b",
        "\u0301",
        "İ",
        "ß",
        "ſ",
        "中文",
        "\U0001f600",
        "а",
    ),
    *(
        "<",
        "<a href='",
        '<b title="',
        "</p>",
        "<p>",
        "<pre>",
        "<script>",
        "</script>",
        "<!--",
        "-->",
    ),
    *("<![CDATA[", "]]>", "<?", "<!", "&", "&#", "&#zz ", "&amp;", "&amp;amp;lt;", "&#x110000;"),
    *(
        "`",
        "```\n",
        "~~~\n",
        "> ",
        "- ",
        "1. ",
        "#",
        "|",
        "||",
        "$",
        "$$\n",
        "{{",
        "}}",
        "[x](",
        "](",
        ")",
    ),
    *(
        "http://",
        "www.x",
        "a@b.c",
        "#tag",
        "/etc/x",
        "C:\\",
        "3/4",
        "1,000",
        "12th",
        "US$",
        "—",
        "…",
    ),
    *(
        "â€™",
        "Ã©",
        "unspin: ignore",
        "unspin: ignore-start\n",
        "unspin: ignore-end",
        "e.g. ",
        "U.S. ",
    ),
    *('"', "'", "’", "’s", "_", "__", "\\", "\\u", '{"text": "', '"}\n', ",", ";", "NaN", "1e999"),
)
SPUN = (
    "The contract in interrogate isn’t being mature for facial recognition the least bit. The "
    "put up also discusses the corporate’s work extra broadly, and it asks for the the government. "
)
# Short texts of anything, and of these pieces; whole phrases make edits likely.
texts = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join),
    st.lists(st.sampled_from([*FRAGMENTS, SPUN, SPUN]), min_size=3, max_size=25).map("".join),
    st.tuples(st.sampled_from(FRAGMENTS), st.integers(1, 300)).map(lambda pair: pair[0] * pair[1]),
)


@cache
def restorer() -> Restorer:
    """Sure that everything is spun, so that as many edits as possible are made."""
    return Restorer(
        Settings(
            ranker="features",
            spinner="A",
            spin_prior=0.99,
            min_confidence=0.05,
            kinds=frozenset(EditKind),
            strip_boilerplate=True,
        )
    )


@cache
def plain_restorer() -> Restorer:
    return Restorer(Settings(ranker="features"))


def check_restoration(text: str, found: Restoration, chosen: Settings) -> None:
    """What holds for every restoration of every text."""
    assert found.source == text
    assert apply_edits(text, found.edits) == found.text
    spans = protected_spans(text, sentences(text), chosen)
    end = 0
    for edit in found.edits:
        assert end <= edit.start <= edit.end <= len(text)
        assert text[edit.start : edit.end] == edit.before
        assert edit.before != edit.after
        assert 0 <= edit.confidence <= 1
        if edit.kind in (EditKind.SYNONYM, EditKind.TORTURED, EditKind.DOUBLED):
            crossed = [s for s in spans if s.start < edit.end and edit.start < s.end]
            assert not crossed, (edit, crossed)
        end = edit.end
    for finding in found.findings:
        assert text[finding.start : finding.end] == finding.text
    assert Restoration.from_dict(found.to_dict()) == found


@given(text=texts)
@settings(max_examples=60, deadline=None)
def test_restorations_are_whole(text: str) -> None:
    found = restorer().restore(text)
    check_restoration(text, found, restorer().settings)
    assert restorer().restore(text) == found
    clean = plain_restorer().restore(text)
    check_restoration(text, clean, plain_restorer().settings)
    assert plain_restorer().explain(text).restoration == clean


@given(text=texts)
@settings(max_examples=100, deadline=None)
def test_tokens_cover_the_text(text: str) -> None:
    split = sentences(text)
    by_paragraph: list[list[str]] = []
    end = 0
    for sentence in split:
        assert sentence.tokens
        if sentence.paragraph == len(by_paragraph):
            by_paragraph.append([])
        by_paragraph[sentence.paragraph].extend(token.norm for token in sentence.tokens)
        for token in sentence.tokens:
            assert text[end : token.start].isspace() or end == token.start
            assert text[token.start : token.end] == token.surface
            end = token.end
    assert text[end:].isspace() or end == len(text)
    assert paragraph_norms(text) == by_paragraph


@given(raw=texts, markup=st.sampled_from(sorted(MARKUPS)), places=st.lists(st.integers(0, 10**6)))
@settings(max_examples=100, deadline=None)
@example(raw='<p>a &#zz <i title="the mature one">b</i>', markup="html", places=[0])
def test_views_let_no_edit_out_of_the_prose(raw: str, markup: str, places: list[int]) -> None:
    view = MARKUPS[markup](raw)
    assert view.raw == raw
    open_to_edits = bytearray(len(raw))
    for piece in view.pieces:
        size = piece.end - piece.start
        assert len(raw[piece.origin : piece.origin + size]) == size
        open_to_edits[piece.origin : piece.origin + size] = b"\1" * size
    starts = sorted({place % len(view.text) for place in places}) if view.text else []
    edits = tuple(
        Edit(at, at + 1, view.text[at], "x", 1.0, EditKind.SYNONYM, Evidence("fuzz"))
        for at in starts
    )
    back = view.back(edits)
    assert all(open_to_edits[edit.start] for edit in back)
    assert len(apply_edits(raw, back)) == len(raw)
    if markup == "html":
        outside = "".join(c for c, is_open in zip(raw, open_to_edits, strict=True) if not is_open)
        assert raw.count(">") - outside.count(">") <= raw.count(">")


@given(data=st.binary(max_size=200), encoding=st.sampled_from([None, "utf-8", "cp1252", "utf-16"]))
@settings(max_examples=100, deadline=None)
def test_bytes_survive_being_read(data: bytes, encoding: str | None) -> None:
    try:
        file = decode_text(data, None, encoding)
    except UnspinError:
        return
    assert broken_bytes(file) >= 0
    if file.lossless:
        assert file.encode(file.text) == data


@given(
    text=texts,
    suffix=st.sampled_from([".txt", ".md", ".html", ".jsonl", ".csv", ".tsv", ".jsonl.gz"]),
    noise=st.binary(max_size=20),
    cut=st.integers(0, 400),
)
@settings(max_examples=100, deadline=None)
def test_sources_lose_no_byte(text: str, suffix: str, noise: bytes, cut: int) -> None:
    data = text.encode("utf-8", "surrogatepass")[:cut] + noise
    if suffix == ".csv":
        data = b"text,n\r\n" + data
    if suffix.endswith(".gz"):
        data = gzip.compress(data, mtime=0)[: max(cut, 15)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        path.write_bytes(data)
        try:
            source = open_source(path, ReadOptions())
            records = list(source.records())
        except UnspinError:
            return
        target = io.BytesIO()
        writer = source.writer(target)
        for record in records:
            if record.broken is None and not record.silent:
                source.original(record)
            writer.write(record, {})
        writer.close()
        written = target.getvalue()
    if suffix.endswith(".gz"):
        written, data = gzip.decompress(written), gzip.decompress(data)
    assert written == data


@given(data=st.binary(max_size=60), at=st.integers(0, 2000))
@settings(max_examples=40, deadline=None)
def test_damaged_parquet_is_an_error_of_the_input(data: bytes, at: int) -> None:
    pytest.importorskip("pyarrow")
    whole = parquet_bytes()
    at %= len(whole)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        path.write_bytes(whole[:at] + data + whole[at + len(data) :])
        try:
            for record in open_source(path, ReadOptions()).records():
                assert isinstance(record.texts["text"], str)
        except UnspinError:
            return


@cache
def parquet_bytes() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = io.BytesIO()
    pq.write_table(pa.table({"text": [SPUN, "", None], "n": [1, 2, 3]}), target)
    return target.getvalue()
