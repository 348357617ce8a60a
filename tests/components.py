"""Optional components that tests need: skipped where missing, but never in CI."""

from __future__ import annotations

import importlib
import os
import shutil
from typing import Any

import pytest


def need(module: str) -> Any:
    """The module, or a skipped test; in CI a failed one."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        _missing(f"needs {module} ({error}): pip install {module.partition('.')[0]}")


def need_program(name: str, package: str) -> str:
    """The program's path, or a skipped test; in CI a failed one."""
    path = shutil.which(name)
    if path is None:
        _missing(f"needs {name}: apt-get install {package}")
    return str(path)


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI must not skip it")
    pytest.skip(reason)
