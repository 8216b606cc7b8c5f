"""How it went: windows by mode, the reasons, what the other choice would have cost."""

from typing import TYPE_CHECKING

from parasim import _text
from parasim.cli._explanation_words import headline, sentences, stretch_headings, stretch_row
from parasim.cli.page._elements import Html, facts, folded, paragraph, part, section, table

if TYPE_CHECKING:
    from parasim.io import StoreSummary
    from parasim.simulation import Explanation

_MOST_STRETCHES = 200


def how_it_went(summary: "StoreSummary", explanation: "Explanation") -> Html:
    """Return the section about the run itself."""
    return section(
        "How it went",
        paragraph(f"{headline(explanation)}."),
        facts(_failure(summary)),
        part("Windows", _modes(explanation), _reasons(summary)),
        part("In numbers", facts(sentences(explanation) if explanation.windows else [])),
        _stretches(explanation),
    )


def _failure(summary: "StoreSummary") -> list[tuple[str, object]]:
    failed_at = summary.attributes.get("failed_at")
    if failed_at is None:
        return []
    at = _text.quantity(failed_at, summary.time_unit)
    return [("failed", f"the state stopped being finite at t = {at}: take a smaller dt")]


def _modes(explanation: "Explanation") -> Html:
    stepped = explanation.windows - explanation.parallel_windows - explanation.fell_back
    rows = [
        ("stepped through", stepped),
        ("found in parallel", explanation.parallel_windows),
        ("begun in parallel, and stepped through from somewhere on", explanation.fell_back),
    ]
    counted = [(how, _text.count(count), f"{count / explanation.windows:.0%}")
               for how, count in rows if count]  # fmt: skip
    return table(("how", "windows", "of all"), counted)


def _reasons(summary: "StoreSummary") -> Html:
    rows = [(reason, _text.count(count)) for reason, count in summary.reasons.items()]
    return table(("why", "windows"), rows)


def _stretches(explanation: "Explanation") -> Html:
    stretches = explanation.stretches
    if len(stretches) < 2:
        return Html("")
    shown = table(
        stretch_headings(explanation), [stretch_row(one) for one in stretches[:_MOST_STRETCHES]]
    )
    more = len(stretches) - _MOST_STRETCHES
    note = paragraph(f"and {_text.count(more)} more: `parasim explain --all`") if more > 0 else ""
    return folded(f"In the order of time: {_text.count(len(stretches))} stretches", shown,
                  Html(note))  # fmt: skip
