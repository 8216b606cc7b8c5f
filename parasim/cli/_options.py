"""Options and values that several commands share."""

from pathlib import Path
from typing import Any

import click


class Assignment(click.ParamType):
    """NAME=VALUE; the value is converted later, where its type is known.

    Arguments:
        form: how it must look, for messages and help.
    """

    name = "NAME=VALUE"

    def __init__(self, form: str | None = None) -> None:
        self.name = form or type(self).name

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Split at the first equals sign."""
        if isinstance(value, tuple):
            return value
        name, equals, text = value.partition("=")
        if not equals or not name.strip() or not text.strip():
            self.fail(f"{value!r} must look like {self.name}", param, ctx)
        return name.strip(), text.strip()


class InputAssignment(Assignment):
    """NAME=FILE:VARIABLE, or NAME=FILE if the variable has the name of the parameter."""

    name = "NAME=FILE[:VARIABLE]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the name and a table as in a run file."""
        if isinstance(value, tuple):
            return value
        name, text = super().convert(value, param, ctx)
        file, colon, variable = text.rpartition(":")
        # A colon may belong to the file's name, as on Windows.
        if not colon or Path(text).exists():
            return name, {"file": text}
        return name, {"file": file, "variable": variable}


def _remember_debug(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    if value:
        ctx.meta["parasim.debug"] = True


debug_option = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_remember_debug,
    help="Show the traceback of an error.",
)


json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    show_default=False,
    help="Write JSON; null: not known.",
)


def cluster_options(command: Any) -> Any:
    """Add the options of commands that can be spread over processes."""
    for option in (
        click.option(
            "--scheduler",
            metavar="ADDRESS",
            help="Compute them on the workers of a dask scheduler, tcp://...",
        ),
        click.option(
            "--workers",
            type=int,
            metavar="N",
            help="Compute parts of an ensemble or a sweep in N processes.",
        ),
    ):
        command = option(command)
    return command
