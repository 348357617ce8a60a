"""``unspin learn``: a spin lexicon from pairs of original and spun text."""

from __future__ import annotations

from pathlib import Path

import click

from unspin.commands import options
from unspin.errors import DataError, MissingExtraError


@click.command("learn")
@click.argument("pairs", nargs=-1, required=True, type=options.FILE, metavar="PAIRS...")
@click.option("-o", "--output", required=True, type=options.FILE, help="The lexicon to write.")
@click.option(
    "--min-count",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Leave out pairs of phrases seen less often.",
)
@click.option(
    "--workers", type=click.IntRange(1), default=2, show_default=True, help="Reading processes."
)
def command(pairs: tuple[Path, ...], output: Path, min_count: int, workers: int) -> None:
    """Learn spun phrases from PAIRS and write them as a lexicon.

    PAIRS are JSON Lines, gzipped or not, with the fields id, spinner, original
    and spun. The same pairs give the same lexicon, byte for byte. Use it with
    --lexicon.
    """
    try:
        from unspin.learn.align import align
        from unspin.learn.lexicon import learn_rows, write_lexicon
        from unspin.learn.parallel import load
    except ModuleNotFoundError as error:
        if error.name == "numba":
            raise MissingExtraError("numba", "learn", "unspin learn") from error
        raise
    from unspin.pairs import read_pairs

    click.echo("reading and tokenizing", err=True)
    text = load(read_pairs(pairs), workers)
    if not len(text.spinner):
        raise DataError(f"no pairs in {', '.join(map(str, pairs))}")
    click.echo(f"aligning {len(text.spun.words):,} tokens", err=True)
    segments = align(text)
    rows = learn_rows(text, segments, min_count=min_count)
    if not rows:
        raise DataError("nothing to learn: no phrase was changed the same way often enough")
    write_lexicon(rows, output, ["Learned by unspin learn."])
    changed = sum(row.spun != row.original for row in rows)
    phrases = len({row.spun for row in rows})
    click.echo(
        f"{len(text.spinner):,} documents, {len(segments.s1):,} changed phrases: "
        f"{phrases:,} spun phrases with {changed:,} originals in {output}",
        err=True,
    )
