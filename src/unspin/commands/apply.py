"""``unspin apply``: what a reviewer decided, made in the files."""

from __future__ import annotations

from pathlib import Path

import click

from unspin.commands import options, streams


@click.command("apply")
@click.argument("decisions", type=options.FILE, metavar="DECISIONS")
@click.option(
    "--root",
    type=options.FILE,
    default=Path(),
    metavar="DIR",
    help="Folder that the paths in DECISIONS start from. [default: this one]",
)
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
def command(decisions: Path, root: Path, dry_run: bool) -> None:
    """Make the accepted edits of DECISIONS, a file that the page of unspin report exports.

    Nothing is written unless every file is as it was reviewed. Each file is
    then replaced at once; whatever no accepted edit touches keeps its bytes.
    """
    from unspin.decisions import prepare, read_decisions

    for file in prepare(read_decisions(decisions), root):
        if not dry_run:
            file.write()
        verb = "would rewrite" if dry_run else "rewrote"
        streams.note(f"{verb} {file.path}: {streams.counted(file.edits, 'edit')}")
