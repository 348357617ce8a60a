"""Many articles at once: folders and datasets, with workers, a manifest and resume."""

from __future__ import annotations

from unspin.batch.plan import Job, Plan, make_plan, plan_stdin
from unspin.batch.run import Action, BatchOptions, run_batch
from unspin.batch.undo import Undone, undo

__all__ = [
    "Action",
    "BatchOptions",
    "Job",
    "Plan",
    "Undone",
    "make_plan",
    "plan_stdin",
    "run_batch",
    "undo",
]
