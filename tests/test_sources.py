"""Every format comes back byte for byte, and only text changes."""

from __future__ import annotations

import csv
import gzip
import html
import importlib.util
import io
import json
import os
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unspin.edits import apply_edits
from unspin.errors import InputError, MissingExtraError
from unspin.records import Edit, EditKind, Evidence
from unspin.sources import MARKUPS, Change, ReadOptions, open_source, suffix_of
from unspin.sources.base import library

WORD = re.compile(r"[A-Za-z]{4,}(?: [a-z]+)?")


def edit(text: str, start: int, end: int, after: str) -> Edit:
    return Edit(start, end, text[start:end], after, 0.9, EditKind.SYNONYM, Evidence("test"))


def some_edits(text: str, seed: int = 1, share: float = 0.4) -> list[Edit]:
    """Edits of words and pairs of words, some with characters that markup must escape."""
    chance = random.Random(seed)
    news = ["used", "at all", "café & <tea>", 'the "old" way', "two words", "x\\y"]
    return [
        edit(text, m.start(), m.end(), chance.choice(news))
        for m in WORD.finditer(text)
        if chance.random() < share
    ]


def undone(text: str, edits: Sequence[Edit]) -> str:
    """The text after the edits with every edit taken back."""
    changed = apply_edits(text, edits)
    back = []
    moved = 0
    for e in sorted(edits, key=lambda e: e.start):
        start = e.start + moved
        end = start + len(e.after)
        back.append(replace(e, start=start, end=end, before=e.after, after=e.before))
        moved += len(e.after) - len(e.before)
    return apply_edits(changed, back)


PAGES = (
    "<p>It is <b>mature</b> &amp; fine.</p>",
    "<p>The <em>least <b>bit</b></em> of <i>nested <u>inline <s>tags</s></u></i> here.</p>",
    "<html><head><title>Some title here</title><style>p{color:red}</style></head><body>x</body>",
    "<script>var mature = 'mature words';</script><p>mature words</p>",
    "<!-- a comment with mature words --><p>Words after comments</p>",
    "<p title=\"mature words\" data-x='more words'>Words inside</p>",
    "<p>Entities &rsquo;round&nbsp;here &#8220;quoted&#8221; &copy; &unknown; &amp &lt;tag&gt;</p>",
    "<p>Unclosed paragraph<p>Another one<div>And a division",
    "<pre>  code   stays\n  here </pre><p>prose   with\n  odd   spaces</p>",
    "<p>Line\r\nbreaks\r\nof Windows</p>\r\n",
    "<ul><li>First item<li>Second item</ul>",
    "<table><tr><td>Cell words</td><td>Other words</td></tr></table>",
    "<a href='https://example.com/mature?x=1&y=2'>Link words</a> follow",
    "<p>Broken < markup and 3 < 5 > 2 words</p>",
    "<p>Broken <b unclosed words</p>",
    "<p>Bad &#xZZ; reference &#; words &</p>",
    "<img src=x.png alt='alternative words'>Words after image",
    "<p>Inline <code>mature()</code> code words</p>",
    "<code>never closed <p>Words after code</p>",
    "</p></div>Stray closing tags<br>after<br/>breaks",
    "<textarea>form words</textarea><select><option>choice words</select>",
    "<![CDATA[ some words ]]><p>Words after</p>",
    "<?php echo 'words'; ?><p>Words after</p>",
    "<!DOCTYPE html><p>Words after doctype</p>",
    "<svg><text>drawn words</text></svg><p>Words after</p>",
    "<p>Emoji 😀 and ümlauts with words</p>\n<p>中文 words</p>",
    "<P CLASS=Upper>UPPER case Tags</P><DIV>Words</DIV>",
    "plain words without any tag at all",
    "<p>Words <script>if (a < b && c > d) { x = '</p>'; }</script> after script</p>",
    "<p>Soft&shy;hyphen and zero&#8203;width words</p><p><span>Many</span><span>spans</span></p>",
    "<p>Words <!-- unspin: ignore --> stay</p><noscript>words <b>here</b></noscript>",
    "\ufeff<p>Mark before</p>\0<p>after NUL words",
    "",
)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("seed", range(3))
def test_html_without_its_edits_is_the_page(page: str, seed: int) -> None:
    view = MARKUPS["html"](page)
    edits = view.back(some_edits(view.text, seed, 0.6))
    assert undone(page, edits) == page
    assert tags(apply_edits(page, edits)) == tags(page)
    for e in edits:
        assert not set("<>&") & set(e.before)


