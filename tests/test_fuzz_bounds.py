"""Cost is linear in the length of the text, whatever it holds.

The bound: four times the text takes less than eight times the processor time (four,
and room for noise), and no stage takes more than 30 microseconds a character.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from test_fuzz import FRAGMENTS, SPUN
from unspin.garble import garble_edits
from unspin.protect import protected_spans
from unspin.records import EditKind
from unspin.restorer import Restorer
from unspin.settings import Settings
from unspin.sources import MARKUPS
from unspin.tokens import paragraph_norms, sentences

SPELLING = frozenset({EditKind.GLUED, EditKind.SPLIT, EditKind.TYPO})
EVERYTHING_ELSE = Settings(kinds=frozenset(EditKind) - SPELLING)
SMALL, LARGE = 8_000, 32_000
# Too short to be measured, and a garbage collection more or less.
SLACK = 0.25
MICROSECONDS = 30e-6

# Each of these once took quadratic or exponential time, or thousands of steps a character.
ONCE_SLOW = (
    *("<a ", "<a", "word <", "<a href='", '<a b="', "<div", "<?", "<![CDATA[>", "<pre>", "</b>"),
    *("> ", "|", "|x", "- 1. > ", "<!--", "<!-- a", "short line\n", "a\r", "\n\n", "&#", "&a"),
)


def protect(text: str) -> None:
    protected_spans(text, sentences(text), EVERYTHING_ELSE)


def garble(text: str) -> None:
    garble_edits(text, sentences(text), (), EVERYTHING_ELSE)


STAGES: dict[str, Callable[[str], object]] = {
    "norms": paragraph_norms,
    "protect": protect,
    "garble": garble,
    "html": MARKUPS["html"],
    "markdown": MARKUPS["markdown"],
}


def seconds(work: Callable[[str], object], text: str) -> float:
    """Processor time, which other work on the machine does not change."""
    began = time.process_time()
    work(text)
    return time.process_time() - began


def check_bound(stage: str, unit: str, small_size: int = SMALL, large_size: int = LARGE) -> None:
    work = STAGES[stage]
    small = (unit * small_size)[:small_size]
    large = (unit * large_size)[:large_size]
    short, long = seconds(work, small), seconds(work, large)
    if long >= 8 * short + SLACK:
        long = seconds(work, large)  # the first time may have loaded a table
    assert long < 8 * short + SLACK, f"{unit!r}: {short:.2f} s, {long:.2f} s"
    assert long < large_size * MICROSECONDS + SLACK, f"{unit!r}: {long:.2f} s"


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("unit", ONCE_SLOW)
def test_what_was_slow_once_is_linear(stage: str, unit: str) -> None:
    check_bound(stage, unit)


@pytest.mark.parametrize("stage", STAGES)
def test_every_piece_repeated_is_linear(stage: str) -> None:
    for unit in FRAGMENTS:
        check_bound(stage, unit, SMALL // 4, LARGE // 4)


def test_nested_pages_need_no_stack() -> None:
    page = "<div><b>" * 50_000 + "mature" + "</b></div>" * 50_000
    assert MARKUPS["html"](page).text.strip() == "mature"
    page = "<pre>" * 20_000 + "</i>" * 20_000 + "</pre>" * 20_000 + "mature"
    assert MARKUPS["html"](page).text.strip() == "mature"


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000_000,
        " " * 10_000_000,
        "it is fine and " * 30_000,
        "word\n\n" * 100_000,
        "\ud800" * 200_000,
    ],
    ids=["10 MB word", "10 MB of spaces", "long line", "100,000 paragraphs", "surrogates"],
)
def test_long_clean_texts_pass(text: str) -> None:
    restorer = Restorer(Settings(ranker="features"))
    began = time.process_time()
    found = restorer.restore(text)
    assert time.process_time() - began < 30
    # Compared outside the assertion: a diff of such texts would take hours.
    same = found.text == text
    assert same


def test_spun_text_is_linear() -> None:
    restorer = Restorer(Settings(ranker="features", spinner="A"))
    restorer.restore(SPUN)
    short = seconds(restorer.restore, SPUN * 20)
    long = seconds(restorer.restore, SPUN * 80)
    assert long < 8 * short + 2 * SLACK
