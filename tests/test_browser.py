"""The review page in a real browser: keys, decisions, files, hostile text, speed, contrast."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

import unspin
import unspin.report
from components import need, need_program
from tiny_restorer import TinyRestorer
from unspin.cli import main
from unspin.commands import options
from unspin.decisions import read_decisions
from unspin.edits import apply_edits
from unspin.records import Edit

SEED = Path(__file__).parents[1] / "seeds" / "000_a26bbb09311a0bb2.txt"
SCHEMA = json.loads(
    (Path(unspin.report.__file__).parent / "decisions.schema.json").read_text(encoding="utf-8")
)
FEATURES = unspin.Settings(ranker="features")
MATURE = "It is mature, the least bit of it.\n\nStill mature, in interrogate; put up.\n"
# What the browser computes for every text on the page: its contrast with what is behind it.
CONTRASTS = """
() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = (top, below) => top.slice(0, 3).map((c, n) => c * top[3] + below[n] * (1 - top[3]));
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    if (element.closest("[disabled], script, style, .skip")) continue;
    const back = behind(element);
    const front = over(parse(getComputedStyle(element).color), back);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), element.tagName + "." + element.className, walker.currentNode.textContent.slice(0, 30)]);
  }
  return found;
}
"""  # noqa: E501
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = need("playwright.sync_api")
    program = need_program("chromium", "chromium")
    # Chromium refuses its sandbox to root, which containers run as.
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=arguments)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Open]:
    """Opens a file in a new profile; at the end nothing may have gone wrong or out."""
    contexts, troubles, requests, opened = [], [], [], set()

    def call(path: Path, **context: Any) -> Any:
        made = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | context))
        contexts.append(made)
        page = made.new_page()
        page.on("console", lambda message: troubles.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: troubles.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: requests.append(request.url))
        opened.add(path.as_uri())
        page.goto(path.as_uri())
        return page

    yield call
    for context in contexts:
        context.close()
    assert troubles == []
    outside = [url for url in requests if not url.startswith(("file:", "blob:"))]
    assert outside == []
    assert {url for url in requests if url.startswith("file:")} <= opened


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tiny(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which commands use the tiny restorer."""
    monkeypatch.setattr(options, "build_restorer", TinyRestorer)
    return folder


def run(*args: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, args, prog_name="unspin")
    assert result.exit_code == status, result.output
    return result.stderr


def saved(page: Any, action: Callable[[], None], target: Path) -> Path:
    with page.expect_download() as download:
        action()
    download.value.save_as(target)
    return target


def press(page: Any, keys: str) -> None:
    for key in keys.split():
        page.keyboard.press(key)


def counts(page: Any) -> str:
    return str(page.text_content("#counts"))


def test_the_seed_by_keyboard_then_apply(folder: Path, open_page: Open) -> None:
    text = SEED.read_bytes().decode("utf-8")
    (folder / "seed.txt").write_bytes(SEED.read_bytes())
    found = unspin.Restorer(FEATURES).restore(text)
    run("report", "--ranker", "features", "seed.txt", "-o", "r.html")
    page = open_page(folder / "r.html")
    assert counts(page) == (
        f"{len(found.edits)} edits: 0 accepted, 0 rejected, {len(found.edits)} open"
    )
    # Only edits, so that the steps are the restoration's edits in order.
    press(page, "f")
    for level in ("suggestions", "findings"):
        if page.locator("#level-choice").get_by_label(level).count():
            page.locator("#level-choice").get_by_label(level).uncheck()
    press(page, "f")
    page.locator("#main").focus()
    edits = found.edits
    press(page, "j")
    assert page.text_content("[aria-current] del") == edits[0].before
    press(page, "j k a r")  # accept the first, leave the second
    assert page.text_content("[aria-current] del") == edits[2].before
    other = next(n for n, e in enumerate(edits) if n > 2 and e.alternatives)
    press(page, " ".join("j" * (other - 2)))
    assert page.text_content("[aria-current] del") == edits[other].before
    press(page, "2 a u")  # the second reading; accept the next and take that back
    assert counts(page).startswith(f"{len(edits)} edits: 2 accepted, 1 rejected")
    press(page, "e")
    page.keyboard.type("my own words")
    press(page, "Enter")
    chosen = [
        edits[0],
        replace(edits[other], after=edits[other].alternatives[0].text),
        replace(edits[other + 1], after="my own words"),
    ]
    target = saved(page, lambda: press(page, "s"), folder / "decisions.json")
    jsonschema.validate(json.loads(target.read_text(encoding="utf-8")), SCHEMA)
    decisions = read_decisions(target)[0].articles[0].decisions
    assert [d.after for d in decisions if d.accepted] == [e.after for e in chosen]
    decided = saved(page, lambda: page.click("#save-text"), folder / "decided.txt")
    run("apply", "decisions.json")
    expected = apply_edits(text, chosen).encode()
    assert (folder / "seed.txt").read_bytes() == expected
    assert decided.read_bytes() == expected
    assert run("apply", "decisions.json", status=3).startswith("Error: seed.txt has changed")