def tags(page: str) -> list[str]:
    """Everything in angle brackets and every reference, as a reader other than ours sees it."""
    page = re.sub(r"&(?:amp|lt|gt);", "", page)
    return re.findall(r"<!--.*?-->|<(?:script|style).*?</|<[/!?A-Za-z][^>]*>|&#?\w+;", page, re.S)


def test_html_sentences_run_across_inline_tags_and_end_at_blocks() -> None:
    view = MARKUPS["html"]("<p>One <b>two</b>\nthree.</p><p>Four&nbsp;five</p><script>x</script>")
    assert view.text == "One two three.\n\nFour\xa0five\n\n"


def test_html_edit_across_a_tag_is_split_or_left_out() -> None:
    page = "<p>the <b>least</b> bit &amp; more</p>"
    view = MARKUPS["html"](page)
    start = view.text.index("the")
    split = view.back([edit(view.text, start, start + len("the least bit"), "any small part")])
    assert apply_edits(page, split) == "<p>any <b>small</b> part &amp; more</p>"
    assert view.back([edit(view.text, start, start + len("the least bit"), "at all")]) == ()
    end = view.text.index("more")
    assert view.back([edit(view.text, end - 4, end + 4, "more")]) == ()


def test_html_new_text_is_escaped() -> None:
    view = MARKUPS["html"]("<p>word</p>")
    assert apply_edits(view.raw, view.back([edit(view.text, 0, 4, "a<b & c")])) == (
        "<p>a&lt;b &amp; c</p>"
    )


def test_html_declared_encoding_is_used(tmp_path: Path) -> None:
    page = '<meta charset="iso-8859-1"><p>café words</p>'.encode("latin-1")
    (tmp_path / "a.html").write_bytes(page)
    assert round_trip(tmp_path / "a.html") == page
    record = next(iter(open_source(tmp_path / "a.html", ReadOptions()).records()))
    assert "café" in record.texts[""]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *"<>&/'\"=-! \n",
                "p",
                "b",
                "script",
                "amp;",
                "word ",
                "<p>",
                "</b>",
                "<!--",
                "-->",
                "&#x",
                "]]>",
                "é",
            ]
        ),
        max_size=30,
    )
)
def test_html_of_any_shape_keeps_its_bytes(parts: list[str]) -> None:
    page = "".join(parts)
    view = MARKUPS["html"](page)
    for piece in view.pieces:
        shown = view.text[piece.start : piece.end]
        raw = page[piece.origin : piece.origin + len(shown)]
        assert re.sub(r"[\t\n\r\f]", " ", raw) == shown
    assert undone(page, view.back(some_edits(view.text))) == page


MARKDOWN = """---
title: mature words
---
# Heading with `code words` here #

It is **mature** and *least* in [link words](http://x.org/mature "title words").
> Quoted words
> go on

- item words
    continued words

```python
mature = words
```

    indented code words

[ref]: http://x.org/words "words"
| cell words | other words |
|------------|-------------|
<div class="words">words</div> and <https://words.org/words>
snake_case_words \\* escaped words![alt words](words.png)
$$
math words
$$
Final words"""
CODE = (
    "title: mature words",
    "`code words`",
    "mature = words",
    "indented code words",
    "math words",
    'http://x.org/mature "title words"',
    'http://x.org/words "words"',
    'class="words"',
    "https://words.org/words",
    "words.png",
)
PROSE = (
    "is **X** and",
    "[link X](",
    "Quoted X",
    "item X",
    "continued X",
    "| cell X | other X |",
    ">X</div>",
    "[alt X]",
    "escaped X",
    "Final X",
)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_markdown_changes_prose_only(ends: str) -> None:
    raw = MARKDOWN.replace("\n", ends)
    view = MARKUPS["markdown"](raw)
    edits = view.back([edit(view.text, m.start(), m.end(), "X")
                       for m in re.finditer("words|mature", view.text)])  # fmt: skip
    assert undone(raw, edits) == raw
    changed = apply_edits(raw, edits)
    for code in CODE:
        assert code in changed
    for prose in PROSE:
        assert prose in changed
    assert "It is mature and least in link words." in view.text


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("ab `*_#>-[]()!|\n\t~$<{}\\1. "), max_size=60))
def test_markdown_of_any_shape_keeps_its_bytes(raw: str) -> None:
    view = MARKUPS["markdown"](raw)
    for piece in view.pieces:
        shown = view.text[piece.start : piece.end]
        assert raw[piece.origin : piece.origin + len(shown)] == shown
    ends = [p.origin + p.end - p.start for p in view.pieces]
    assert all(a <= p.origin for a, p in zip(ends, view.pieces[1:], strict=False))


