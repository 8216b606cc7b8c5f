import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import Method, ParallelNewton, methods, newton_scan


def _decay(t, y, args):
    return -(y**3) + jnp.sin(t)


def _integrated(method, steps=64):
    @jax.jit
    def solve():
        return diffrax.diffeqsolve(
            diffrax.ODETerm(_decay),
            ParallelNewton(diffrax.Heun(), steps=steps, method=method, mode="parallel"),
            0.0,
            4.0,
            2.0,
            jnp.array([1.0, 2.0]),
            saveat=diffrax.SaveAt(t1=True, solver_state=True),
        )

    solution = solve()
    return solution.ys, parasim.windows(solution)


@pytest.mark.slow
def test_parareal_takes_fewer_iterations_than_there_are_intervals():
    ends, windows = _integrated(methods.parareal(4), steps=128)
    expected, newton = _integrated(Method(), steps=128)
    np.testing.assert_allclose(ends, expected, rtol=1e-9)
    assert windows["mode"].all()
    assert np.all(newton["iterations"] <= windows["iterations"])
    assert np.all(windows["iterations"] < 16)  # of 32 intervals
    assert np.all(np.isnan(windows["growth_rate"]))  # nobody knows


def test_parareal_needs_a_coarse_step():
    with pytest.raises(parasim.ConfigError, match="only differential equations have"):
        newton_scan(lambda c, _: (c / 2, c), 1.0, length=8, mode="parallel",
                    method=methods.parareal())  # fmt: skip


@pytest.mark.slow
def test_a_function_may_guess():
    """With the solution as the guess one iteration says that it is one."""
    xs = jax.random.normal(jax.random.key(0), (40,))

    def f(carry, x):
        carry = jnp.tanh(1.5 * carry + x)
        return carry, carry

    known = jax.lax.scan(f, 0.0, xs)[1]
    (_, states), record = jax.jit(
        lambda xs: newton_scan(
            f,
            0.0,
            xs,
            mode="parallel",
            window=16,
            method=Method(guess=lambda n: known[n - 1]),
            return_record=True,
        )
    )(xs)
    np.testing.assert_array_equal(record.iterations, 1)
    np.testing.assert_allclose(states, known, atol=1e-14)

    exact = Method(guess=lambda t: jnp.exp(-t) * jnp.ones(2))
    solve = jax.jit(
        lambda: diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: -y),
            ParallelNewton(diffrax.Tsit5(), steps=64, method=exact, mode="parallel"),
            0.0,
            1.0,
            1.0,
            jnp.ones(2),
            saveat=diffrax.SaveAt(solver_state=True),
        )
    )
    assert parasim.windows(solve())["iterations"][0] == 1


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"interval": 0}, "interval must be a positive Python int"),
        ({"guess": "histroy"}, "did you mean 'history'"),
        ({"guess": 3}, "or a function, not 3"),
        ({"structure": methods.Dense}, r"structure of a Method .* such as Dense\(\)"),
        ({"damping": "elk"}, r"damping of a Method .* such as Undamped\(\)"),
        ({"structure": methods.Banded(1), "damping": methods.TrustRegion()}, "needs inverses"),
        ({"structure": methods.LowRank(1), "damping": methods.TrustRegion()}, "needs inverses"),
    ],
)
def test_choices_that_do_not_go_together_are_refused(choices, message):
    with pytest.raises(parasim.ConfigError, match=message):
        Method(**choices)


@pytest.mark.parametrize(
    ("damping", "number"),
    [(methods.Scaled, 1.0), (methods.Clipped, 0.0), (methods.TrustRegion, -1.0)],
)
def test_dampings_of_no_use_are_refused(damping, number):
    with pytest.raises(parasim.ConfigError, match=f"{damping.__name__} must be"):
        damping(number)


@pytest.mark.parametrize(
    ("preset", "argument", "message"),
    [
        (methods.para_rnn, 0, "size of BlockDiagonal must be a positive Python int"),
        (methods.quasi_deer, 0, "probes of Diagonal must be a positive Python int"),
        (methods.elk, 0.0, "weight of TrustRegion must be a positive number, not 0.0"),
        (methods.parareal, 0, "interval must be a positive Python int"),
    ],
)
def test_presets_of_no_use_are_refused(preset, argument, message):
    with pytest.raises(parasim.ConfigError, match=message):
        preset(argument)


