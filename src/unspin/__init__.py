r"""unspin gives spun and garbled articles their words back.

>>> import unspin
>>> restoration = unspin.restore("The controversy started started last month.")
>>> restoration.text
'The controversy started last month.'
>>> print(restoration.diff(), end="")
--- spun
+++ restored
@@ -1 +1 @@
-The controversy started started last month.
\ No newline at end of file
+The controversy started last month.
\ No newline at end of file
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unspin.errors import UnspinError
from unspin.version import __version__

if TYPE_CHECKING:
    from unspin.edits import apply_edits
    from unspin.records import Detection, Edit, EditKind, Finding, Restoration
    from unspin.restorer import Restorer
    from unspin.settings import Settings

__all__ = [
    "Detection",
    "Edit",
    "EditKind",
    "Finding",
    "Restoration",
    "Restorer",
    "Settings",
    "UnspinError",
    "__version__",
    "apply_edits",
    "detect",
    "restore",
]

# Names of the public interface and their modules: loaded when first used, so
# that "import unspin" costs next to nothing.
_HOMES = {
    "Detection": "records",
    "Edit": "records",
    "EditKind": "records",
    "Finding": "records",
    "Restoration": "records",
    "Restorer": "restorer",
    "Settings": "settings",
    "apply_edits": "edits",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'unspin' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"unspin.{home}"), name)


def restore(text: str, settings: Settings | None = None) -> Restoration:
    """The proposed restoration of ``text``: new text, edits with confidences, diff.

    For many texts make one :class:`Restorer` and call its ``restore``, so that
    models load once.

    Raises:
        UnspinError: when a setting or data file cannot be used.
    """
    from unspin.restorer import Restorer

    return Restorer(settings).restore(text)


def detect(text: str, settings: Settings | None = None) -> Detection:
    """Whether ``text`` is spun, how sure that is, and which phrases look spun.

    Raises:
        UnspinError: when a setting or data file cannot be used.
    """
    from unspin.restorer import Restorer

    return Restorer(settings).detect(text)
