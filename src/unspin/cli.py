"""The command line: a group that loads each command when it is asked for.

A command is the ``command`` object of ``unspin.commands.NAME``. To add one, add
that module and its name to :data:`COMMANDS`. Command modules import click and
the light modules only; models and rich are imported when a command runs.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import os
import sys

import click

from unspin.commands import EXIT_UNUSABLE
from unspin.errors import UnspinError

COMMANDS = (
    *("fix", "check", "explain", "report", "apply"),
    *("evaluate", "learn", "lexicon", "batch", "undo"),
)
# What a shell reports for a program ended by Ctrl-C; click's 1 would read as
# "check found something".
_EXIT_INTERRUPTED = 130
# Models are many objects and no garbage. Looking for some as often as Python does by
# itself, and once more at the end, takes a fifth of the time from start to the first text.
_SELDOM = 100_000, 50, 100


class Failure(click.ClickException):
    """An :class:`UnspinError` on its way to standard error and exit code 3."""

    exit_code = EXIT_UNUSABLE


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of a first session."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or ``None``."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"unspin.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; errors become exit codes, a closed pipe ends it quietly."""
        usual = gc.get_threshold()
        gc.set_threshold(*_SELDOM)
        atexit.register(gc.freeze)
        try:
            return super().invoke(ctx)
        except UnspinError as error:
            raise Failure(str(error)) from error
        except BrokenPipeError:
            _detach_stdout()
            ctx.exit(0)
        except KeyboardInterrupt:
            ctx.exit(_EXIT_INTERRUPTED)
        finally:
            gc.set_threshold(*usual)


def _detach_stdout() -> None:
    """Point standard output at nothing, so that closing it raises no second error."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from unspin.version import __version__

        click.echo(f"unspin {__version__}")
        ctx.exit()


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def main() -> None:
    """Give spun articles their words back.

    Results go to standard output, everything else to standard error. Exit codes:
    0 clean or done, 1 check found something, 2 wrong usage, 3 an input, setting
    or data file could not be used.
    """
