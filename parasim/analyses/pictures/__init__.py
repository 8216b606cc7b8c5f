"""Pictures of runs: each is made in one place, for the accessor and for the command line."""

from parasim.analyses.pictures._convergence import draw_convergence as draw_convergence
from parasim.analyses.pictures._figure import (
    KINDS as KINDS,
    kinds_of as kinds_of,
    picture as picture,
    suitable as suitable,
)
from parasim.analyses.pictures._file import (
    check_file as check_file,
    check_picture as check_picture,
    inline_svg as inline_svg,
    save_picture as save_picture,
    show_picture as show_picture,
    write_file as write_file,
)
from parasim.analyses.pictures._plots import Plots as Plots
from parasim.analyses.pictures._selection import selected as selected
from parasim.analyses.pictures._style import new_figure as new_figure, styled as styled

__all__ = [
    "KINDS",
    "Plots",
    "check_file",
    "check_picture",
    "draw_convergence",
    "inline_svg",
    "kinds_of",
    "new_figure",
    "picture",
    "save_picture",
    "selected",
    "show_picture",
    "styled",
    "suitable",
    "write_file",
]
