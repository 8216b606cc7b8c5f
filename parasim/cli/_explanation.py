"""What `parasim explain` prints."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from parasim import _text
from parasim.cli._explanation_words import headline, sentences, stretch_headings, stretch_row

if TYPE_CHECKING:
    from parasim.simulation import Explanation

_FIRST, _LAST = 8, 4
_WIDEST = 100


def show_explanation(explanation: "Explanation", *, everything: bool) -> None:
    """Print the stretches of a run as a table, and what they add up to as sentences.

    Arguments:
        explanation: of a store.
        everything: all stretches, not only the first and the last ones.
    """
    console = Console(highlight=False, markup=False)
    console.width = min(console.width, _WIDEST)
    console.print(explanation.title, style="bold")
    console.print(headline(explanation))
    if not explanation.windows:
        return
    console.print()
    console.print(_table(explanation, everything))
    console.print()
    console.print(_sentences(explanation))


def _table(explanation: "Explanation", everything: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    *short, why = stretch_headings(explanation)
    for heading in short:
        table.add_column(heading, no_wrap=True, justify="right" if heading == "speed" else "left")
    table.add_column(why)
    stretches = explanation.stretches
    hidden = 0 if everything else len(stretches) - _FIRST - _LAST
    for place, stretch in enumerate(stretches):
        if hidden <= 1 or not _FIRST <= place < _FIRST + hidden:
            table.add_row(*stretch_row(stretch))
        elif place == _FIRST:
            table.add_row("...", "", "", "", f"{_text.count(hidden)} more: --all shows them")
    return table


def _sentences(explanation: "Explanation") -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for label, text in sentences(explanation):
        table.add_row(label, text)
    return table
