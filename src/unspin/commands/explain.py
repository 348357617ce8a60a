"""``unspin explain``: what each stage saw, and why each edit won."""

from __future__ import annotations

from pathlib import Path

import click

from unspin.commands import EXIT_UNUSABLE, options, streams
from unspin.files import TextFile
from unspin.settings import Settings


@click.command("explain")
@click.argument("file", type=options.FILE, default=Path("-"))
@click.option(
    "--stage",
    type=click.Choice(["tokens", "candidates", "path", "edits"]),
    default="edits",
    show_default=True,
    help="Stage to show: what was read, proposed, chosen, or changed and why.",
)
@options.encoding_option
@options.settings_options
@click.pass_context
def command(
    ctx: click.Context,
    file: Path,
    stage: str,
    encoding: str | None,
    settings: Settings,
) -> None:
    """Show where each edit of FILE came from and why it won.

    Values of evidence are in nats against leaving the words as written: above
    zero speaks for the edit, below zero against it.
    """
    restorer = options.build_restorer(settings)

    def work(text_file: TextFile) -> None:
        from unspin.report import explanation

        explained = restorer.explain(text_file.text)
        restoration = explained.restoration
        if stage == "tokens":
            lines = explanation.token_lines(text_file.text, explained.sentences)
        elif stage == "candidates":
            lines = explanation.candidate_lines(text_file.text, explained)
        elif stage == "path":
            lines = explanation.path_lines(text_file.text, explained)
        else:
            lines = explanation.edit_lines(text_file.name, restoration)
        for line in lines:
            streams.write_line(line)

    if not streams.each_file([file], encoding, work):
        ctx.exit(EXIT_UNUSABLE)
