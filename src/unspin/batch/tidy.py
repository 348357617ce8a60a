"""Puts a manifest in order after articles that failed were tried again.

What is tried again stands at the manifest's end. When the run is finished, each
file's last word moves to where an undisturbed run has it, and its rejects with
it. Two files cannot be replaced at once, so the order of the steps says how far
a killed run came: while the new manifest waits under its own name nothing is
replaced yet; where only the new rejects wait, the manifest is already new.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from unspin.batch.lines import dump, whole
from unspin.errors import OutputError

_UNTIDY = "{path} cannot be put in order ({reason}): make room, then go on with --resume"


class _Section(NamedTuple):
    """A file's lines in the manifest and in the rejects, as byte offsets."""

    file: dict[str, Any]
    lines: tuple[int, int]
    rejects: tuple[int, int]


def tidy(manifest: Path, rejects: Path, paths: Container[str]) -> None:
    """Leave the last lines of each file of ``paths`` only, in the order of their names.

    Raises:
        OutputError: if there is no room; the manifest stays as it was.
    """
    new_manifest, new_rejects = _waiting(manifest), _waiting(rejects)
    try:
        with manifest.open("rb") as source:
            head, sections, tail = _sections(source)
            sections = [section for section in sections if section.file["path"] in paths]
            sections.sort(key=lambda section: str(section.file["path"]))
            _write(new_manifest, _manifest_bytes(source, head, sections, tail))
        if rejects.exists():
            with rejects.open("rb") as source:
                _write(new_rejects, _stretches(source, (s.rejects for s in sections)))
        os.replace(new_manifest, manifest)
        if new_rejects.exists():
            os.replace(new_rejects, rejects)
    except OSError as error:
        raise OutputError(_UNTIDY.format(path=manifest, reason=error.strerror)) from error


def finish_tidying(manifest: Path, rejects: Path) -> None:
    """End what a killed :func:`tidy` began, or take it back."""
    new_manifest, new_rejects = _waiting(manifest), _waiting(rejects)
    if new_manifest.exists():
        new_rejects.unlink(missing_ok=True)
        new_manifest.unlink()
    elif new_rejects.exists():
        os.replace(new_rejects, rejects)


def _waiting(path: Path) -> Path:
    return path.with_name(f".{path.name}.unspin-part")


def _sections(manifest: IO[bytes]) -> tuple[bytes, list[_Section], bytes]:
    """The manifest's first line, its files' last sections, and its last line."""
    head = manifest.readline()
    found: dict[str, _Section] = {}
    begin = position = len(head)
    rejected = 0
    tail = b""
    for line in manifest:
        position += len(line)
        record = whole(line) or {}
        if record.get("type") == "file":
            section = _Section(record, (begin, position), (rejected, record["rejects"]))
            found[record["path"]] = section
            begin, rejected = position, record["rejects"]
        elif record.get("type") == "end":
            tail = line
    return head, list(found.values()), tail


def _manifest_bytes(
    source: IO[bytes], head: bytes, sections: list[_Section], tail: bytes
) -> Iterator[bytes]:
    yield head
    rejected = 0
    for section in sections:
        source.seek(section.lines[0])
        left = section.lines[1] - section.lines[0]
        while left:
            line = source.readline()
            left -= len(line)
            if left:
                yield line
        rejected += section.rejects[1] - section.rejects[0]
        yield dump({**section.file, "rejects": rejected}) + b"\n"
    yield tail


def _stretches(source: IO[bytes], stretches: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    for begin, end in stretches:
        source.seek(begin)
        while source.tell() < end:
            yield source.readline()


def _write(path: Path, parts: Iterable[bytes]) -> None:
    with path.open("wb") as target:
        target.writelines(parts)
        target.flush()
        os.fsync(target.fileno())
