"""The group of commands, and the one place where an error becomes an exit code."""

from typing import Any

import click
from click.shell_completion import CompletionItem

from parasim import __version__
from parasim._errors import ConfigError, ParasimError, UnknownPlugin, first_line
from parasim.cli._interruption import INTERRUPTED
from parasim.plugins._description import describe
from parasim.plugins._registry import entries, find, load, names

_ALSO = {"list": "systems"}  # under another name, which help does not list


class _Failure(click.ClickException):
    """An error of parasim's, shown in one line."""

    def __init__(self, error: ParasimError) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code  # pyright: ignore[reportAttributeAccessIssue]


class _Group(click.Group):
    """The commands that are installed; none is imported before it is called, not for help either.

    Turns parasim's errors into messages and exit codes, unless `--debug` was given.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(names("commands"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            cmd_name = _ALSO.get(cmd_name, cmd_name)
        try:
            return load("commands", cmd_name)
        except UnknownPlugin as error:
            raise click.UsageError(str(error), ctx) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names of commands, which need not work for that."""
        known = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        found = [CompletionItem(name, help=describe(find("commands", name)).line) for name in known]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line per command, from its source; of one that was found broken, that."""
        del ctx
        used = [e for e in entries("commands") if e.state not in ("disabled", "shadowed")]
        width = formatter.width - 6 - max((len(e.plugin.name) for e in used), default=0)
        rows = []
        for plugin, _, error in sorted(used, key=lambda e: e.plugin.name):
            line = describe(plugin).line if error is None else f"(broken) {error}"
            origin = "" if plugin.own else f"[{plugin.distribution}]"
            line = _shortened(line, width - len(origin))
            rows.append((plugin.name, f"{line} {origin}".strip()))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ParasimError as error:
            if ctx.meta.get("parasim.debug"):
                raise
            raise _Failure(error) from error
        except MemoryError as error:
            if ctx.meta.get("parasim.debug"):
                raise
            message = "this needs more memory than there is"
            said = f"{message} ({first_line(error)})" if str(error) else message
            raise _Failure(ConfigError(f"{said}: take fewer or smaller things")) from error
        except KeyboardInterrupt:
            click.echo("\nInterrupted.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None


def _shortened(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 3].rstrip() + "..."


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog="""\b
Shell completion, of commands, options, systems and stores:
  bash  eval "$(_PARASIM_COMPLETE=bash_source parasim)"
  zsh   eval "$(_PARASIM_COMPLETE=zsh_source parasim)"
  fish  _PARASIM_COMPLETE=fish_source parasim | source

"""
    "Exit codes: 0 done, 2 something was asked for that cannot be done, 3 the integration "
    "failed, 4 the store is in the way or cannot be used, 5 a plugin is broken, or a system is not "
    "as it is known, 130 interrupted, 143 terminated.",
)
@click.version_option(__version__, prog_name="parasim", message="%(prog)s %(version)s")
def main() -> None:
    """Integrate dynamical systems in parallel in time, and stream them to zarr."""