def test_reject_everywhere_learn_and_the_next_run_leaves_it_alone(
    folder: Path, open_page: Open
) -> None:
    (folder / "seed.txt").write_bytes(SEED.read_bytes())
    run("report", "--ranker", "features", "seed.txt", "-o", "r.html")
    page = open_page(folder / "r.html")
    text = SEED.read_text(encoding="utf-8")
    before = places(unspin.Restorer(FEATURES), text, "put up")
    page.locator(".item", has_text="put up").first.click()
    assert page.get_by_role("button", name=f"Reject all {len(before)} places").is_visible()
    press(page, "R")
    saved(page, lambda: page.click("#save-decisions"), folder / "decisions.json")
    run("learn", "--decisions", "decisions.json", "-o", "user.tsv")
    again = unspin.Restorer(replace(FEATURES, lexicons=(folder / "user.tsv",)))
    assert len(before) > 1
    assert places(again, text, "put up") == []
    assert [e for e in again.restore(text).edits if e.before in ("put", "up")] == []


def places(restorer: unspin.Restorer, text: str, before: str) -> list[Edit]:
    return [edit for edit in restorer.restore(text).edits if edit.before == before]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.html", b"<p>It is <b>mature</b> &amp; the <i>least</i> bit of\r\nit mature</p>"),
        ("a.md", b"# mature\n\n**put up** `mature` and mature [mature](http://x.org/mature)\n"),
        ("a.txt", b"\xef\xbb\xbfmature \xff caf\xc3\xa9 \xf0\x9f\x98\x80 mature\r\n"),
        ("b.txt", "\ufeffmature “put up” 😀\r\n".encode("utf-16-be")),
        ("c", b"mature\rmature"),
    ],
)
def test_the_decided_text_is_what_apply_writes(
    tiny: Path, open_page: Open, name: str, data: bytes
) -> None:
    (tiny / name).write_bytes(data)
    run("report", name, "-o", "r.html")
    page = open_page(tiny / "r.html")
    press(page, "j e")
    page.keyboard.type("a < b & c")
    press(page, "Enter A")
    saved(page, lambda: press(page, "s"), tiny / "decisions.json")
    decided = saved(page, lambda: page.click("#save-text"), tiny / "decided")
    run("apply", "decisions.json")
    assert (tiny / name).read_bytes() != data
    assert decided.read_bytes() == (tiny / name).read_bytes()


