"""The pictures of a run, as SVG in the page."""

import re
from typing import TYPE_CHECKING

from parasim._errors import ConfigError
from parasim.cli.page._elements import Html, figure, paragraph, section

if TYPE_CHECKING:
    import xarray as xr

_CAPTIONS = {
    "series": "The state over time.",
    "phase": "One variable against another.",
    "space-time": "The field over time and space.",
    "map": "The last state of the field.",
    "raster": "A mark for each spike.",
    "growth": "How fast small differences grew in each window where it was measured. Above zero "
    "the run is hard to predict. The strip below shows which windows were found in parallel.",
}


def pictures(dataset: "xr.Dataset") -> Html:
    """Return the section with every kind of picture that says something about a run."""
    from parasim.analyses.pictures import inline_svg, picture, suitable

    try:
        kinds = suitable(dataset)
        figures = [
            figure(_apart(inline_svg(picture(dataset, kind)), kind), _CAPTIONS[kind])
            for kind in kinds
        ]
    except ConfigError as error:  # nothing is complete yet, or there is no matplotlib
        return section("Pictures", paragraph(f"There are none: {error}"))
    return section("Pictures", *figures)


def _apart(svg: str, kind: str) -> str:
    """Give the names inside a picture a prefix: several pictures share a page."""
    return re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{kind}-", svg)
