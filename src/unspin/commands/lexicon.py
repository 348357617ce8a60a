"""``unspin lexicon``: lists of one's own, imported and checked."""

from __future__ import annotations

from pathlib import Path

import click

from unspin.commands import EXIT_FOUND, options, streams

_DELIMITER_HELP = "Column delimiter. [default: tab for .tsv files, else a comma]"


@click.group("lexicon")
def command() -> None:
    """Import and check lexicons of your own.

    A lexicon is used with --lexicon FILE, at once and without training.
    """


@command.command("import")
@click.argument("file", type=options.FILE)
@click.option(
    "--spun-column",
    default="spun",
    show_default=True,
    metavar="NAME",
    help="Column of the spun phrases; with --no-header its number.",
)
@click.option(
    "--original-column",
    default="original",
    show_default=True,
    metavar="NAME",
    help="Column of the originals; an empty cell means that the phrase is to be deleted.",
)
@click.option("--delimiter", metavar="CHAR", help=_DELIMITER_HELP)
@click.option("--separator", metavar="TEXT", help="What parts several originals in one cell.")
@click.option("--header/--no-header", default=True, help="Whether the first line names columns.")
@click.option(
    "--odds",
    type=click.FloatRange(-10, 10),
    default=6.0,
    show_default=True,
    help="Log odds (nats) that a listed phrase of a spun text stands for its original.",
)
@click.option(
    "-o", "--output", type=options.FILE, help="The lexicon to write. [default: standard output]"
)
@options.encoding_option
def import_command(
    file: Path,
    spun_column: str,
    original_column: str,
    delimiter: str | None,
    separator: str | None,
    header: bool,
    odds: float,
    output: Path | None,
    encoding: str | None,
) -> None:
    """Turn FILE, a table of phrases and what they stand for, into a lexicon.

    Lines that cannot be used are left out and listed with the reason. Spun
    phrases may have other spacing and capitals than texts do.
    """
    from unspin.files import write_bytes_atomic
    from unspin.importing import Layout, delimiter_of, import_rows, lexicon_text

    if delimiter == "\\t":
        delimiter = "\t"
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise click.BadParameter("one character, not a quote", param_hint="'--delimiter'")
    if separator == "":
        raise click.BadParameter("give some text", param_hint="'--separator'")
    source = streams.read_input(file, encoding)
    layout = Layout(
        spun_column, original_column, delimiter or delimiter_of(file.suffix), header, separator
    )
    imported = import_rows(source.text, layout, source.name)
    for problem in imported.refused:
        streams.note(f"refused {problem}")
    data = lexicon_text(imported.rows, odds, f"Imported from {file.name}.").encode()
    if output is None or output == streams.STDIN:
        streams.write_bytes(data)
    else:
        write_bytes_atomic(output, data)
    where = "" if output is None else f" in {output}"
    streams.note(f"{len(imported.rows):,} rows{where}, {len(imported.refused):,} refused")


@command.command("check")
@click.argument("file", type=options.FILE)
@click.pass_context
def check_command(ctx: click.Context, file: Path) -> None:
    """Check FILE, a lexicon, against the rules of the format.

    Problems are listed with their line; the exit code is 1 when there is one.
    """
    from unspin.importing import check_lexicon

    source = streams.read_input(file, "utf-8")
    problems = check_lexicon(source.text)
    for problem in problems:
        streams.write_line(f"{source.name}, {problem}")
    rows = sum(bool(line) and not line.startswith("#") for line in source.text.split("\n"))
    streams.note(f"{rows:,} rows, {len(problems):,} problems")
    if problems:
        ctx.exit(EXIT_FOUND)
