"""``unspin undo``: the originals of a batch in place, put back."""

from __future__ import annotations

from pathlib import Path

import click

from unspin.commands import options, streams


@click.command("undo")
@click.argument("manifest", type=options.FILE)
@click.pass_context
def command(ctx: click.Context, manifest: Path) -> None:
    """Put back the files that unspin batch --in-place changed, as MANIFEST lists them.

    A file that was changed since is left alone. The exit code is 3 if one could
    not be put back.
    """
    from unspin.batch import undo

    restored = problems = 0
    for file in undo(manifest):
        restored += file.restored
        if file.problem is not None:
            problems += 1
            streams.note(f"Error: {file.path} was left as it is: {file.problem}")
    streams.note(f"{restored} restored")
    if problems:
        ctx.exit(3)
