"""A run's dataset has its variables as the system declares them, though no file keeps an order."""

import xarray as xr

import parasim
from parasim.io import summarise_store
from parasim.simulation.planning._plan import make_plan

SOLVER = parasim.ParallelNewton(mode="sequential")
RUN = {"t1": 1.0, "dt": 0.1, "solver": SOLVER}


def test_of_a_store_and_in_memory(tmp_path):
    place = tmp_path / "s.zarr"
    stored = parasim.simulate("stommel", **RUN, store=place)
    assert list(stored.data_vars)[:2] == ["T", "S"]
    assert list(parasim.simulate("stommel", **RUN).data_vars)[:2] == ["T", "S"]
    summary = summarise_store(place)
    assert list(summary.variables) == ["T", "S"]
    assert summary.attributes["state_variables"] == ["T", "S"]
    assert set(stored.variables) == set(xr.open_zarr(place, consolidated=False).variables)


def test_of_a_vector_field_it_is_that_of_the_state():
    plan = make_plan(lambda t, y, args: y, y0={"b": 1.0, "a": 2.0}, **RUN)
    assert plan.attributes["state_variables"] == '["a", "b"]'
