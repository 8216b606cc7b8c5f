"""How the quantities that a system is known by are measured; one place for tests and commands."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from parasim._errors import ConfigError
from parasim.integrators import Exponents, Method, ParallelNewton
from parasim.plugins import System, Truth, build_system
from parasim.simulation.insight._branches import Point, fixed_points, flow_of, special_points
from parasim.simulation.insight._exponents import system_exponents
from parasim.simulation.running._simulate import simulate

_FEWEST_CYCLES = 10
_SWEPT = 31


class Found(NamedTuple):
    """What was measured.

    Attributes:
        value: a number, or several; of states a row for each.
        standard_error: of each; zero where the measurement is not statistical.
    """

    value: np.ndarray
    standard_error: np.ndarray


class Measurements:
    """Measures what `Truth` says of a system, and makes each run once.

    The arguments in `Truth.run`, by quantity:

    - those of exponents: `t1`, and `dt`, `transient`, `exponents` (all by default), `window` and
      `interval` (of the solver);
    - `period`, `firing_rate`, `peak_to_peak`, `order_parameter`: `t1`, and `dt`, `transient`,
      `every`, `variable` (the first by default, of which the first entry counts);
    - those of spikes: `t1`, and `dt`, of a system whose state has `spikes` and `spike_time`;
    - `fixed_points`: `low` and `high`, the corners of the box that is searched, and the `variables`
      that the value has;
    - `hopf_points`, `hopf_frequencies`, `fold_points`: the `parameter` and its values `start` and
      `stop`, between which the branch of fixed points is followed;
    - `firing_onset`: the `parameter`, its values `low` and `high`, `t1`, and `dt`, `variable`.

    Arguments:
        name: of the system.
        mode: of windows.
        part: of the lengths of runs of exponents, for those who want to wait less.
    """

    def __init__(self, name: str, *, mode: str = "auto", part: float = 1.0) -> None:
        self._name = name
        self._mode = mode
        self._part = part
        self._made: dict[str, Any] = {}

    def of(self, truth: Truth) -> Found:
        """Measure a quantity in the way that a truth says.

        Raises:
            ConfigError: that cannot be done.
            SolverError: a run stopped being finite.
        """
        value, error = _HOW[truth.quantity](self, truth)
        value = np.asarray(value, float)
        return Found(value, np.broadcast_to(np.asarray(error, float), value.shape))

    def exponents(self, truth: Truth) -> Exponents:
        """Return the exponents of a run."""
        run = truth.run
        window, interval = run.get("window", 128), run.get("interval", 8)
        solver = ParallelNewton(steps=window, method=Method(interval=interval), mode=self._mode)
        return self._once(
            "exponents",
            truth,
            lambda: system_exponents(
                self._name,
                params=truth.settings,
                t1=_whole(self._part * run["t1"], run.get("dt")),
                dt=run.get("dt"),
                solver=solver,
                exponents=run.get("exponents"),
                transient=run.get("transient"),
            ),
        )

    def trajectory(self, truth: Truth) -> xr.Dataset:
        """Return a run after its transient."""
        run = truth.run
        data = self._once(
            "trajectory",
            truth,
            lambda: simulate(
                self._name,
                params=truth.settings,
                t1=run["t1"],
                dt=run.get("dt"),
                every=run.get("every", 1),
                solver=ParallelNewton(mode=self._mode),
            ),
        )
        return data.sel(time=slice(run.get("transient", 0.0), None))

    def branch(self, truth: Truth) -> list[Point]:
        """Return the special points along a branch of fixed points."""
        run = truth.run
        system, params = self.system(truth)
        return self._once(
            "branch",
            truth,
            lambda: special_points(
                flow_of(system, params, run["parameter"]), run["start"], run["stop"]
            ),
        )

    def states(self, truth: Truth) -> np.ndarray:
        """Return the fixed points in a box."""
        system, params = self.system(truth)
        flow = flow_of(system, params)
        found = fixed_points(flow, truth.run["low"], truth.run["high"])
        wanted = [flow.names.index(name) for name in truth.run["variables"]]
        return np.array(sorted(found[:, wanted].tolist()))

    def onset(self, truth: Truth) -> float:
        """Return the least value of a parameter at which firing goes on, by a sweep."""
        run = truth.run
        name, values = run["parameter"], np.linspace(run["low"], run["high"], _SWEPT)
        shared = {"dt": run.get("dt"), "t1": run["t1"], "every": 20}
        solver = ParallelNewton(mode=self._mode)
        firing = simulate(self._name, params={name: run["high"]}, solver=solver, **shared)
        last = firing.isel(time=-1)
        state = {key: last[key].to_numpy() for key in self.system(truth)[0].variables}
        data = simulate(self._name, sweep={name: values}, y0=state, solver=solver, **shared)
        series = data[_variable(self, truth)].transpose("time", ...).to_numpy()
        late, early = (series[slice(*part)] for part in ((-len(series) // 8, None), (0, 2000)))
        fires = np.ptp(late, axis=0) > np.ptp(early, axis=0).max() / 2
        if not fires.any():
            return np.nan
        first = int(np.argmax(fires))
        return float(values[first] - (values[1] - values[0]) / 2) if first else np.nan

    def system(self, truth: Truth) -> tuple[System, dict[str, float]]:
        """Return the system that a truth is about, and its parameters."""
        return build_system(self._name, truth.settings)

    def _once(self, kind: str, truth: Truth, make: Callable[[], Any]) -> Any:
        key = json.dumps([kind, dict(truth.settings), dict(truth.run)], sort_keys=True)
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


def _whole(time: float, step: float | None) -> float:
    """Return a time that is a whole number of steps."""
    return time if step is None else round(time / step) * step


def _lyapunov_exponents(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    result, count = measure.exponents(truth), np.size(truth.value)
    return result.values[:count], result.standard_error[:count]


def _exponent_sum(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    return np.sum(measure.exponents(truth).values), 0.0  # it does not fluctuate where it is exact


def _positive(measure: Measurements, truth: Truth) -> np.ndarray:
    result = measure.exponents(truth)
    return np.asarray(result.values > 3 * result.standard_error)


def _positive_exponents(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    return np.sum(_positive(measure, truth)), 0.0


def _entropy(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    result, positive = measure.exponents(truth), _positive(measure, truth)
    return np.sum(result.values[positive]), np.sum(result.standard_error[positive])


def _dimension(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    result = measure.exponents(truth)
    return result.dimension, result.dimension_error


def _fixed_points(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    return measure.states(truth), 0.0


def _points(kind: str, attribute: str) -> Callable[[Measurements, Truth], tuple[Any, Any]]:
    def points(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
        found = [point for point in measure.branch(truth) if point.kind == kind]
        return [getattr(point, attribute) for point in found], 0.0

    return points


def _variable(measure: Measurements, truth: Truth) -> str:
    return truth.run.get("variable") or next(iter(measure.system(truth)[0].variables))


def _series(measure: Measurements, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    """Return the times and the values of a variable, of its first entry if it has several."""
    array = measure.trajectory(truth)[_variable(measure, truth)]
    values = array.transpose("time", ...).to_numpy()
    return array.time.to_numpy(), values.reshape(len(values), -1)[:, 0]


def _period(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    t, v = _series(measure, truth)
    v = v - (v.min() + v.max()) / 2
    (i,) = np.nonzero((v[:-1] < 0) & (v[1:] >= 0))
    passages = t[i] - v[i] * (t[i + 1] - t[i]) / (v[i + 1] - v[i])
    if len(passages) <= _FEWEST_CYCLES:
        return np.nan, 0.0
    return (passages[-1] - passages[0]) / (len(passages) - 1), 0.0


_SECONDS: Mapping[str, float] = {"s": 1.0, "ms": 1e-3}


def _firing_rate(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    unit = measure.system(truth)[0].time_unit
    if unit not in _SECONDS:
        raise ConfigError(f"a firing rate needs time in s or ms, not {unit!r}")
    return 1 / (_SECONDS[unit] * _period(measure, truth)[0]), 0.0


def _peak_to_peak(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    return np.ptp(_series(measure, truth)[1]), 0.0


def _order_parameter(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    phases = measure.trajectory(truth)[_variable(measure, truth)].transpose("time", ...).to_numpy()
    return np.mean(np.abs(np.mean(np.exp(1j * phases), axis=1))), 0.0


def _spike_times(measure: Measurements, truth: Truth) -> np.ndarray:
    data = measure.trajectory(truth)
    return np.unique(data.spike_time.to_numpy()[data.spikes.to_numpy() > 0])


def _spike_count(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    return measure.trajectory(truth).spikes.to_numpy()[-1], 0.0


def _first_spike(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    return _spike_times(measure, truth)[0], 0.0


def _interspike_interval(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    return np.diff(_spike_times(measure, truth))[-1], 0.0


def _firing_onset(measure: Measurements, truth: Truth) -> tuple[Any, Any]:
    return measure.onset(truth), 0.0


_HOW: Mapping[str, Callable[[Measurements, Truth], tuple[Any, Any]]] = {
    "lyapunov_exponents": _lyapunov_exponents,
    "exponent_sum": _exponent_sum,
    "positive_exponents": _positive_exponents,
    "entropy": _entropy,
    "kaplan_yorke_dimension": _dimension,
    "fixed_points": _fixed_points,
    "hopf_points": _points("hopf", "parameter"),
    "hopf_frequencies": _points("hopf", "frequency"),
    "fold_points": _points("fold", "parameter"),
    "period": _period,
    "firing_rate": _firing_rate,
    "peak_to_peak": _peak_to_peak,
    "order_parameter": _order_parameter,
    "spike_count": _spike_count,
    "first_spike": _first_spike,
    "interspike_interval": _interspike_interval,
    "firing_onset": _firing_onset,
}
