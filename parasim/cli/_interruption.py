"""Runs that are told to stop: by Ctrl-C, or by a batch system before it kills them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

INTERRUPTED = 128 + signal.SIGINT  # as a shell reports it
_TERMINATED = 128 + signal.SIGTERM


class _Terminated(KeyboardInterrupt):
    """SIGTERM came: what Ctrl-C does, with an exit code of its own."""


def _terminate(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise _Terminated


@contextmanager
def resumable(store: str | Path | None) -> Iterator[None]:
    """End cleanly when the process is told to stop, and say how to go on.

    Arguments:
        store: that is being written; None for a run that cannot be continued.
    """
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except KeyboardInterrupt as error:
        from parasim.io._objects import store_place
        from parasim.io._root import is_ours

        if store is None:
            message = "The run cannot be continued."
        elif is_ours(store_place(store)):
            message = f"What was computed is in the store; go on with: parasim resume {store}"
        else:
            message = "Nothing was written."
        click.echo(f"\nInterrupted. {message}", err=True)
        code = _TERMINATED if isinstance(error, _Terminated) else INTERRUPTED
        raise click.exceptions.Exit(code) from None
    finally:
        signal.signal(signal.SIGTERM, before)