def test_an_interval_of_numpy_is_one_of_python():
    assert Method(interval=np.int64(4)) == Method(interval=4)


STATE = {"a": jnp.zeros(2), "b": jnp.zeros(())}


@pytest.mark.parametrize(
    "guess",
    [
        lambda t: jnp.zeros(3),
        lambda t: {"a": jnp.zeros(3), "b": t},
        lambda t: {"a": jnp.zeros(2)},
        lambda t: {"a": jnp.zeros(2, complex), "b": t},
        lambda t: {"a": jnp.zeros(2), "b": (t,)},
    ],
)
def test_a_guess_that_is_no_state_is_refused(guess):
    with pytest.raises(parasim.ConfigError, match=r"return a state like y0.*'a': 'float64\[2\]'"):
        Method(guess=guess).guessed(jnp.arange(3.0), STATE)


def test_a_guess_gets_the_dtypes_of_the_state():
    """Of a carry the parts that are no numbers need no guess."""
    state = {"a": jnp.zeros(2, jnp.float32), "b": 0.0, "n": None}
    guess = Method(guess=lambda t: {"a": jnp.full(2, t), "b": 1, "n": 3})
    found = guess.guessed(jnp.arange(3.0), state)
    np.testing.assert_array_equal(found["a"], [[0, 0], [1, 1], [2, 2]])
    assert found["a"].dtype == jnp.float32
    assert found["b"].dtype == jnp.result_type(float)
    assert found["n"] is None
    assert Method().guessed(jnp.arange(3.0), state) is None


@pytest.mark.parametrize("tolerance", [{}, {"rtol": 1e-6, "atol": 1e-6}], ids=str)
def test_a_guess_of_another_shape_is_refused_by_an_integration(tolerance):
    solver = ParallelNewton(
        steps=16, mode="parallel", method=Method(guess=lambda t: jnp.zeros(3)), **tolerance
    )
    term = diffrax.ODETerm(lambda t, y, args: -y)
    with pytest.raises(parasim.ConfigError, match=r"float64\[2\], and not float64\[3\]"):
        diffrax.diffeqsolve(term, solver, 0.0, 1.0, 1.0, jnp.ones(2))


def test_a_guess_of_another_shape_is_refused_by_a_scan():
    with pytest.raises(parasim.ConfigError, match=r"float64\[2\], and not float64\[3\]"):
        newton_scan(
            lambda carry, _: (carry / 2, carry),
            jnp.ones(2),
            length=8,
            mode="parallel",
            method=Method(guess=lambda n: jnp.zeros(3)),
        )


@pytest.mark.parametrize(
    "method",
    [
        methods.para_rnn(),
        pytest.param(methods.quasi_deer(), marks=pytest.mark.slow),
        pytest.param(Method(linear_solver=methods.BlockedScan(4)), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_derivatives_are_those_of_stepping_whatever_is_kept(method):
    """Also where less than the whole Jacobian is: tangents then go one step after the other."""
    xs = jax.random.normal(jax.random.key(0), (24, 2))
    weights = jnp.array([0.5, -0.8])
    mixed = 0.0 if method.structure.exact else 0.1

    def loss(scan, weights, init):
        def f(carry, x):
            carry = jnp.tanh(weights * carry + mixed * carry[::-1] + x)
            return carry, carry**2

        last, ys = scan(f, init, xs)
        return jnp.sum(ys) + jnp.sum(last)

    def parallel(*arguments):
        return newton_scan(*arguments, mode="parallel", method=method, max_iterations=64)

    gradient = jax.jit(jax.grad(loss, argnums=(1, 2)), static_argnums=0)
    ours = gradient(parallel, weights, jnp.ones(2))
    expected = gradient(jax.lax.scan, weights, jnp.ones(2))
    for ours_, expected_ in zip(ours, expected, strict=True):
        np.testing.assert_allclose(ours_, expected_, rtol=1e-8)
