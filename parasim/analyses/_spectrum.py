"""Power spectra."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from scipy import signal

from parasim._errors import ConfigError, near_names
from parasim.analyses._blocks import apply, rows_of_blocks, spans, total
from parasim.analyses._metadata import inverse, other_quantity, power, product, unit_of
from parasim.analyses._time import TIME, Names, along, committed, interval, time_unit, whole_times

_DEFAULT_SEGMENT = 256
_DETREND: dict[str, Any] = {"constant": "constant", "linear": "linear", "none": False}
_SCALING = ("density", "spectrum")


def power_spectrum(
    dataset: xr.Dataset,
    *,
    segment: int | None = None,
    overlap: int | None = None,
    window: str = "hann",
    detrend: str = "constant",
    scaling: str = "density",
    variables: Names = None,
) -> xr.Dataset:
    """Return the one-sided power spectrum, the mean over segments that overlap (Welch).

    It is what `scipy.signal.welch` returns, to rounding, for series that need not fit into memory;
    chunks change nothing.

    Arguments:
        dataset: with variables along `time`, evenly spaced; of numpy or of dask, then nothing but
            the time and the last row is read yet.
        segment: the number of values in a segment; 256, or as many as there are, if None. The
            resolution is one over the time that a segment spans.
        overlap: the number of values that two segments share; half a segment if None.
        window: by which segments are weighted; a name that `scipy.signal.get_window` knows.
        detrend: what is taken off each segment: "constant", its mean; "linear", its trend; "none".
        scaling: "density", whose integral over frequency is the variance, or "spectrum", whose
            peaks are the mean squares of oscillations.
        variables: which; all along `time` if None.

    Returns:
        The same variables with `frequency`, in cycles per unit of time, in place of `time`, in
        the unit squared times the unit of time. NaN if a value is.

    Raises:
        ConfigError: there is no such variable, the times are uneven, there are fewer values than
            in a segment, or another argument is wrong.

    Source: Welch, IEEE Transactions on Audio and Electroacoustics 15 (1967), 70-73.
    """
    chosen = committed(along(dataset, variables))
    rows, step = chosen.sizes[TIME], interval(chosen)
    length = min(_DEFAULT_SEGMENT, rows) if segment is None else segment
    whole_times(length, rows, "segment")
    shared = length // 2 if overlap is None else overlap
    if not 0 <= shared < length:
        raise ConfigError(f"the overlap must be from 0 to {length - 1}, not {shared}")
    for name, value, known in (("detrend", detrend, _DETREND), ("scaling", scaling, _SCALING)):
        if value not in known:
            raise ConfigError(f"{name} = {value!r} is not known: {near_names(str(value), known)}")
    try:
        signal.get_window(window, length)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"window = {window!r} is none of scipy's: {error}") from error
    welch: Any = partial(
        signal.welch,
        fs=1 / step,
        window=window,
        nperseg=length,
        noverlap=shared,
        detrend=_DETREND[detrend],
        scaling=scaling,
    )
    density = scaling == "density"
    unit, what = time_unit(chosen), "power spectral density" if density else "power spectrum"
    result = {}
    for name, array in chosen.data_vars.items():
        units = product(power(unit_of(array), 2), unit if density else "1")
        spectrum = _mean_over_segments(array, length, shared, welch)
        result[name] = spectrum.assign_attrs(other_quantity(array, what, units))
    frequency = xr.DataArray(
        np.fft.rfftfreq(length, step),
        dims="frequency",
        attrs={"units": inverse(unit), "long_name": "frequency"},
    )
    return xr.Dataset(result, attrs=chosen.attrs).assign_coords(frequency=frequency)


def _mean_over_segments(
    array: xr.DataArray, length: int, shared: int, welch: Callable[..., Any]
) -> xr.DataArray:
    step = length - shared
    segments = (array.sizes[TIME] - shared) // step
    sizes = {"frequency": length // 2 + 1}

    def summed(values: np.ndarray) -> np.ndarray:
        count = (values.shape[-1] - shared) // step
        return count * welch(values.astype(np.float64), axis=-1)[1]

    parts = []
    for block in spans(segments, max(1, rows_of_blocks(array, at_least=length) // step)):
        rows = slice(block.start * step, (block.stop - 1) * step + length)
        parts.append(apply(summed, array.isel({TIME: rows}), sizes=sizes))
    dims = ["frequency" if d == TIME else d for d in array.dims]
    kind = np.result_type(array.dtype, np.float32)
    return (total(parts) / segments).transpose(*dims).astype(kind)
