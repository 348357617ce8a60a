"""A batch as a page of charts and as a table."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from unspin.report.charts import bars, histogram, stacked
from unspin.report.page import static_page
from unspin.report.positions import visible

SPUN = 0.5
_MOST_SITES = 25
_MOST_PAIRS = 40
_MOST_MONTHS = 36
_UNKNOWN = "unknown"
_COLUMNS = (
    *("id", "site", "month", "status", "reason"),
    *("spin_score", "spin_rate", "family", "edits", "suggestions", "findings"),
)


@dataclass(frozen=True, slots=True)
class CorpusArticle:
    """What a batch made of one article.

    ``score`` and ``rate`` are ``None`` where it was not restored, for the
    ``reason``. ``site`` is a host or a folder, ``month`` as in 2018-06, both
    empty where nothing tells.
    """

    id: str
    status: str
    reason: str = ""
    score: float | None = None
    rate: float | None = None
    family: str | None = None
    edits: int = 0
    suggestions: int = 0
    findings: int = 0
    site: str = ""
    month: str = ""

    @property
    def is_spun(self) -> bool:
        """Whether its score says so."""
        return self.score is not None and self.score >= SPUN


@dataclass(frozen=True, slots=True)
class Corpus:
    """The articles of a batch and the (spun, original) pairs that it put right.

    ``compared`` is how many edited articles the pairs come from: those whose
    text before and after could be read.
    """

    name: str
    articles: tuple[CorpusArticle, ...]
    pairs: Mapping[tuple[str, str], int] = field(default_factory=dict)
    compared: int = 0


def corpus_table(corpus: Corpus) -> bytes:
    """The articles as CSV with a header, UTF-8."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for a in corpus.articles:
        row = (a.id, a.site, a.month, a.status, a.reason)
        writer.writerow((*row, a.score, a.rate, a.family, a.edits, a.suggestions, a.findings))
    return stream.getvalue().encode("utf-8", "backslashreplace")


def corpus_page(corpus: Corpus) -> bytes:
    """The page: scores, sites, substitutions and families over time."""
    restored = [article for article in corpus.articles if article.score is not None]
    spun = [article for article in restored if article.is_spun]
    states = Counter(article.status for article in corpus.articles)
    told = ", ".join(f"{count:,} {status}" for status, count in sorted(states.items()))
    share = f"; {len(spun):,} spun ({_percent(len(spun) / len(restored))})" if restored else ""
    body = [
        '<main class="page">',
        f"<h1>{escape(visible(corpus.name))}</h1>",
        f"<p>{len(corpus.articles):,} articles: {told}{share}</p>",
        '<div class="overview">',
        _card(
            "Spin scores",
            histogram([a.score for a in restored if a.score is not None]),
            "Articles by spin score; from 0.5 on an article counts as spun.",
        ),
        _card("Most frequent substitutions", _pairs(corpus), _compared(corpus)),
        "</div>",
        _card(
            "Spin by site or folder",
            _sites(restored),
            "Share of articles that are spun, and of the words in those that were changed.",
        ),
        _card("Families over time", _families(spun, restored), _dated(restored)),
        "</main>",
    ]
    return static_page("\n".join(body), f"{corpus.name} – unspin")


def _card(title: str, content: str, note: str) -> str:
    return (
        f'<section class="card"><h2>{escape(title)}</h2>\n{content}\n'
        f'<p class="small">{escape(note)}</p></section>'
    )


def _pairs(corpus: Corpus) -> str:
    ranked = sorted(corpus.pairs.items(), key=lambda item: (-item[1], item[0]))
    rows = [
        f'<tr><td class="number">{count:,} ×</td><td><del>{escape(visible(spun))}</del> → '
        f"<ins>{escape(visible(original)) or '(nothing)'}</ins></td></tr>"
        for (spun, original), count in ranked[:_MOST_PAIRS]
    ]
    box = '<div class="scroll" tabindex="0" role="region" aria-label="Substitutions">'
    return f'{box}<table class="pairs">{"".join(rows)}</table></div>'


def _compared(corpus: Corpus) -> str:
    edited = sum(article.edits > 0 for article in corpus.articles)
    if not edited:
        return "Nothing was edited."
    return (
        f"From {corpus.compared:,} of {edited:,} edited articles, those whose text before and "
        "after is still there."
    )


def _sites(articles: Iterable[CorpusArticle]) -> str:
    groups: dict[str, list[CorpusArticle]] = defaultdict(list)
    for article in articles:
        groups[article.site or _UNKNOWN].append(article)
    ranked = sorted(groups.items(), key=lambda item: (-_spun_share(item[1]), -len(item[1]), item))
    rows = [
        (
            visible(site),
            _spun_share(found),
            f"{_percent(_spun_share(found))} of {len(found):,}; "
            f"{_percent(_mean_rate(found))} of words",
        )
        for site, found in ranked[:_MOST_SITES]
    ]
    left = len(ranked) - len(rows)
    more = f'<p class="small">and {left:,} more</p>' if left > 0 else ""
    return bars(rows) + more


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _spun_share(articles: Sequence[CorpusArticle]) -> float:
    return sum(article.is_spun for article in articles) / len(articles)


def _mean_rate(articles: Sequence[CorpusArticle]) -> float:
    rates = [article.rate or 0.0 for article in articles if article.is_spun]
    return sum(rates) / len(rates) if rates else 0.0


def _families(spun: Sequence[CorpusArticle], restored: Sequence[CorpusArticle]) -> str:
    dated = [article for article in restored if article.month]
    months = sorted({article.month for article in dated})
    years = len(months) > _MOST_MONTHS
    periods = sorted({_period(month, years) for month in months}) if dated else ["all"]
    families = sorted({article.family or _UNKNOWN for article in spun})
    counts: Counter[tuple[str, str]] = Counter()
    totals: Counter[str] = Counter()
    for article in dated or restored:
        period = _period(article.month, years) if dated else "all"
        totals[period] += 1
        if article.is_spun:
            counts[period, article.family or _UNKNOWN] += 1
    columns = [
        (period, [counts[period, family] / totals[period] for family in families], totals[period])
        for period in periods
        if totals[period]
    ]
    return stacked(columns, families)


def _period(month: str, years: bool) -> str:
    return month[:4] if years else month


def _dated(articles: Sequence[CorpusArticle]) -> str:
    dated = sum(bool(article.month) for article in articles)
    return (
        f"Share of articles by family of spinner; the rest is clean. {dated:,} of "
        f"{len(articles):,} articles have a date."
    )
