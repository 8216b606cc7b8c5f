"""Pieces of HTML. Whatever comes from a store is escaped here, and nowhere else."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import NewType

Html = NewType("Html", str)
"""Text that may stand in a page as it is."""

_QUOTED = re.compile(r"`([^`]+)`")


def text(content: object) -> Html:
    """Return a text as it shows."""
    return Html(escape(_printable(str(content))))


def _printable(content: str) -> str:
    """Leave out what HTML cannot hold, such as NUL."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}"
                   for c in content)  # fmt: skip


def joined(parts: Iterable[Html]) -> Html:
    """Return pieces after each other."""
    return Html("\n".join(parts))


def paragraph(content: object) -> Html:
    """Return a paragraph; what is between backquotes is code."""
    said = _QUOTED.sub(r"<code>\1</code>", text(content))
    return Html(f"<p>{said}</p>")


def code(content: object) -> Html:
    """Return text of fixed width, line by line; long lines can be scrolled."""
    return Html(f'<pre tabindex="0"><code>{text(content)}</code></pre>')


def section(title: str, *parts: Html) -> Html:
    """Return a part of the page with a heading; nothing if there is nothing in it."""
    inside = [part for part in parts if part]
    if not inside:
        return Html("")
    return Html(f"<section>\n<h2>{text(title)}</h2>\n{joined(inside)}\n</section>")


def part(title: str, *parts: Html) -> Html:
    """Return a part of a section with a heading; nothing if there is nothing in it."""
    inside = [one for one in parts if one]
    return Html(f"<h3>{text(title)}</h3>\n{joined(inside)}") if inside else Html("")


def facts(lines: Iterable[tuple[str, object]]) -> Html:
    """Return labels and texts; those without text are left out."""
    rows = [f"<dt>{text(label)}</dt><dd>{text(said)}</dd>" for label, said in lines if str(said)]
    return Html("<dl>\n" + "\n".join(rows) + "\n</dl>") if rows else Html("")


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> Html:
    """Return a table without the columns that are empty; nothing without rows."""
    if not rows:
        return Html("")
    used = [n for n in range(len(headings)) if any(str(row[n]) for row in rows)]
    head = "".join(f'<th scope="col">{text(headings[n])}</th>' for n in used)
    body = ["<tr>" + "".join(f"<td>{text(row[n])}</td>" for n in used) + "</tr>" for row in rows]
    return Html(
        f'<div class="wide" tabindex="0"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n'
        + "\n".join(body)
        + "\n</tbody>\n</table></div>"
    )


def folded(title: str, *parts: Html) -> Html:
    """Return what is shown when its title is clicked."""
    inside = joined(part for part in parts if part)
    return Html(f"<details><summary>{text(title)}</summary>\n{inside}\n</details>")


def figure(svg: str, caption: str) -> Html:
    """Return a picture that was made here, with a caption."""
    return Html(
        f'<figure role="img" aria-label="{text(caption)}">\n{svg}\n'
        f"<figcaption>{text(caption)}</figcaption></figure>"
    )
