"""``unspin report``: a page to review restorations on, or one about a whole batch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from unspin.commands import EXIT_UNUSABLE, options, streams
from unspin.errors import InputError
from unspin.exclusion import Exclusion
from unspin.settings import Settings

if TYPE_CHECKING:
    from unspin.report.review import ReviewArticle
    from unspin.sources import ReadOptions

NEEDS_FILES = "give FILE, or --corpus MANIFEST for a page about a batch"
NOT_BOTH = "FILE and --corpus exclude each other: choose one"
CSV_NEEDS_CORPUS = "--csv goes with --corpus only"
NO_STDIN = "standard input has no place to be written to: give files"


@click.command("report")
@options.files_argument
@click.option(
    "-o",
    "--output",
    required=True,
    type=options.FILE,
    metavar="FILE",
    help="The HTML page to write; - is standard output.",
)
@click.option(
    "--corpus",
    type=options.FILE,
    metavar="MANIFEST",
    help="Report on a batch instead, from the manifest of unspin batch.",
)
@click.option(
    "--csv",
    "table",
    type=options.FILE,
    metavar="FILE",
    help="With --corpus, write its articles as a table too.",
)
@options.fields_option
@options.encoding_option
@options.settings_and_exclusion
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    output: Path,
    corpus: Path | None,
    table: Path | None,
    fields: tuple[str, ...],
    encoding: str | None,
    settings: Settings,
    exclusion: Exclusion,
) -> None:
    """Write one offline page on which the restorations of FILEs are reviewed.

    FILE is a text or any file that unspin batch reads, or a folder of them. The
    page exports decisions, which unspin apply makes in the files and unspin
    learn learns from. Its paths start from this folder, or from the one that
    all files are in.
    """
    if corpus is not None:
        if files:
            raise click.UsageError(NOT_BOTH)
        _report_corpus(corpus, output, table)
        return
    if not files:
        raise click.UsageError(NEEDS_FILES)
    if table is not None:
        raise click.UsageError(CSV_NEEDS_CORPUS)
    if streams.STDIN in files:
        raise click.UsageError(NO_STDIN)
    from unspin.sources import ReadOptions

    found = dict.fromkeys(
        path for given in streams.wanted(files, exclusion) for path in _expanded(given, exclusion)
    )
    paths = [path for path in found if path.absolute() != output.absolute()]
    _report_files(ctx, paths, output, ReadOptions(fields, encoding), settings)


def _report_corpus(manifest: Path, output: Path, table: Path | None) -> None:
    from unspin.corpus import read_corpus
    from unspin.report.corpus import corpus_page, corpus_table

    corpus = read_corpus(manifest)
    _write(output, corpus_page(corpus))
    if table is not None:
        _write(table, corpus_table(corpus))


def _report_files(
    ctx: click.Context, paths: list[Path], output: Path, read: ReadOptions, settings: Settings
) -> None:
    from unspin.report.page import review_page
    from unspin.report.reading import review_articles
    from unspin.report.review import review_payload

    restorer = options.build_restorer(settings)
    done = True
    articles: list[ReviewArticle] = []
    root = _root(paths)
    for path in paths:
        try:
            for article, broken in review_articles(path, root, read, restorer.restore):
                if article is not None:
                    articles.append(article)
                else:
                    done = False
                    streams.note(f"Error: {path}: {broken}")
        except InputError as error:
            streams.note(f"Error: {error}")
            done = False
    if articles:
        number = streams.counted(len(articles), "article")
        title = articles[0].file.path if len(articles) == 1 else number
        _write(output, review_page(review_payload(articles), f"{title} – unspin"))
        streams.note(f"{output}: {number}")
        if root != Path.cwd():
            streams.note(f"apply its decisions with: unspin apply DECISIONS --root {root}")
    else:
        streams.note("no article to report on")
    if not done:
        ctx.exit(EXIT_UNUSABLE)


def _expanded(path: Path, exclusion: Exclusion) -> list[Path]:
    """The files that a path stands for."""
    if not path.is_dir():
        return [path]
    from unspin.batch import make_plan

    plan = make_plan(str(path), None, exclusion=exclusion)
    return [job.input for job in plan.jobs if job.skip is None]


def _root(paths: list[Path]) -> Path:
    here = Path.cwd()
    folders = [Path(os.path.abspath(path)).parent for path in paths]
    if not folders or all(folder.is_relative_to(here) for folder in folders):
        return here
    return Path(os.path.commonpath(folders))


def _write(path: Path, data: bytes) -> None:
    if path == streams.STDIN:
        streams.write_bytes(data)
        return
    from unspin.files import write_bytes_atomic

    write_bytes_atomic(path, data)
