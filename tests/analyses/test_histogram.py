"""Histograms against numpy."""

import numpy as np
import pytest

from parasim import ConfigError
from parasim.analyses import histogram
from tests.analyses.series import dataset, ensemble, with_gap


def test_counts_are_numpys():
    made = ensemble()
    result = histogram(made, bins=9, variables="v")
    low, high = float(made["v"].min()), float(made["v"].max())
    for member in range(3):
        for site in range(2):
            values = made["v"].values[member, :, site]
            expected, edges = np.histogram(values, 9, range=(low, high))
            own = result["v_count"].isel(member=member, site=site)
            np.testing.assert_array_equal(own, expected)
    np.testing.assert_allclose(result["v_bin_bounds"], np.stack([edges[:-1], edges[1:]], 1))
    assert int(result["v_count"].sum()) == made["v"].size
    assert result["v_bin"].attrs["units"] == "mV"


def test_edges_belong_to_the_bin_above_and_the_last_to_the_bin_below():
    values = np.array([0, 0.5, 1, 2, 2.5, 3, -1, 3.5, np.nan, np.inf])
    result = histogram(dataset(x=values), edges=[0, 1, 2, 3])
    np.testing.assert_array_equal(result["x_count"], [2, 1, 3])


@pytest.mark.parametrize("dims", ["time", "member", ("time", "member", "site"), ("member", "site")])
def test_any_dimensions_are_counted_together(dims):
    made = ensemble()
    edges = np.linspace(-5, 5, 12)
    result = histogram(made, edges=edges, dims=dims, variables="v")["v_count"]
    together = (dims,) if isinstance(dims, str) else dims
    rest = [d for d in made["v"].dims if d not in together]
    assert result.dims == (*rest, "v_bin")
    for place in np.ndindex(*(made.sizes[d] for d in rest)):
        values = made["v"].transpose(*rest, ...).values[place]
        np.testing.assert_array_equal(result.values[place], np.histogram(values, edges)[0])


def test_a_density_integrates_to_one_over_the_values_in_the_bins():
    result = histogram(with_gap(ensemble()), edges=[-1, -0.5, 0.7, 2], density=True)
    widths = result["v_bin_bounds"].diff("bound").isel(bound=0)
    np.testing.assert_allclose((result["v_density"] * widths).sum("v_bin"), 1)
    assert result["v_density"].attrs["units"] == "1/mV"


def test_of_a_constant_there_is_a_histogram_too():
    assert int(histogram(dataset(x=np.full(8, 3.0)), bins=2)["x_count"].sum()) == 8


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"edges": [1]}, "two or more numbers that increase"),
        ({"edges": [0, 2, 1]}, "two or more numbers that increase"),
        ({"bins": 0}, "bins must be"),
        ({"dims": "sites"}, "did you mean 'site'"),
        ({"dims": ()}, "names no dimension"),
    ],
)
def test_what_cannot_be_done_is_refused(options, said):
    with pytest.raises(ConfigError, match=said):
        histogram(ensemble(), **options)


def test_infinite_values_only_are_refused():
    with pytest.raises(ConfigError, match="no value of 'x' is finite"):
        histogram(dataset(x=np.full(5, np.inf)))