def round_trip(path: Path, change: str | None = None, note: dict[str, Any] | None = None) -> bytes:
    """The file written back, with ``mature`` changed where asked."""
    source = open_source(path, ReadOptions())
    target = io.BytesIO()
    writer = source.writer(target)
    for record in source.records():
        changes = {}
        for name, text in record.texts.items() if change is not None else ():
            edits = tuple(edit(text, m.start(), m.end(), change)
                          for m in re.finditer("mature", text))  # fmt: skip
            if edits:
                changes[name] = Change(apply_edits(text, edits), edits)
        writer.write(record, changes, note)
    writer.close()
    return target.getvalue()


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=80).filter(lambda data: b"\0" not in data),
       st.sampled_from(["a.txt", "a.md", "a.html", "a.jsonl"]))  # fmt: skip
def test_any_bytes_round_trip(tmp_path_factory: Any, data: bytes, name: str) -> None:
    path = tmp_path_factory.mktemp("t") / name
    path.write_bytes(data)
    try:
        assert round_trip(path) == data
    except InputError:
        assert data[:2] in (b"\xff\xfe", b"\xfe\xff")


JSON_LINES = (
    '{"id": 7,  "text": "It is mature.", "n": 1.50, "deep": {"text": "mature"}}\n'
    '\n{ "text" :"caf\\u00e9 mature \\ud83d\\ude00 mature\\n" , "z": null}\r\n'
    'not json\n{"other": 1}\n[1]\n{"text": 5}\n'
    '{"content": "mature é \\" mature", "x": "é"}\n{"text": ""}\n{}'
).encode()


def test_jsonl_changes_only_the_strings_edited(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(JSON_LINES)
    assert round_trip(path) == JSON_LINES
    expected = JSON_LINES.replace(b'"deep": {"text": "mature"}', b"DEEP")
    expected = expected.replace(b"mature", b"used").replace(b"DEEP", b'"deep": {"text": "mature"}')
    assert round_trip(path, "used") == expected


def test_jsonl_new_text_is_json(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(JSON_LINES)
    for new in ('a "b" \\ é', "\n", "😀"):
        lines = round_trip(path, new).split(b"\n")
        assert json.loads(lines[0])["text"] == f"It is {new}."
        assert json.loads(lines[2])["text"] == f"café {new} 😀 {new}\n"
        assert json.loads(lines[7])["content"] == f'{new} é " {new}'


def test_jsonl_records_say_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(JSON_LINES)
    records = list(open_source(path, ReadOptions()).records())
    assert [r.id for r in records if r.broken] == ["4", "6"]
    assert [r.id for r in records if r.skip] == ["5", "7", "9", "10"]
    assert [r.id for r in records if r.silent] == ["2"]
    inner = list(open_source(path, ReadOptions(("deep.text",))).records())
    assert inner[0].texts == {"deep.text": "mature"}


def test_jsonl_notes_go_last(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "x", "a": 1}\n{}\n')
    assert round_trip(path, note={"s": 1}) == (
        b'{"text": "x", "a": 1, "unspin": {"s": 1}}\n{"unspin": {"s": 1}}\n'
    )


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.none(), max_size=4),
       st.booleans())  # fmt: skip
def test_jsonl_any_object_round_trips(
    tmp_path_factory: Any, fields: dict[str, Any], escaped: bool
) -> None:
    path = tmp_path_factory.mktemp("t") / "a.jsonl"
    line = json.dumps({**fields, "text": "mature 😀 mature é"}, ensure_ascii=escaped) + "\n"
    data = line.encode("utf-8", "surrogatepass")
    path.write_bytes(data)
    assert round_trip(path) == data
    changed = json.loads(round_trip(path, "used").decode("utf-8", "surrogatepass"))
    assert changed == {**fields, "text": "used 😀 used é"}


def test_compressed_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(JSON_LINES))
    assert gzip.decompress(round_trip(path)) == JSON_LINES
    assert round_trip(path) == round_trip(path)
    path.write_bytes(gzip.compress(JSON_LINES)[:-12])
    with pytest.raises(InputError, match="cannot be read"):
        round_trip(path)