def test_filters_bulk_decisions_views_and_undo(tiny: Path, open_page: Open) -> None:
    (tiny / "a.txt").write_text(MATURE, encoding="utf-8")
    run("report", "a.txt", "-o", "r.html")
    page = open_page(tiny / "r.html")
    page.click("#filter-button")
    page.fill("#floor", "95")
    assert page.locator(".item:not(.out)").count() == 1
    page.click("#accept-shown")
    assert counts(page).startswith("4 edits: 1 accepted, 0 rejected, 3 open; ")
    page.fill("#floor", "0")
    page.select_option("#state-choice", "decided")
    assert page.locator(".item:not(.out)").count() == 1
    page.select_option("#state-choice", "all")
    page.click("#reject-shown")
    assert counts(page) == "5 edits: 1 accepted, 4 rejected, 0 open"
    page.click("#view-sides")
    assert page.text_content(".restored") == "It is mature, at all of it."
    page.locator("#main").focus()
    press(page, "u")
    assert counts(page) == "4 edits: 1 accepted, 0 rejected, 3 open"
    assert page.text_content(".restored") == "It is used, at all of it."
    assert page.text_content(".spun") == "It is mature, the least bit of it."


def test_everywhere_over_articles_keeps_capitals_and_survives_a_reload(
    tiny: Path, open_page: Open
) -> None:
    (tiny / "a.txt").write_text("It is mature.", encoding="utf-8")
    (tiny / "b.txt").write_text("That mature thing.", encoding="utf-8")
    run("report", "a.txt", "b.txt", "-o", "r.html")
    page = open_page(tiny / "r.html")
    page.click("text=a.txt")
    page.wait_for_selector(".item")
    press(page, "j e")
    page.keyboard.type("ripe")
    press(page, "Enter A ]")
    assert page.text_content(".accepted ins") == "ripe"
    page.wait_for_timeout(300)
    again = page.context.new_page()
    again.goto(page.url)
    assert again.text_content(".accepted ins") == "ripe"
    again.close()


def test_help_and_panel_open_and_close_by_key(tiny: Path, open_page: Open) -> None:
    (tiny / "a.txt").write_text(MATURE, encoding="utf-8")
    run("report", "a.txt", "-o", "r.html")
    page = open_page(tiny / "r.html", viewport={"width": 390, "height": 800})
    press(page, "?")
    assert page.locator("#help").is_visible()
    press(page, "Escape")
    assert not page.locator("#help").is_visible()
    press(page, "j Enter")
    assert page.locator("#panel").is_visible()
    assert page.evaluate("document.activeElement.closest('#panel') !== null")
    assert "channel" in str(page.text_content("#panel"))
    press(page, "Escape")
    assert page.evaluate("document.activeElement.matches('.item.current')")
    press(page, "Escape")
    assert not page.locator("#panel").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_contrast_is_enough(tiny: Path, open_page: Open, scheme: str, width: int) -> None:
    (tiny / "a.txt").write_text(MATURE, encoding="utf-8")
    (tiny / "b.txt").write_text("clean", encoding="utf-8")
    run("report", "a.txt", "b.txt", "-o", "r.html")
    page = open_page(tiny / "r.html", color_scheme=scheme, viewport={"width": width, "height": 900})
    for keys in ("", "]", "j a r j", "v", "f"):
        press(page, keys)
        found = page.evaluate(CONTRASTS)
        assert len(found) > 5
        assert [entry for entry in found if entry[0] < 4.5] == []


HOSTILE = (
    "</script><script>window.hit = 1</script><img src=http://x.example/y onerror='hit = 1'> "
    '" onmouseover="hit=1" \u202emature\u202c {{data}} <!-- mature <style>*{display:none}</style> '
    "]]> &lt; \u0627\u0644\u0639\u0631\u0628\u064a\u0629 mature"
)


def test_hostile_text_and_names_are_inert(tiny: Path, open_page: Open) -> None:
    name = "<img src=x onerror=hit=1> {{script}} \u202eevil.txt"
    (tiny / name).write_text(HOSTILE, encoding="utf-8")
    (tiny / "b.txt").write_text("the least bit", encoding="utf-8")
    run("report", name, "b.txt", "-o", "r.html")
    page = open_page(tiny / "r.html")
    assert name in str(page.text_content("table.articles"))
    page.get_by_role("link", name="onerror").click()
    press(page, "j a")
    assert page.evaluate("typeof hit") == "undefined"
    assert page.locator("#main img, #main script, #main style").count() == 0
    assert str(page.text_content(".prose")).startswith("</script><script>window.hit = 1")
    saved(page, lambda: press(page, "s"), tiny / "decisions.json")
    run("apply", "decisions.json")
    text = HOSTILE.replace("mature", "used", 1)
    assert (tiny / name).read_text(encoding="utf-8") == text


