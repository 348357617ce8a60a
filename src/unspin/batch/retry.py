"""Which files of an earlier run are worth another try."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unspin.batch.output import sha256_of
from unspin.batch.plan import Job


def worth_retrying(job: Job, before: Mapping[str, Any], backup: Path | None) -> bool:
    """Whether a file had articles that failed and may not fail now.

    ``before`` is the manifest's line for it. A record that is no JSON fails
    every time, so it counts only once the file has changed. In place, ``backup``
    is where the original is kept; a file that somebody changed after it was
    replaced is theirs and stays.
    """
    if not before["failed"]:
        return False
    again = bool(before.get("retry", True))
    try:
        now = sha256_of(job.input)
        if backup is not None and backup.exists():
            return again and now in (before["sha256_out"], sha256_of(backup))
    except OSError:
        return again
    return again or now != before["sha256_in"]
