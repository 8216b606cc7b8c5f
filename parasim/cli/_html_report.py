"""`parasim report`: a run as one page that can be read anywhere."""

from pathlib import Path

import click

from parasim import _text
from parasim._errors import ConfigError
from parasim.cli._completion import complete_stores
from parasim.cli._json import say
from parasim.cli._options import debug_option, json_option
from parasim.cli._plot import default_target

_EPILOG = """\b
Examples:
  parasim report lorenz.zarr
  parasim report lorenz.zarr --out report.html --overwrite

The page needs no network and no other file. In Python, dataset.parasim.report() says the same of
how it went, as text.

Exit codes: 0 done, 2 something was asked for that cannot be done, 4 the store cannot be read or the
page not be written."""


@click.command("report", epilog=_EPILOG)
@click.argument("store", shell_complete=complete_stores)
@click.option("--out", metavar="FILE", help="What to write.  [default: the store's name with "
              ".html, in this folder]")  # fmt: skip
@click.option("--overwrite", is_flag=True, show_default=False, help="Replace an existing file.")
@click.option("--dry-run", is_flag=True, show_default=False, help="Say what would be written, and "
              "write nothing.")  # fmt: skip
@click.option("--quiet", is_flag=True, show_default=False, help="Say nothing.")
@json_option
@debug_option
def report(
    store: str, *, out: str | None, overwrite: bool, dry_run: bool, quiet: bool, as_json: bool
) -> None:
    """Write a page about the run of a STORE, with pictures.

    STORE is what `parasim run --out` wrote. The run may still be going on, or have failed.
    """
    from parasim.analyses.pictures import check_file, write_file
    from parasim.io import summarise_store

    target = Path(out) if out is not None else default_target(store, ".html")
    if target.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"{target} must end in .html, so that it opens in a browser")
    check_file(target, overwrite=overwrite)
    if dry_run:
        title = summarise_store(store).attributes["title"]
        text = _text.aligned([("store", f"{store}: {title}"), ("file", str(target))])
        text += "\n\nNothing was written (--dry-run)."
        say({"written": False, "store": store, "file": target}, text, as_json=as_json)
        return

    from parasim.cli.page import make_page

    write_file(target, make_page(store).encode())
    size = target.stat().st_size
    if as_json or not quiet:
        record = {"written": True, "store": store, "file": target, "size": size}
        say(record, f"{target}, {_text.size(size)}", as_json=as_json)
