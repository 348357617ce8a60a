"""``unspin batch``: many articles, with workers, a manifest and resume."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from unspin.commands import options, streams
from unspin.errors import InputError
from unspin.exclusion import Exclusion
from unspin.settings import Settings

NEEDS_OUTPUT = "give OUTPUT, or --in-place to change the files themselves, or --dry-run"
NO_OUTPUT = "--in-place and OUTPUT exclude each other: choose one"
ONLY_FIX = "--in-place goes with --fix only: give OUTPUT for {action}"
NO_STDIN = "standard input cannot be changed in place: give OUTPUT"
NO_STDOUT = "batch writes files: give OUTPUT a name; for one text on standard output use unspin fix"
SPOOL_FAILED = "standard input cannot be kept as a file ({reason}): make room, or set TMPDIR"
ALL_LEFT_OUT = "{input}: every file is left out by --exclude or by exclude in the settings file"
MANIFEST = "unspin-manifest.jsonl"
# Without a terminal, one line of progress for this many articles.
_EVERY = 1000


@click.command("batch")
@click.argument("input_", metavar="INPUT")
@click.argument("output", required=False, type=options.FILE, metavar="[OUTPUT]")
@click.option(
    "--fix",
    "action",
    flag_value="fix",
    default=True,
    type=str,
    help="Write restored articles. This is the default.",
)
@click.option(
    "--annotate",
    "action",
    flag_value="annotate",
    type=str,
    help="Leave the texts and add score and edits.",
)
@click.option(
    "--drop-spun",
    "action",
    flag_value="drop-spun",
    type=str,
    help="Leave out spun articles; they go to a file of rejects beside the manifest.",
)
@click.option("--in-place", is_flag=True, help="Change the files themselves; see unspin undo.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would be done.")
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with an interrupted run, and try again what failed.",
)
@click.option(
    "--workers",
    type=click.IntRange(0),
    default=None,
    metavar="N",
    help="Worker processes; 0 works in this one. [default: one for each processor]",
)
@options.fields_option
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="Leave out files whose path below INPUT, or a folder of it, matches; may be given again.",
)
@click.option(
    "--manifest",
    type=options.FILE,
    metavar="FILE",
    help="Where to keep what became of every article. [default: with the output]",
)
@options.encoding_option
@options.settings_and_exclusion
@click.pass_context
def command(
    ctx: click.Context,
    input_: str,
    output: Path | None,
    action: str,
    in_place: bool,
    dry_run: bool,
    resume: bool,
    workers: int | None,
    fields: tuple[str, ...],
    exclude: tuple[str, ...],
    manifest: Path | None,
    encoding: str | None,
    settings: Settings,
    exclusion: Exclusion,
) -> None:
    """Restore INPUT into OUTPUT: a file, a folder, a quoted pattern, or @FILE with names.

    Reads .txt, .md, .html, .jsonl (also .gz and .zst), .csv, .tsv and .parquet;
    INPUT - is JSON Lines from standard input. Every article ends in the
    manifest as edited, unchanged, skipped or failed. The exit code is 3 if one
    failed.
    """
    if in_place and output is not None:
        raise click.UsageError(NO_OUTPUT)
    if in_place and action != "fix":
        raise click.UsageError(ONLY_FIX.format(action=f"--{action}"))
    if output is None and not in_place and not dry_run:
        raise click.UsageError(NEEDS_OUTPUT)
    from_stdin = Path(input_) == streams.STDIN
    if from_stdin and in_place:
        raise click.UsageError(NO_STDIN)
    if output == streams.STDIN:
        raise click.UsageError(NO_STDOUT)

    from unspin.batch import Action, BatchOptions, make_plan, plan_stdin, run_batch
    from unspin.sources import ReadOptions

    if from_stdin:
        plan = plan_stdin(ctx.with_resource(_spooled()), output)
    else:
        plan = make_plan(input_, output, exclude, in_place, exclusion)
    if not plan.jobs:
        streams.note(ALL_LEFT_OUT.format(input=input_))
    where = None if dry_run else manifest or _manifest(plan.root, output, in_place)
    batch_options = BatchOptions(
        where,
        Action(action),
        in_place,
        resume,
        (os.cpu_count() or 1) if workers is None else workers,
        ReadOptions(fields, encoding),
    )
    provenance = options.build_restorer(settings).provenance
    with _progress(len(plan.jobs), dry_run) as report:
        counts = run_batch(
            plan, settings, batch_options, options.build_restorer, provenance, report
        )
    edits = streams.counted(counts.pop("edits"), "edit")
    told = ", ".join(f"{count} {status}" for status, count in counts.items())
    streams.note(f"{told}; {edits}")
    if where is not None:
        streams.note(f"manifest: {where}")
    if counts["failed"]:
        ctx.exit(3)


@contextlib.contextmanager
def _spooled() -> Iterator[Path]:
    """Standard input as a file, which is read twice: for its articles and for its hash."""
    with tempfile.NamedTemporaryFile(prefix="unspin-", suffix=".jsonl") as spool:
        try:
            if sys.stdin is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            shutil.copyfileobj(sys.stdin.buffer, spool)
            spool.flush()
        except OSError as error:
            raise InputError(SPOOL_FAILED.format(reason=error.strerror)) from error
        yield Path(spool.name)


def _manifest(root: Path, output: Path | None, in_place: bool) -> Path:
    if in_place or output is None:
        return root / ".unspin" / MANIFEST
    from unspin.sources import suffix_of

    if output.is_dir() or suffix_of(output) is None:
        return output / MANIFEST
    return output.with_name(output.name + ".manifest.jsonl")


@contextlib.contextmanager
def _progress(files: int, dry_run: bool) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """What to call with each line of the manifest: a bar on a terminal, lines elsewhere."""
    if not (sys.stderr is not None and sys.stderr.isatty()):
        yield _Lines(files, dry_run)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files, {task.fields[articles]} articles, {task.fields[rate]:.0f}/s"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("restoring", total=files, articles=0, rate=0.0)
        articles = 0

        def report(record: Mapping[str, Any]) -> None:
            nonlocal articles
            if record["type"] == "file":
                progress.advance(task)
                return
            articles += 1
            elapsed = progress.tasks[0].elapsed or 1.0
            progress.update(task, articles=articles, rate=articles / elapsed)
            if dry_run or record["status"] == "failed":
                progress.console.print(_line(record), markup=False, highlight=False)

        yield report


class _Lines:
    """Progress as plain lines: failures at once, a count now and then."""

    def __init__(self, files: int, dry_run: bool) -> None:
        self._files = files
        self._dry_run = dry_run
        self._done = 0
        self._articles = 0

    def __call__(self, record: Mapping[str, Any]) -> None:
        if record["type"] == "file":
            self._done += 1
            return
        self._articles += 1
        if self._dry_run:
            streams.write_line(_line(record))
        elif record["status"] == "failed":
            streams.note(f"Error: {_line(record)}")
        if self._articles % _EVERY == 0:
            streams.note(f"{self._articles} articles, {self._done} of {self._files} files")


def _line(record: Mapping[str, Any]) -> str:
    status = record["status"]
    if status == "edited":
        return f"{record['id']}: {streams.counted(record['edits'], 'edit')}"
    why = record.get("reason") or record.get("error")
    return f"{record['id']}: {status}" + (f" ({why})" if why else "")
