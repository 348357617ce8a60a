"""Pages through a whole batch: without its edits, the output is the input byte for byte."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

from test_batch import articles, run
from test_sources import PAGES
from unspin.batch import Action
from unspin.edits import apply_edits
from unspin.records import Edit, EditKind, Evidence

# What the tiny restorer changes, put where pages are strange.
SPUN = "It is mature, started started, not the least bit put up."
WHOLE = (
    # A page of a news site of 2005: upper case, tables, fonts, unclosed cells.
    f"""<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<HTML><HEAD><TITLE>mature</TITLE><META NAME=description CONTENT="mature words">
<SCRIPT LANGUAGE=JavaScript><!--
document.write("<p>mature</p>"); //--></SCRIPT></HEAD>
<BODY BGCOLOR=#ffffff><TABLE WIDTH=100%><TR><TD><FONT SIZE=2>{SPUN}<TD>mature &nbsp;<BR>
<FONT SIZE=1>&copy; 2005 &mdash; the <I>least</I> bit</TABLE>""",
    # One of today: data attributes, JSON-LD, templates, inline SVG, figures.
    f"""<!doctype html><html lang=en><head><meta charset=utf-8><script type="application/ld+json">
{{"articleBody": "is mature <p>", "x": "</scr" }}</script><style>.mature::after{{content:"mature"}}
</style></head><body data-state='{{"text":"is mature"}}'><header><nav><a href="/mature">mature</a>
</nav></header><main><article><h1>{SPUN}</h1><p>{SPUN.replace("mature", "<em>mature</em>")}</p>
<figure><img alt="mature" srcset="mature.png 2x"><figcaption>mature</figcaption></figure>
<svg><title>mature</title><text>mature</text></svg><template><p>mature</p></template>
<details open><summary>mature</summary>{SPUN}</details></article></main></body></html>""",
    # Entities in and around what changes; an edit must not eat them.
    "<p>&ldquo;mature&rdquo; m&#97;ture mature&hellip; &#x6d;ature started&nbsp;started "
    "started started&shy; the&#32;least bit the least bit&amp;c.</p>",
    # Code in all its tags, text on both sides.
    f"<p>mature <code>mature</code> mature <kbd>mature</kbd></p><pre>{SPUN}</pre><p>{SPUN}"
    "<samp>mature</samp><textarea>mature</textarea><noscript>mature</noscript>",
    # A document cut off in the middle of a tag, of a comment and of a script.
    f"<p>{SPUN}</p><p class='mature",
    f"<p>{SPUN}</p><!-- mature",
    f"<p>{SPUN}</p><script>var x = 'mature'",
    # Tags that do not nest; a closing tag with attributes; a tag across lines.
    f"<b><i>mature</b></i><p\n  title='mature'\n>{SPUN}</p title='mature'><br / >mature",
    # Lists, definition lists, ruby, right-to-left text, comments of old browsers.
    "<dl><dt>mature<dd>the least bit</dl><ruby>mature<rt>mature</rt></ruby><bdo dir=rtl>mature"
    "</bdo><!--[if IE]><p>mature</p><![endif]-->",
    # Many line ends.
    f"<p>{SPUN}</p>\r\n<p>the\r\nleast\nbit</p>\r<p>mature</p>\n\r\n",
    # An ignored stretch.
    f"<p>{SPUN}</p><!-- unspin: ignore-start --><p>{SPUN}</p><!-- unspin: ignore-end --><p>mature",
)
BYTES = (
    codecs.BOM_UTF8 + f"<p>{SPUN} é</p>".encode(),
    codecs.BOM_UTF16_LE + f"<p>{SPUN} é</p>\r\n".encode("utf-16-le"),
    f"<meta charset=windows-1252><p>caf\xe9 {SPUN} \x93put up\x94</p>".encode("latin-1"),
    f"<meta charset=utf-8><p>{SPUN} broken ".encode() + b"\xff\xfe\xc3( mature</p>",
    "<meta charset=shift_jis><p>is mature, started started \u65e5\u672c</p>".encode("shift_jis"),
)


def all_pages() -> list[bytes]:
    """Over thirty pages of every kind."""
    short = [page.encode() for page in PAGES if page.strip() and "\0" not in page]
    return [*short, *(page.encode() for page in WHOLE), *BYTES]


def test_pages_without_their_edits_are_the_input(tmp_path: Path) -> None:
    pages = all_pages()
    assert len(pages) >= 45
    (tmp_path / "in").mkdir()
    for number, page in enumerate(pages):
        (tmp_path / "in" / f"{number}.html").write_bytes(page)
    run(tmp_path / "in", tmp_path / "fixed", manifest=tmp_path / "fixed.jsonl")
    run(
        tmp_path / "in",
        tmp_path / "noted",
        action=Action.ANNOTATE,
        manifest=tmp_path / "noted.jsonl",
    )
    found = articles(tmp_path / "fixed.jsonl")
    edited = 0
    for number, page in enumerate(pages):
        name = f"{number}.html"
        assert (tmp_path / "noted" / name).read_bytes() == page
        if found[name]["status"] == "skipped":
            assert (tmp_path / "fixed" / name).read_bytes() == page
            continue
        assert found[name]["status"] in ("edited", "unchanged"), found[name]
        note = json.loads((tmp_path / "noted" / f"{name}.unspin.json").read_text())
        written = (tmp_path / "fixed" / name).read_bytes()
        assert taken_back(written, note["edits"], encoding_of(page)) == page
        assert (written != page) == bool(note["edits"])
        edited += bool(note["edits"])
    assert edited >= 18


def encoding_of(page: bytes) -> str:
    """The encoding that a page's edits count characters in."""
    if page.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    for name in ("windows-1252", "shift_jis"):
        if f"charset={name}".encode() in page:
            return name
    return "utf-8"


def taken_back(written: bytes, edits: list[dict[str, object]], encoding: str) -> bytes:
    """The bytes with each edit's new text replaced by the old, found by its place alone."""
    mark = next((m for m in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE) if written.startswith(m)), b"")
    text = written[len(mark) :].decode(encoding, "surrogateescape")
    back = []
    moved = 0
    for e in sorted(edits, key=lambda e: int(str(e["start"]))):
        before, after, start = str(e["before"]), str(e["after"]), int(str(e["start"])) + moved
        back.append(
            Edit(start, start + len(after), after, before, 1.0, EditKind.SYNONYM, Evidence("test"))
        )
        moved += len(after) - len(before)
    return mark + apply_edits(text, back).encode(encoding, "surrogateescape")


def test_markup_keeps_its_words(tmp_path: Path) -> None:
    """Attributes, scripts, styles and code say what they said."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.html").write_text(WHOLE[1], encoding="utf-8")
    run(tmp_path / "in", tmp_path / "out")
    written = (tmp_path / "out" / "a.html").read_text(encoding="utf-8")
    for kept in ('"articleBody": "is mature <p>"', ".mature::after", 'href="/mature"',
                 '{"text":"is mature"}', 'alt="mature"', "mature.png", "<text>mature</text>",
                 "<template><p>mature</p></template>"):  # fmt: skip
        assert kept in written
    assert ">used</a>" in written
    assert "<em>used</em>" in written
    assert "<figcaption>used</figcaption>" in written
    assert written.count("started started") == 0
