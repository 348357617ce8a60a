"""``unspin fix``: the restored text, its diff, or the file rewritten."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import click

from unspin.commands import EXIT_UNUSABLE, options, streams
from unspin.errors import OutputError
from unspin.exclusion import Exclusion
from unspin.files import STDIN_NAME, TextFile, write_text_atomic
from unspin.records import Restoration
from unspin.settings import Settings

NOT_TOGETHER = "{first} and {second} exclude each other: choose one"
WRITE_STDIN = "--write needs files: standard input has no place to be written to"
SAME_NAME = "{name} would be written twice in {folder}: use unspin batch to keep folders"
OVER_INPUT = "{name} would be overwritten: use --write for that, or another --output-dir"
FOLDER_FAILED = "{folder} cannot be made a folder ({reason}): choose another --output-dir"


@click.command("fix")
@options.files_argument
@click.option("--diff", is_flag=True, help="Show a unified diff instead of the text.")
@click.option("--write", is_flag=True, help="Rewrite the files in place, each at once or not.")
@click.option(
    "--output-dir",
    type=options.FILE,
    metavar="DIR",
    help="Write restored files of the same names into this folder.",
)
@options.format_option("text", "json", help="The text alone, or a line of JSON per file.")
@options.encoding_option
@options.settings_and_exclusion
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    diff: bool,
    write: bool,
    output_dir: Path | None,
    format_: str,
    encoding: str | None,
    settings: Settings,
    exclusion: Exclusion,
) -> None:
    """Restore files and print the result; with no FILE, or -, standard input.

    Only the edits change: line ends, byte order mark, encoding and a missing
    final newline stay as they are, and so does the markup of HTML and Markdown.
    """
    _check_usage(files, diff, write, output_dir, format_)
    restorer = options.build_restorer(settings)
    if output_dir is not None:
        _make_folder(output_dir)

    def work(article: streams.Article) -> None:
        file, restoration = article.file, article.restored(restorer)
        if write or output_dir is not None:
            _write_file(file, restoration, output_dir)
        if format_ == "json":
            from unspin.report.jsonlines import restoration_line

            streams.write_json(restoration_line(file.name, restoration))
        elif diff:
            _print_diff(file, restoration)
        elif not write and output_dir is None:
            streams.write_bytes(file.encode(restoration.text))

    if not streams.each_file(files, encoding, work, exclusion):
        ctx.exit(EXIT_UNUSABLE)


def _check_usage(
    files: tuple[Path, ...], diff: bool, write: bool, output_dir: Path | None, format_: str
) -> None:
    chosen = [
        name
        for name, given in (
            ("--diff", diff),
            ("--write", write),
            ("--output-dir", output_dir is not None),
        )
        if given
    ]
    if diff and format_ == "json":
        chosen = ["--diff", "--format json"]
    if len(chosen) > 1:
        raise click.UsageError(NOT_TOGETHER.format(first=chosen[0], second=chosen[1]))
    if write and (not files or streams.STDIN in files):
        raise click.UsageError(WRITE_STDIN)
    if output_dir is None:
        return
    named = [path for path in files if path != streams.STDIN]
    if len(named) < len(files) or not files:
        raise click.UsageError(WRITE_STDIN.replace("--write", "--output-dir"))
    for name, count in Counter(path.name for path in named).items():
        if count > 1:
            raise click.UsageError(SAME_NAME.format(name=name, folder=output_dir))
    for path in named:
        if os.path.realpath(output_dir / path.name) == os.path.realpath(path):
            raise click.UsageError(OVER_INPUT.format(name=path))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(FOLDER_FAILED.format(folder=folder, reason=error.strerror)) from error


def _write_file(file: TextFile, restoration: Restoration, output_dir: Path | None) -> None:
    edits = streams.counted(len(restoration.edits), "edit")
    if output_dir is not None:
        assert file.path is not None
        target = output_dir / file.path.name
        write_text_atomic(file, restoration.text, target)
        streams.note(f"wrote {target}: {edits}")
    elif restoration.text != file.text:
        write_text_atomic(file, restoration.text)
        streams.note(f"rewrote {file.name}: {edits}")
    else:
        streams.note(f"unchanged {file.name}")


def _print_diff(file: TextFile, restoration: Restoration) -> None:
    if streams.colours():
        from unspin.report.terminal import coloured_diff, to_ansi

        streams.write_bytes(to_ansi(coloured_diff(file.name, restoration)).encode("utf-8"))
        return
    from unspin.report.plain import file_diff

    # A diff must have the file's own bytes to be of use to patch; only UTF-16
    # and UTF-32, which no diff tool reads, become UTF-8.
    wide = file.encoding.startswith(("utf-16", "utf-32"))
    name = "-" if file.name == STDIN_NAME else file.name
    mark = "\ufeff" if file.bom and not wide else ""
    text = file_diff(name, restoration, mark)
    if wide:
        streams.write_bytes(text.encode("utf-8", "backslashreplace"))
    else:
        streams.write_bytes(text.encode(file.encoding, "surrogateescape"))
