"""``unspin check``: what is spun, where, and a verdict per file."""

from __future__ import annotations

from pathlib import Path

import click

from unspin.commands import EXIT_FOUND, EXIT_UNUSABLE, options, streams
from unspin.errors import InputError
from unspin.exclusion import Exclusion
from unspin.files import TextFile, read_text
from unspin.records import Restoration
from unspin.settings import Settings

OTHER_GOLD = "{gold} marks another text than {name}: give the gold text of that very file"


@click.command("check")
@options.files_argument
@options.format_option(
    "text", "json", "sarif", help="Lines for people, JSON Lines, or one SARIF 2.1.0 log."
)
@click.option("--summary", is_flag=True, help="Show the verdict of each file only.")
@click.option(
    "--gold",
    type=options.FILE,
    metavar="FILE",
    help="Score the edits against this marked text as well.",
)
@options.encoding_option
@options.settings_and_exclusion
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    format_: str,
    summary: bool,
    gold: Path | None,
    encoding: str | None,
    settings: Settings,
    exclusion: Exclusion,
) -> None:
    """Report what looks spun; with no FILE, or -, standard input.

    The exit code is 1 if a file is spun or an edit would be applied. Lines and
    columns count from 1, columns in characters. Of HTML and Markdown only the
    text is looked at.
    """
    if gold is not None and (len(files) != 1 or format_ != "text"):
        raise click.UsageError("--gold needs exactly one FILE and --format text")
    restorer = options.build_restorer(settings)
    results: list[tuple[str, Restoration]] = []
    found = False
    read = spun = 0

    def work(article: streams.Article) -> None:
        nonlocal found, read, spun
        file, restoration = article.file, article.restored(restorer)
        read, spun = read + 1, spun + restoration.is_spun
        found = found or restoration.is_spun or bool(restoration.edits)
        if format_ == "sarif":
            results.append((file.name, restoration))
        elif format_ == "json":
            from unspin.report.jsonlines import check_lines

            for line in check_lines(file.name, restoration, summary):
                streams.write_json(line)
        else:
            _print_text(file, restoration, summary)
            if gold is not None:
                _print_score(file, restoration, gold)

    done = streams.each_file(files, encoding, work, exclusion)
    if format_ == "sarif":
        from unspin.report.sarif import sarif_log

        streams.write_json(sarif_log(results, complete=done, summary=summary))
    if summary and read > 1:
        streams.note(f"{read} files: {spun} spun, {read - spun} clean")
    ctx.exit(EXIT_UNUSABLE if not done else EXIT_FOUND if found else 0)


def _print_text(file: TextFile, restoration: Restoration, summary: bool) -> None:
    if streams.colours():
        from unspin.report import terminal

        shown = terminal.verdict(file.name, restoration)
        if not summary:
            shown = terminal.findings(file.name, restoration) + shown
        streams.write_bytes(terminal.to_ansi(shown).encode("utf-8", "backslashreplace"))
        return
    from unspin.report import plain

    if not summary:
        for line in plain.finding_lines(file.name, restoration):
            streams.write_line(line)
    streams.write_line(plain.verdict_line(file.name, restoration))


def _print_score(file: TextFile, restoration: Restoration, path: Path) -> None:
    from unspin.gold import parse_gold, score_edits

    gold = parse_gold(read_text(path).text)
    if not gold.marks(file.text):
        raise InputError(OTHER_GOLD.format(gold=path, name=file.name))
    streams.write_line(f"{file.name}: {score_edits(gold, restoration.edits)}")
