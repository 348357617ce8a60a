"""One self-contained HTML page: style and script inside, named to the browser by their hashes.

The page's policy lets nothing else run and nothing be fetched, so whatever an
article's text says is text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from typing import Any

from unspin.resources import page_asset

_PLACE = re.compile(r"\{\{(\w+)\}\}")
_STYLE = "page.css"
_SCRIPTS = ("model.js", "text.js", "panel.js", "index.js", "main.js")


def review_page(payload: Mapping[str, Any], title: str) -> bytes:
    """The interactive page that shows a payload of :mod:`unspin.report.review`."""
    script = '"use strict";\n' + "\n".join(map(page_asset, _SCRIPTS))
    # Each article apart, so that the browser parses only those that are looked at.
    articles, head = payload["articles"], []
    bodies = []
    for number, article in enumerate(articles):
        head.append({key: value for key, value in article.items() if key != "body"})
        bodies.append(_embedded(f"article-{number}", article["body"]))
    data = [_embedded("data", {**payload, "articles": head}), *bodies]
    return _filled("review.html", title, script, data="\n".join(data))


def static_page(body: str, title: str) -> bytes:
    """A page without a script around ``body``, which is HTML."""
    return _filled("static.html", title, "", body=body)


def _filled(template: str, title: str, script: str, **parts: str) -> bytes:
    style = page_asset(_STYLE)
    parts |= {"style": style, "script": script, "title": html.escape(title)}
    allowed = [f"style-src '{_digest(style)}'"]
    if script:
        allowed.append(f"script-src '{_digest(script)}'")
    rest = "img-src data:; base-uri 'none'; form-action 'none'"
    parts["policy"] = f"default-src 'none'; {'; '.join(allowed)}; {rest}"
    page = _PLACE.sub(lambda match: parts[match[1]], page_asset(template))
    # Names of files may hold bytes that are no UTF-8.
    return page.encode("utf-8", "backslashreplace")


def _digest(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _embedded(name: str, content: Mapping[str, Any]) -> str:
    r"""A script element that holds JSON: no ``<`` in it ends it, no ``&`` is one.

    >>> _embedded("data", {"a": "</script>"})
    '<script type="application/json" id="data">{"a":"\\u003c/script>"}</script>'
    """
    text = json.dumps(content, separators=(",", ":")).replace("&", "\\u0026")
    text = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'