def opened_in_time(open_page: Open, path: Path, waits_for: str) -> tuple[Any, float]:
    """The page and the seconds until it showed what is waited for.

    On a machine that other programs keep busy, the processor time of the page's
    thread is what opening took.
    """
    page = open_page(path)
    metrics = page.context.new_cdp_session(page)
    metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
    start = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_selector(waits_for)
    elapsed = time.perf_counter() - start
    values = {m["name"]: m["value"] for m in metrics.send("Performance.getMetrics")["metrics"]}
    assert values["TaskDuration"] > 0
    return page, min(elapsed, values["TaskDuration"])


def test_a_line_of_5_mb_opens_and_can_be_decided(tiny: Path, open_page: Open) -> None:
    line = "mature " + "x" * 2_500_000 + " word" * 500_000 + " mature"
    (tiny / "a.txt").write_text(line, encoding="utf-8")
    run("report", "a.txt", "-o", "r.html")
    page, elapsed = opened_in_time(open_page, tiny / "r.html", ".item")
    assert elapsed < 5
    press(page, "j a")  # goes on to the other end
    assert page.locator(".item.current").is_visible()
    press(page, "a")
    assert counts(page) == "2 edits: 2 accepted, 0 rejected, 0 open"
    decided = saved(page, lambda: page.click("#save-text"), tiny / "decided.txt")
    assert decided.read_text(encoding="utf-8") == line.replace("mature", "used")


def test_an_index_of_300_articles_opens_in_2_seconds(tiny: Path, open_page: Open) -> None:
    paragraph = MATURE * 25 + "Nothing spun stands in this paragraph of some words.\n\n" * 40
    for number in range(300):
        text = paragraph if number % 3 else "A clean text."
        (tiny / f"{number:03}.txt").write_text(text, encoding="utf-8")
    run("report", ".", "-o", "r.html")
    page, elapsed = opened_in_time(open_page, tiny / "r.html", "tbody tr:nth-child(300)")
    assert elapsed < 2
    assert page.text_content("#verdict") == "200 spun, 100 clean"
    assert "10,000 ×mature → used" in str(page.text_content("table.pairs"))
    page.click("text=001.txt")
    page.wait_for_selector(".item")
    press(page, "j A")
    assert page.locator("#said").text_content() == "10000 places accepted"


def test_substitutions_are_decided_on_the_index(tiny: Path, open_page: Open) -> None:
    for name in ("a.txt", "b.txt"):
        (tiny / name).write_text(MATURE, encoding="utf-8")
    run("report", "a.txt", "b.txt", "-o", "r.html")
    page = open_page(tiny / "r.html")
    page.get_by_role("button", name="Reject mature to used everywhere").click()
    assert counts(page) == "8 edits: 0 accepted, 4 rejected, 4 open"
    saved(page, lambda: press(page, "s"), tiny / "decisions.json")
    decided = [d for f in read_decisions(tiny / "decisions.json") for d in f.articles[0].decisions]
    assert [(d.before, d.accepted, d.everywhere) for d in decided] == [("mature", False, True)] * 4


def test_the_corpus_page_shows_charts(folder: Path, open_page: Open) -> None:
    for name in ("2018-05/a.txt", "2018-06/b.txt"):
        (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "in" / name).write_bytes(SEED.read_bytes())
    run("batch", "in", "out", "--workers", "0", "--ranker", "features")
    run("report", "--corpus", "out/unspin-manifest.jsonl", "-o", "c.html")
    page = open_page(folder / "c.html")
    assert page.locator("svg[role=img]").count() == 3
    assert "put up → post" in str(page.text_content("table.pairs"))
    assert page.evaluate("document.scripts.length") == 0
    assert [entry for entry in page.evaluate(CONTRASTS) if entry[0] < 4.5] == []
