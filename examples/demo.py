"""Run both run files of this folder, and look at what they wrote.

python examples/demo.py OUTDIR
"""

import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import xarray as xr

mpl.use("Agg")
from matplotlib import pyplot as plt

HERE = Path(__file__).parent
CO2 = HERE / "data" / "co2_mauna_loa_monthly.csv"
PUBLISHED_GROWTH = 1.67  # largest Lyapunov exponent of lorenz96 with 40 sites and F = 8


def run(name: str, outdir: Path) -> xr.Dataset:
    store = outdir / f"{name}.zarr"
    command = ["run", f"{HERE / name}.toml", "--out", str(store), "--overwrite"]
    print("$ parasim", *command, flush=True)
    subprocess.run([sys.executable, "-m", "parasim", *command], check=True)
    return xr.open_zarr(store)


def plot_energy_balance(data: xr.Dataset, picture: Path) -> None:
    dates, ppm = np.genfromtxt(
        CO2, delimiter=",", skip_header=3, dtype="datetime64[D],f8", unpack=True
    )
    years = 1970 + dates.astype(float) / 365.2425
    known = np.isfinite(ppm)
    filled = np.interp(years, years[known], ppm[known])
    figure, (above, below) = plt.subplots(2, sharex=True, figsize=(8, 6.5), layout="constrained")
    above.plot(years, filled, color="tab:orange", label=f"{sum(~known)} months interpolated")
    above.plot(years, ppm, color="0.3", label="measured")
    above.set(ylabel="CO₂ at Mauna Loa (ppm)", title="Measured carbon dioxide …")
    above.legend(frameon=False, loc="upper left")
    below.plot(data.time, data.surface_temperature, color="tab:red", label="surface")
    below.plot(data.time, data.deep_temperature, color="tab:blue", label="deep ocean")
    below.set(
        xlabel="year",
        ylabel=f"anomaly against 278 ppm ({data.surface_temperature.units})",
        title="… and the warming that it forces in the two-layer energy balance",
        xlim=(1958, 2002),
        ylim=(0, 1),
    )
    below.legend(frameon=False, loc="upper left")
    for axes in (above, below):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(picture, dpi=150)


def plot_lorenz96(data: xr.Dataset, picture: Path) -> None:
    figure, (above, below) = plt.subplots(
        2, sharex=True, figsize=(8, 6), layout="constrained", height_ratios=[2, 1]
    )
    mesh = above.pcolormesh(
        data.time, data.site, data.x.T, cmap="RdBu_r", vmin=-14, vmax=14, shading="gouraud"
    )
    figure.colorbar(mesh, ax=above, label="x")
    above.set(ylabel="site", title="Lorenz-96: from a perturbation of 0.01 to chaos")
    mean = float(data.growth_rate[1:].mean())
    edges = np.append(data.time[0], data.window_time)
    below.stairs(data.growth_rate, edges, color="tab:purple", baseline=None)
    below.axhline(PUBLISHED_GROWTH, color="0.5", linestyle="--", linewidth=1)
    below.set(xlabel="time", ylabel="growth (nats per time)", ylim=(0, None))
    below.set_title(
        f"growth per window; mean after the first {mean:.2f}, reference exponent 1.67 (dashed)"
    )
    figure.savefig(picture, dpi=150)


def main(outdir: Path) -> None:
    outdir.mkdir(parents=True, exist_ok=True)
    for name, plot in (("energy_balance", plot_energy_balance), ("lorenz96", plot_lorenz96)):
        with run(name, outdir) as data:
            plot(data, outdir / f"{name}.png")
            assert all(np.isfinite(data[key]).all() for key in data if "time" in data[key].dims)
        print(f"wrote {outdir / name}.zarr and {outdir / name}.png\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output"))
