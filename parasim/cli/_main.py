"""The group of commands, and the one place where an error becomes an exit code."""

from typing import Any

import click

from parasim import __version__
from parasim._errors import ParasimError
from parasim.cli._analyze import analyze
from parasim.cli._calibrate import calibrate
from parasim.cli._cite import cite
from parasim.cli._explain import explain
from parasim.cli._info import info
from parasim.cli._interruption import INTERRUPTED
from parasim.cli._lyapunov import lyapunov
from parasim.cli._resume import resume
from parasim.cli._run import run
from parasim.cli._systems import systems
from parasim.cli._verify import verify


class _Failure(click.ClickException):
    """An error of parasim's, shown in one line."""

    def __init__(self, error: ParasimError) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code  # pyright: ignore[reportAttributeAccessIssue]


class _Group(click.Group):
    """Turns parasim's errors into messages and exit codes, unless `--debug` was given."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ParasimError as error:
            if ctx.meta.get("parasim.debug"):
                raise
            raise _Failure(error) from error
        except KeyboardInterrupt:
            click.echo("\nInterrupted.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog="Exit codes: 0 done, 2 something was asked for that cannot be done, 3 the integration "
    "failed, 4 the store is in the way or cannot be used, 130 interrupted, 143 terminated.",
)
@click.version_option(__version__, prog_name="parasim", message="%(prog)s %(version)s")
def main() -> None:
    """Integrate dynamical systems in parallel in time, and stream them to zarr."""


main.add_command(run)
main.add_command(resume)
main.add_command(systems)
main.add_command(info)
main.add_command(verify)
main.add_command(explain)
main.add_command(cite)
main.add_command(analyze)
main.add_command(lyapunov)
main.add_command(calibrate)
