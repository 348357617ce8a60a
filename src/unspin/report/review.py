"""What the review page shows of articles and their restorations, as one JSON payload.

An article's text is sent cut at the items that can be decided: ``gaps[0]``, the first
item's ``before``, ``gaps[1]`` and so on, which are all of it. Where the text is
a view of marked-up text, ``raw`` is the markup cut the same way, and each item
has the raw words that it stands for; the page puts the decided text together
from these without knowing the markup.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

from unspin.records import Edit, EditKind, Evidence, Finding, Restoration
from unspin.report.plain import reported, verdict
from unspin.sources import View
from unspin.version import __version__

EDIT, SUGGESTION, FINDING = "edit", "suggestion", "finding"
_STRENGTH = (FINDING, SUGGESTION, EDIT)


@dataclass(frozen=True, slots=True)
class ReviewFile:
    """A reviewed file: its path below the root, its hash, and how it is written.

    ``asked`` is the encoding that the reader was told; ``codec`` and ``bom`` are
    the file's own, empty where its articles are records of a dataset.
    """

    path: str
    sha256: str
    asked: str | None = None
    codec: str = ""
    bom: bool = False
    markup: str = "text"


@dataclass(frozen=True, slots=True)
class ReviewArticle:
    """One text of a file and what unspin makes of it; ``restoration`` is of the view."""

    file: ReviewFile
    id: str
    field: str
    view: View
    restoration: Restoration


def review_payload(articles: Sequence[ReviewArticle]) -> dict[str, Any]:
    """All that the page shows: files, substitutions, articles.

    An article's text and items are its ``body``, which the page reads only when
    the article is looked at.
    """
    files = list(dict.fromkeys(article.file for article in articles))
    numbers = {file: number for number, file in enumerate(files)}
    digest = hashlib.sha256()
    for article in articles:
        digest.update(f"{article.file.path}\0{article.file.sha256}\0".encode("utf-8", "replace"))
        made_with = astuple(article.restoration.provenance)
        digest.update("\0".join(made_with).encode())
    plain = [_article(article, numbers[article.file]) for article in articles]
    kinds = {item["kind"] for article in plain for item in article["body"]["items"]}
    return {
        "version": __version__,
        "key": digest.hexdigest()[:16],
        "files": [asdict(file) for file in files],
        "kinds": sorted(kinds),
        "pairs": _pairs(plain),
        "articles": plain,
    }


def _pairs(articles: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The substitutions that stand in several places, most edits first.

    Each item gets the number of its pair, or ``None`` where it is the only one.
    """
    places: dict[tuple[str, str], list[tuple[int, dict[str, Any]]]] = {}
    for number, article in enumerate(articles):
        for item in article["body"]["items"]:
            item["pair"] = None
            words = (item["before"].lower(), (item["after"] or "").lower())
            places.setdefault(words, []).append((number, item))
    pairs = []
    for found in places.values():
        if len(found) > 1:
            first = found[0][1]
            pair = {"before": first["before"], "after": first["after"], "places": len(found)}
            pair["articles"] = len({number for number, _ in found})
            pair["edits"] = sum(item["level"] == EDIT for _, item in found)
            pairs.append((pair, found))
    pairs.sort(key=lambda entry: (-entry[0]["edits"], -entry[0]["places"]))
    for number, (_, found) in enumerate(pairs):
        for _, item in found:
            item["pair"] = number
    return [pair for pair, _ in pairs]


def _article(article: ReviewArticle, file: int) -> dict[str, Any]:
    found, text = article.restoration, article.view.text
    items = _items(found)
    gaps, position = [], 0
    for item in items:
        gaps.append(text[position : item["start"]])
        position = item["end"]
    body: dict[str, Any] = {"gaps": [*gaps, text[position:]], "items": items}
    if article.view.raw != text:
        body["raw"] = _add_raw(article.view, items)
    return {
        "file": file,
        "id": article.id,
        "field": article.field,
        "words": len(text.split()),
        "verdict": verdict(found),
        "score": found.spin_score,
        "rate": found.spin_rate,
        "spun": found.is_spun,
        "family": found.spinner if found.is_spun else None,
        "edits": len(found.edits),
        "body": body,
    }


def _items(found: Restoration) -> list[dict[str, Any]]:
    """Edits, suggestions and findings, none overlapping another.

    Where they do, the edit stands before the suggestion and that before the
    finding; the item that stands carries a note of the other.
    """
    chosen: list[dict[str, Any]] = []
    for record, applied in reported(found):
        level = FINDING if isinstance(record, Finding) else EDIT if applied else SUGGESTION
        item = _item(record, level)
        while chosen and chosen[-1]["end"] > item["start"]:
            if _STRENGTH.index(chosen[-1]["level"]) >= _STRENGTH.index(level):
                chosen[-1]["notes"].append(_note(item))
                break
            item["notes"].append(_note(chosen.pop()))
        else:
            chosen.append(item)
    return chosen


def _item(item: Edit | Finding, level: str) -> dict[str, Any]:
    plain: dict[str, Any] = {"start": item.start, "end": item.end, "level": level, "notes": []}
    plain |= {"kind": item.kind, "options": [[a.text, a.confidence] for a in item.alternatives]}
    if isinstance(item, Edit):
        evidence = item.evidence
        weights = (
            ("channel", evidence.log_channel),
            ("ranker", evidence.ranker),
            ("language model", evidence.language_model),
            ("document", evidence.document),
        )
        plain |= {"before": item.before, "after": item.after, "confidence": item.confidence}
        plain |= {"source": evidence.source}
        plain["evidence"] = [[name, value] for name, value in weights if value is not None]
    else:
        plain |= {"before": item.text, "after": None, "confidence": item.probability}
        plain |= {"source": "", "evidence": []}
    return plain


def _note(item: dict[str, Any]) -> str:
    change = f" -> {item['after']!r}" if item["after"] is not None else ""
    return f"{item['level']}, {item['kind']}: {item['before']!r}{change} ({item['confidence']:.2f})"


def _add_raw(view: View, items: Iterable[dict[str, Any]]) -> list[str]:
    """The raw text between the items' raw words, which are added to the items.

    An item that cannot be changed in the markup gets none.
    """
    gaps, position = [], 0
    for item in items:
        words = _carried(view, item)
        item["raw"] = []
        for start, end in words:
            gaps.append(view.raw[position:start])
            item["raw"].append(view.raw[start:end])
            position = end
    return [*gaps, view.raw[position:]]


def _carried(view: View, item: dict[str, Any]) -> list[tuple[int, int]]:
    """Where an item stands in the raw text: one stretch, or one for each word."""
    text = view.text
    whole = _span(view, item["start"], item["end"])
    if whole is not None:
        return [whole]
    spans, position = [], item["start"]
    for word in text[item["start"] : item["end"]].split(" "):
        span = _span(view, position, position + len(word))
        if span is None:
            return []
        spans.append(span)
        position += len(word) + 1
    return spans


def _span(view: View, start: int, end: int) -> tuple[int, int] | None:
    """Where a stretch of the view stands in the raw text, if in one piece."""
    probe = Edit(start, end, view.text[start:end], "", 1.0, EditKind.SYNONYM, Evidence(""))
    found = view.back([probe])
    return (found[0].start, found[0].end) if found else None
