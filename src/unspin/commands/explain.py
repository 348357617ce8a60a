"""``unspin explain``: what each stage saw, and why each edit won."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from unspin.commands import EXIT_UNUSABLE, options, streams
from unspin.errors import InputError
from unspin.records import Explanation
from unspin.settings import Settings

SENTENCE = "--stage lattice and --sentence N go together"
NO_SENTENCE = "there is no sentence {number} with proposals; --stage candidates lists them"


@click.command("explain")
@click.argument("file", type=options.FILE, default=Path("-"))
@click.option(
    "--stage",
    type=click.Choice(["tokens", "candidates", "lattice", "path", "edits"]),
    default="edits",
    show_default=True,
    help="Stage to show: what was read, proposed, drawn as SVG, chosen, or changed and why.",
)
@click.option(
    "--sentence",
    type=click.IntRange(1),
    metavar="N",
    help="With --stage lattice: the sentence to draw, as --stage candidates counts them.",
)
@options.encoding_option
@options.settings_options
@click.pass_context
def command(
    ctx: click.Context,
    file: Path,
    stage: str,
    sentence: int | None,
    encoding: str | None,
    settings: Settings,
) -> None:
    """Show where each edit of FILE came from and why it won.

    Values of evidence are in nats against leaving the words as written: above
    zero speaks for the edit, below zero against it. Places in HTML and Markdown
    are those of the file for the stage edits, of its text without markup before.
    """
    if (stage == "lattice") != (sentence is not None):
        raise click.UsageError(SENTENCE)
    restorer = options.build_restorer(settings)

    def work(article: streams.Article) -> None:
        from unspin.report import explanation

        text = article.view.text
        explained = restorer.explain(text)
        if stage == "tokens":
            lines = explanation.token_lines(text, explained.sentences)
        elif stage == "candidates":
            lines = explanation.candidate_lines(text, explained)
        elif stage == "lattice":
            lines = _drawing(text, explained, sentence or 1)
        elif stage == "path":
            lines = explanation.path_lines(text, explained)
        else:
            restoration = article.carried(explained.restoration)
            lines = explanation.edit_lines(article.file.name, restoration)
        for line in lines:
            streams.write_line(line)

    if not streams.each_file([file], encoding, work):
        ctx.exit(EXIT_UNUSABLE)


def _drawing(text: str, explained: Explanation, number: int) -> Iterator[str]:
    from unspin.report.lattice_drawing import lattice_svg

    if number > len(explained.lattices):
        raise InputError(NO_SENTENCE.format(number=number))
    lattice, decoding = explained.lattices[number - 1], explained.decodings[number - 1]
    yield lattice_svg(text, lattice, decoding).rstrip("\n")
