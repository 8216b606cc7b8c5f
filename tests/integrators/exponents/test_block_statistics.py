import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.exponents._block_statistics import block_error, running_means

_errors = jax.jit(jax.vmap(block_error))


def _correlated(correlation: float, runs: int = 4000, count: int = 32) -> np.ndarray:
    """Runs of a first-order autoregression with mean 0 and variance 1."""
    noise = np.random.default_rng(0).standard_normal((count, runs))
    values = [noise[0]]
    for now in noise[1:]:
        values.append(correlation * values[-1] + np.sqrt(1 - correlation**2) * now)
    return np.stack(values, axis=1)


@pytest.mark.parametrize(
    ("correlation", "outside"), [(-0.5, 0.01), (0, 0.01), (0.3, 0.02), (0.6, 0.04)]
)
def test_the_mean_is_within_three_errors(correlation, outside):
    """Of independent blocks 0.5 % are outside, by Student's t; correlation costs some more."""
    means = _correlated(correlation)
    errors = _errors(jnp.asarray(means))
    assert np.mean(np.abs(means.mean(axis=1)) > 3 * errors) <= outside


def test_the_error_of_independent_blocks_is_the_usual_one_on_average():
    means = _correlated(0.0)
    usual = means.std(axis=1, ddof=1) / np.sqrt(means.shape[1])
    ratio = np.asarray(_errors(jnp.asarray(means))) / usual
    assert 1 < ratio.mean() < 1.1
    assert ratio.min() > 0.49


def test_what_blocks_share_at_their_ends_is_not_counted_twice():
    """Where only the ends fluctuate, the average hardly does; the error stays above the scatter."""
    ends = np.random.default_rng(0).standard_normal((4000, 33))
    means = np.diff(ends, axis=1)
    usual = means.std(axis=1, ddof=1) / np.sqrt(32)
    errors = np.asarray(_errors(jnp.asarray(means)))
    assert np.std(means.mean(axis=1)) < np.median(errors) < 0.7 * np.median(usual)


def test_equal_blocks_have_no_error():
    np.testing.assert_array_equal(block_error(jnp.ones((8, 2))), [0, 0])


def test_running_means():
    means = running_means(jnp.array([[1.0, 2.0], [3.0, 4.0], [5.0, 3.0]]))
    np.testing.assert_allclose(means, [[1, 2], [2, 3], [3, 3]])