def test_zstandard_lines(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(zstandard.compress(JSON_LINES))
    written = zstandard.ZstdDecompressor().decompressobj().decompress(round_trip(path))
    assert written == JSON_LINES
    path.write_bytes(b"no zstandard at all")
    with pytest.raises(InputError, match="cannot be read"):
        round_trip(path)


TABLE = (
    b'id,text,"other"\r\n1,It is mature,x\r\n2,"mature, ""quoted""\r\nand more","y"\r\n'
    b'\r\n3,5" mature,z\r\n4\r\n5,"",w'
)


def test_csv_changes_only_the_cells_edited(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" + TABLE)
    assert round_trip(path) == b"\xef\xbb\xbf" + TABLE
    assert round_trip(path, "used") == b"\xef\xbb\xbf" + TABLE.replace(
        b'5" mature', b'"5"" used"'
    ).replace(b"mature", b"used")
    rows = list(csv.reader(io.StringIO(round_trip(path, 'a, "b"').decode("utf-8-sig"))))
    assert rows[2][1] == 'a, "b", "quoted"\r\nand more'


def test_csv_of_other_delimiters_and_encodings(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id;body\n1;is mature, so é\n".encode("utf-16"))
    assert round_trip(path, "used").decode("utf-16") == "id;body\n1;is used, so é\n"
    path.write_bytes(b"id,title\n1,x\n")
    with pytest.raises(InputError, match="choose with --field from: id, title"):
        round_trip(path)


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from('ab",;\r\n\té'), max_size=60))
def test_csv_of_any_shape_keeps_its_bytes(tmp_path_factory: Any, body: str) -> None:
    path = tmp_path_factory.mktemp("t") / "a.csv"
    path.write_bytes(("text,b\n" + body).encode())
    assert round_trip(path) == path.read_bytes()


def test_parquet_keeps_schema_and_row_groups(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = importlib.import_module("pyarrow.parquet")
    rows = [{"id": n, "text": None if n == 3 else f"is mature {n}", "t": [n]} for n in range(10)]
    schema = arrow.schema(
        [arrow.field("id", arrow.int16()), arrow.field("text", arrow.large_string()),
         arrow.field("t", arrow.list_(arrow.int32()))], metadata={"a": "b"})  # fmt: skip
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.Table.from_pylist(rows, schema), path, row_group_size=4,
                        compression="zstd")  # fmt: skip
    written = parquet.ParquetFile(io.BytesIO(round_trip(path, "used")))
    before = parquet.ParquetFile(path)
    assert written.schema.equals(before.schema)
    assert written.schema_arrow.equals(before.schema_arrow, check_metadata=True)
    assert written.metadata.num_row_groups == 3
    assert written.metadata.row_group(0).column(1).compression == "ZSTD"
    expected = [{**r, "text": r["text"] and r["text"].replace("mature", "used")} for r in rows]
    assert written.read().to_pylist() == expected
    path.write_bytes(b"no parquet")
    with pytest.raises(InputError, match="cannot be read"):
        open_source(path, ReadOptions())


def test_parquet_files_of_any_name_are_read(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = importlib.import_module("pyarrow.parquet")
    plain, path = tmp_path / "a.parquet", tmp_path / os.fsdecode(b"\xff.parquet")
    parquet.write_table(arrow.table({"text": ["is mature"]}), plain)
    plain.rename(path)
    written = parquet.ParquetFile(io.BytesIO(round_trip(path, "used")))
    assert written.read().to_pylist() == [{"text": "is used"}]


def test_parquet_with_damaged_column_names_is_an_error_of_the_input(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = importlib.import_module("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"column_name": ["is mature"]}), path)
    # In the schema and in the paths of the columns, one of them or both.
    whole = path.read_bytes()
    places = [match.start() for match in re.finditer(b"column_name", whole)]
    assert len(places) >= 2
    for damaged in (places[:1], places[-1:], places):
        data = bytearray(whole)
        for at in damaged:
            data[at] = 0x80
        path.write_bytes(data)
        with pytest.raises(InputError):
            list(open_source(path, ReadOptions()).records())


def test_missing_extra_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'unspin\[parquet\]'"):
        open_source(tmp_path / "a.parquet", ReadOptions())
    with pytest.raises(MissingExtraError):
        library("no_such_library", "zstd", "reading")


def test_names_say_how_to_read() -> None:
    assert suffix_of(Path("x.tar.gz")) is None
    assert suffix_of(Path("X.HTML")) == ".html"
    with pytest.raises(InputError, match="known ending"):
        open_source(Path("x.pdf"), ReadOptions())


def test_references_show_as_characters() -> None:
    assert MARKUPS["html"]("<p>don&rsquo;t &#x27;x&#39;</p>").text.strip() == html.unescape(
        "don&rsquo;t &#x27;x&#39;"
    )
