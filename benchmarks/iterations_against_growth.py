"""How many Newton iterations a window takes, against how much tangents grow along it.

python benchmarks/iterations_against_growth.py [--systems NAME ...] [--draw-only]

Every built-in system, and some others, on their attractors: windows of 64 to 4,096 steps with
`ParallelNewton(mode="parallel")` and its defaults. The numbers go to
docs/figures/iterations_against_growth.csv, and from there into the figure beside it.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from common import conditions

import parasim
from parasim import ParallelNewton

LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096)
WINDOWS = 8
CHAOTIC = ("lorenz63", "lorenz96", "Rössler", "Lorenz-84", "Thomas", "Halvorsen", "Duffing, forced",
           "Hénon–Heiles")  # fmt: skip
TRANSIENT = 8192
GIVEN_UP, MOST_GROWTH = 34, 20  # where windows are drawn that were given up; the widest growth
_OTHERS = "predictable systems"
TABLE = Path(__file__).parents[1] / "docs/figures/iterations_against_growth.csv"


class Flow(NamedTuple):
    """What is integrated: a vector field with its arguments, where it begins, and its step."""

    vector_field: Callable[[Any, Any, Any], Any]
    args: Any
    y0: Any
    dt: float


class Point(NamedTuple):
    """What windows of one length of one system came to.

    Attributes:
        system: its name.
        steps: of a window.
        dt: the step.
        windows: how many there were.
        growth: of a tangent over a window, in nats; the mean.
        iterations: of Newton's method in a window; the mean.
        least, most: the extremes.
        delivered: the share of the windows that Newton's method delivered; the others were given
            up somewhere, and the rest was stepped through.
    """

    system: str
    steps: int
    dt: float
    windows: int
    growth: float
    iterations: float
    least: int
    most: int
    delivered: float


def built_in(name: str, dt: float, **params: float) -> Flow:
    system = parasim.get_system(name)
    values = system.resolve(params)
    return Flow(system.vector_field, values, dict(system.initial_state(values, 0)), dt)


def written_out(rates: Callable[..., tuple[Any, ...]], y0: tuple[float, ...], dt: float) -> Flow:
    """Return a flow whose rates are a function of time and the variables."""
    return Flow(lambda t, y, _: jnp.stack(rates(t, *y)), None, jnp.array(y0), dt)


def _henon_heiles(t: Any, x: Any, y: Any, u: Any, v: Any) -> tuple[Any, ...]:
    del t
    return u, v, -x - 2 * x * y, -y - (x**2 - y**2)


def flows() -> dict[str, Flow]:
    sin, cos, stack = jnp.sin, jnp.cos, written_out
    return {
        "lorenz63": built_in("lorenz63", 0.01),
        "lorenz63, rho = 10": built_in("lorenz63", 0.01, rho=10),
        "lorenz96": built_in("lorenz96", 0.02),
        "lorenz96, F = 0.8": built_in("lorenz96", 0.02, F=0.8),
        "fitzhugh-nagumo": built_in("fitzhugh-nagumo", 0.05),
        "hodgkin-huxley": built_in("hodgkin-huxley", 0.02),
        "van-der-pol": built_in("van-der-pol", 0.01),
        "stuart-landau": built_in("stuart-landau", 0.02),
        "energy-balance": built_in("energy-balance", 0.05),
        "Rössler": stack(
            lambda _, x, y, z: (-y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)), (1, 1, 0), 0.02
        ),
        "Lorenz-84": stack(
            lambda _, x, y, z: (
                -(y**2) - z**2 - x / 4 + 2,
                x * y - 4 * x * z - y + 1,
                4 * x * y + x * z - z,
            ),
            (1, 1, 0),
            0.01,
        ),
        "Thomas": stack(
            lambda _, x, y, z: (sin(y) - 0.18 * x, sin(z) - 0.18 * y, sin(x) - 0.18 * z),
            (1, 0, 0.5),
            0.05,
        ),
        "Halvorsen": stack(
            lambda _, x, y, z: (
                -1.4 * x - 4 * y - 4 * z - y**2,
                -1.4 * y - 4 * z - 4 * x - z**2,
                -1.4 * z - 4 * x - 4 * y - x**2,
            ),
            (-5, 0, 0),
            0.005,
        ),
        "Duffing, forced": stack(
            lambda t, x, v: (v, -0.3 * v + x - x**3 + 0.5 * cos(1.2 * t)), (1, 0), 0.02
        ),
        "Hénon–Heiles": stack(_henon_heiles, (0, -0.15, 0.49, 0), 0.02),
        "rigid body": stack(
            lambda _, x, y, z: (-2 * y * z, 1.25 * x * z, -0.5 * x * y), (1, 0, 0.9), 0.01
        ),
    }


def windows_of(flow: Flow, solver: ParallelNewton, count: int) -> tuple[Any, dict[str, np.ndarray]]:
    """Integrate so many windows; return the last state, and what was recorded."""
    end = count * solver.steps * flow.dt
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(flow.vector_field),
        solver,
        0.0,
        end,
        dt0=solver.steps * flow.dt,
        y0=jax.tree.map(lambda leaf: jnp.asarray(leaf, float), flow.y0),
        args=flow.args,
        saveat=diffrax.SaveAt(t1=True, solver_state=True),
        max_steps=None,
        throw=True,
    )
    return jax.tree.map(lambda leaf: leaf[-1], solution.ys), parasim.windows(solution)


def points(name: str, flow: Flow) -> Iterator[Point]:
    """Measure a system with windows of every length, from where the transient ends."""
    stepped = ParallelNewton(steps=LENGTHS[-1], mode="sequential")
    y0, _ = windows_of(flow, stepped, TRANSIENT // stepped.steps)
    flow = flow._replace(y0=y0)
    for steps in LENGTHS:
        _, record = windows_of(flow, ParallelNewton(steps=steps, mode="parallel"), WINDOWS)
        iterations = record["iterations"]
        yield Point(
            name,
            steps,
            flow.dt,
            len(iterations),
            float(np.mean(record["growth_rate"])) * steps * flow.dt,
            float(np.mean(iterations)),
            int(iterations.min()),
            int(iterations.max()),
            float(np.mean(record["mode"])),
        )


def write(table: list[Point]) -> None:
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        told = "; ".join(f"{key}: {value}" for key, value in conditions().items())
        file.write(f"# {told}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Point._fields)
        for point in table:
            writer.writerow(f"{x:.4g}" if isinstance(x, float) else x for x in point)


def read() -> list[Point]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return [
            Point(*(kind(row[name]) for name, kind in Point.__annotations__.items()))
            for row in rows
        ]


def draw(table: list[Point]) -> None:
    """Draw shrinking and growing windows side by side; chaotic systems have colours."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = TABLE.stem  # the same file from the same numbers
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    shrinking, growing = figure.subplots(1, 2, sharey=True, width_ratios=(1, 2))
    shrinking.set_xscale("symlog", linthresh=1)
    shrinking.set(xlim=(-100, 0), xlabel="shrink (logarithmic)", ylabel="Newton iterations")
    shrinking.set_xticks([-100, -10, -1, 0])
    growing.set(xlim=(0, MOST_GROWTH), xlabel="grow", ylim=(0, GIVEN_UP + 2))
    growing.set_xticks(range(0, MOST_GROWTH + 1, 5))
    figure.supxlabel("small differences over a window, in nats (factors e)", fontsize="medium")
    x = np.array([0, (GIVEN_UP - 3) / 1.7])
    growing.plot(x, 1.5 + 1.7 * x, color="0.6", linewidth=1, linestyle="--", zorder=0)
    growing.annotate(
        "1.5 + 1.7 × growth", (7.3, 13.9), xytext=(8.5, 9), color="0.4",
        arrowprops={"arrowstyle": "-", "color": "0.6"},
    )  # fmt: skip
    chaotic = [name for name in dict.fromkeys(p.system for p in table) if name in CHAOTIC]
    colours = dict(
        zip(chaotic, [c for c in mpl.colormaps["tab10"].colors if max(c) > min(c)], strict=False)
    )
    for name in dict.fromkeys(p.system for p in table):
        mine = [p for p in table if p.system == name]
        colour = colours.get(name, "0.35")
        for axes in (shrinking, growing):
            solved = [(p.growth, p.iterations) for p in mine if p.delivered == 1]
            style = {"marker": "o", "markersize": 4, "linewidth": 0.8, "alpha": 0.85}
            axes.plot(*np.transpose(solved), color=colour, label=_label(name, colours), **style)
        lost = [min(p.growth, MOST_GROWTH - 0.6) for p in mine if p.delivered < 1]
        growing.plot(lost, [GIVEN_UP] * len(lost), "x", color=colour)
    growing.text(5, GIVEN_UP, "given up, stepped through", color="0.4", va="center")
    handles = dict(zip(*reversed(growing.get_legend_handles_labels()), strict=True))
    handles[_OTHERS] = handles.pop(_OTHERS)
    figure.legend(handles.values(), handles, frameon=False, loc="outside right upper")
    for axes in (shrinking, growing):
        axes.spines[["top", "right"]].set_visible(False)
    growing.spines["left"].set_color("0.8")
    figure.savefig(TABLE.with_suffix(".svg"), metadata={"Date": None})


def _label(name: str, colours: dict[str, Any]) -> str:
    return name if name in colours else _OTHERS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--systems", nargs="+", help="only these; nothing is written")
    parser.add_argument("--draw-only", action="store_true", help="from the numbers that are there")
    arguments = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    if not arguments.draw_only:
        table = []
        for name, flow in flows().items():
            if arguments.systems is None or name in arguments.systems:
                for point in points(name, flow):
                    table.append(point)
                    print(*point, sep="\t", flush=True)
        if arguments.systems is not None:
            return 0
        write(table)
    draw(read())
    return 0


if __name__ == "__main__":
    sys.exit(main())
