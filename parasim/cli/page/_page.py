"""The page as a whole."""

from datetime import UTC, datetime

from parasim import __version__
from parasim.cli.page._elements import Html, joined, text
from parasim.cli.page._how import how_it_went
from parasim.cli.page._origin import how_to_open, origin
from parasim.cli.page._pictures import pictures
from parasim.cli.page._style import STYLE
from parasim.cli.page._what import what_was_run

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def make_page(store: str) -> str:
    """Return a page about the run of a store, also one that goes on or has failed.

    Arguments:
        store: where it is.

    Raises:
        StoreError: there is no store, or it is something else.
    """
    from parasim.cli._cite import bibtex_of
    from parasim.io import open_run, summarise_store
    from parasim.simulation import explain_store

    summary, dataset = summarise_store(store), open_run(store)
    body = joined(
        [
            _head(str(summary.attributes.get("title", store)), summary.status, store),
            what_was_run(summary),
            how_it_went(summary, explain_store(store)),
            pictures(dataset),
            origin(summary, bibtex_of(store)),
            how_to_open(store),
            _foot(),
        ]
    )
    title = text(summary.attributes.get("title", store))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _head(title: str, status: str, store: str) -> Html:
    name, _, description = title.partition(": ")
    kind = status if status in ("complete", "running", "failed", "interrupted") else ""
    return Html(
        f"<header>\n<h1>{text(name)}</h1>\n"
        f'<p class="lead">{text(description)}</p>\n'
        f'<span class="status {kind}">{text(status)}</span> <code>{text(store)}</code>\n</header>'
    )


def _foot() -> Html:
    now = datetime.now(UTC).isoformat(timespec="minutes")
    return Html(f"<footer>Written by parasim {text(__version__)} at {text(now)}.</footer>")
