"""Values that fuzzing found to be taken badly."""

import pytest

import parasim


@pytest.mark.parametrize("dtype", ["1/10", "\udcff", object()])
def test_what_is_no_dtype_is_refused(dtype):
    with pytest.raises(parasim.ConfigError, match="dtype must be float32 or float64"):
        parasim.simulate("lorenz63", t1=1, dt=0.1, dtype=dtype)


def test_a_perturbation_beyond_all_numbers_is_refused():
    with pytest.raises(parasim.ConfigError, match="too large: choose one below 1"):
        parasim.simulate("lorenz63", t1=1, dt=0.1, members=2, perturbation=1e308)
