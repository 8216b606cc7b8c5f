import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim import ConfigError, DeviceCosts, newton_scan
from parasim.integrators import REASONS
from parasim.integrators.decision import _decision as decision
from tests.problems import PARALLEL_PAYS
from tests.recurrences import NOISY, assert_same, noisy, numbers

BOTH = pytest.mark.parametrize("mode", ["parallel", "sequential"])


def _compiled(f, init, xs=None, **options):
    return jax.jit(lambda init, xs: newton_scan(f, init, xs, **options))(init, xs)


def _gru(size=4):
    cell = eqx.nn.GRUCell(3, size, key=jax.random.key(1))

    def f(state, x):
        state = cell(x, state)
        return state, jnp.sum(state)

    return f, jnp.zeros(size)


def _filter(mean, x):
    """An exponential moving average, and how far from it the input is."""
    mean = 0.75 * mean + 0.25 * x
    return mean, x - mean


@pytest.mark.parametrize(
    ("window", "reverse"), [pytest.param(None, False, marks=pytest.mark.slow), (16, True)]
)
def test_a_recurrent_cell_gives_what_lax_scan_gives(window, reverse):
    f, init = _gru()
    xs = numbers(39, 3)
    ours, record = _compiled(
        f, init, xs, reverse=reverse, mode="parallel", window=window, return_record=True
    )
    assert_same(ours, jax.lax.scan(f, init, xs, reverse=reverse))
    assert record.parallel.shape == ((3,) if window else (1,))
    assert record.parallel.all()
    np.testing.assert_array_equal(record.reason, decision.PARALLEL)
    assert np.all(record.growth_rate < 0)


def test_an_lstm_carries_a_pair():
    cell = eqx.nn.LSTMCell(3, 2, key=jax.random.key(1))

    def f(state, x):
        state = cell(x, state)
        return state, {"hidden": state[0], "input": x}

    init, xs = (jnp.zeros(2), jnp.zeros(2)), numbers(20, 3)
    assert_same(_compiled(f, init, xs, mode="parallel"), jax.lax.scan(f, init, xs))


def test_a_moving_average_is_the_weighted_sum():
    xs = numbers(50)
    mean, _ = _compiled(_filter, 2.0, xs, mode="parallel")
    weights = 0.25 * 0.75 ** jnp.arange(49, -1, -1)
    assert float(mean) == pytest.approx(float(0.75**50 * 2.0 + weights @ xs), rel=1e-12)


def test_a_linear_recurrence_is_solved_at_once():
    """A state-space model: rotations by an angle, c_n = R^n c_0."""
    angle = 0.1
    turn = jnp.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    ((_, angles), record) = _compiled(
        lambda c, _: (turn @ c, turn @ c),
        jnp.array([1.0, 0.0]),
        length=50,
        mode="parallel",
        return_record=True,
    )
    n = np.arange(1, 51)
    np.testing.assert_allclose(angles, np.stack([np.cos(n * 0.1), np.sin(n * 0.1)], 1), atol=1e-12)
    assert record.iterations <= 2
    assert record.growth_rate == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("length", [1, 2, 9])
def test_short_scans_and_carries_without_memory(length):
    def forget(c, x):
        return jnp.sin(x), c

    xs = numbers(length)
    assert_same(
        _compiled(forget, jnp.array(3.0), xs, mode="parallel"),
        jax.lax.scan(forget, jnp.array(3.0), xs),
    )


def test_the_logistic_map_is_solved_where_it_is_periodic():
    """The two points of the cycle are the roots of a quadratic."""
    rate = 3.2

    def f(c, _):
        return rate * c * (1 - c), c

    ours, record = _compiled(f, 0.3, length=96, mode="parallel", return_record=True)
    assert_same(ours, jax.lax.scan(f, 0.3, length=96))
    assert record.parallel[0]
    cycle = np.roots([rate**2, -rate * (rate + 1), rate + 1])
    np.testing.assert_allclose(sorted(ours[1][-2:]), np.sort(cycle))


def test_a_chaotic_map_is_what_stepping_makes_of_it():
    """Errors double at every step, so nothing may be added to those of rounding."""

    def f(c, _):
        return 4 * c * (1 - c), c

    ours, _ = _compiled(f, 0.3, length=96, mode="parallel", return_record=True)
    assert_same(ours, jax.lax.scan(f, 0.3, length=96))


def test_a_chaotic_map_is_given_up_and_still_right():
    """It doubles errors at every step, so few steps converge in an iteration."""

    def f(c, _):
        return 4 * c * (1 - c), c

    method = parasim.Method(interval=1)
    ours, record = _compiled(f, 0.3, length=24, mode="parallel", max_iterations=2, method=method,
                             return_record=True)  # fmt: skip
    assert_same(ours, jax.lax.scan(f, 0.3, length=24), rtol=1e-7)
    assert record.fell_back[0]


@pytest.mark.parametrize(
    "dtype",
    [
        jnp.float32,
        jnp.float64,
        pytest.param(jnp.complex64, marks=pytest.mark.slow),
        jnp.complex128,
    ],
)
def test_every_precision_keeps_its_dtype_without_promotion(dtype):
    matrix = 0.5 * numbers(3, 3).astype(dtype)
    if jnp.iscomplexobj(matrix):
        matrix = matrix * jnp.asarray(1j, dtype)

    def f(c, x):
        c = jnp.tanh(matrix @ c) + x
        return c, jnp.abs(c)

    xs = numbers(20, 3).astype(dtype)
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        ours, record = _compiled(f, xs[0], xs, mode="parallel", return_record=True)
    single = dtype in (jnp.float32, jnp.complex64)
    assert_same(ours, jax.lax.scan(f, xs[0], xs), *((1e-4, 1e-4) if single else ()))
    assert record.parallel.all()


@pytest.mark.parametrize(
    "kinds",
    [
        (jnp.float32, jnp.float64),
        pytest.param((jnp.complex64, jnp.float64), marks=pytest.mark.slow),
    ],
)
def test_a_carry_of_mixed_precision_has_the_tolerance_of_the_lesser(kinds):
    """With that of the other, rounding would have to settle: it takes twice the iterations."""

    def f(c, x):
        low, high = c
        return (jnp.sin(low) + 0.1 * x.astype(low.dtype), 0.5 * jnp.cos(high)), low

    init, xs = (jnp.ones(2, kinds[0]), jnp.ones(2, kinds[1])), numbers(100, 2)
    with jax.numpy_dtype_promotion("strict"):
        ours, record = _compiled(f, init, xs, mode="parallel", return_record=True)
    assert_same(ours, jax.lax.scan(f, init, xs), 1e-4, 1e-4)
    assert record.parallel.all()
    assert record.iterations[0] < 8


@pytest.mark.parametrize(
    ("init", "f"),
    [
        (1.0, lambda c, x: (c * 0.5 + x, c)),
        (0, lambda c, x: (c * 0.5 + x, c)),
        (1.0, lambda c, x: (0.5 * c, c * x)),  # stays weakly typed
        ((1.0, 2), lambda c, x: ((c[0] * 0.5 + x, c[1] + 1), c[0] * c[1])),
    ],
)
def test_pythonnumbers_are_promoted_as_lax_scan_does(init, f):
    xs = numbers(20, dtype=jnp.float32)
    assert_same(newton_scan(f, init, xs, mode="parallel"), jax.lax.scan(f, init, xs), 1e-4, 1e-4)


@pytest.mark.parametrize("reverse", [pytest.param(False, marks=pytest.mark.slow), True])
def test_keys_counters_and_flags_are_stepped_through_first(reverse):
    options = {"length": 20, "reverse": reverse}
    ours, record = _compiled(noisy, NOISY, mode="parallel", window=8, return_record=True, **options)
    assert_same(ours, jax.lax.scan(noisy, NOISY, **options))
    assert record.parallel.all()


@pytest.mark.parametrize("mode", ["auto", "parallel"])
def test_an_integer_that_depends_onnumbers_is_refused_by_name(mode):
    def f(carry, x):
        h, (count,) = carry["h"], carry["counts"]
        return {"h": 0.5 * h, "counts": (count + (h > 0.1),)}, h

    init = {"h": jnp.array(1.0), "counts": (0,)}
    with pytest.raises(ConfigError, match=r"carry\['counts'\]\[0\] of dtype int.*outputs"):
        newton_scan(f, init, length=10, mode=mode)
    ours = newton_scan(f, init, length=10, mode="sequential")
    assert_same(ours, jax.lax.scan(f, init, length=10))


@pytest.mark.parametrize("mode", ["auto", "parallel", "sequential"])
@pytest.mark.parametrize(
    ("init", "length"), [(jnp.array(3), 5), ((), 5), (jnp.zeros((0, 2)), 5), (jnp.array(1.0), 0)]
)
def test_where_there_is_nothing_to_solve_for_it_is_lax_scan(init, length, mode):
    def f(c, _):
        return jax.tree.map(lambda leaf: leaf + jnp.ones((), leaf.dtype), c), (c, 1.0)

    theirs = jax.lax.scan(f, init, length=length)
    assert_same(newton_scan(f, init, length=length, mode=mode), theirs)
    ours, record = newton_scan(f, init, length=length, mode=mode, window=2, return_record=True)
    assert_same(ours, theirs)
    assert not record.parallel.any()
    assert record.finite.shape == (3 if length else 0,)


def test_where_nothing_can_pay_the_program_is_lax_scans():
    f, init = _gru()
    xs = numbers(30, 3)

    def program(scan, **options):
        return str(
            jax.make_jaxpr(lambda init, xs: scan(f, init, xs, unroll=3, **options))(init, xs)
        )

    theirs = program(jax.lax.scan)
    assert program(newton_scan, mode="sequential") == theirs
    assert program(newton_scan, costs=DeviceCosts(1.0, 8.0, 2.0, 4.0)) == theirs
    assert program(newton_scan) == theirs  # on the CPU that tests run on
    assert program(newton_scan, costs=PARALLEL_PAYS) != theirs


@pytest.mark.parametrize("mode", ["auto", "sequential"])
def test_the_record_of_a_plain_scan_says_which_window_failed(mode):
    ours, record = newton_scan(
        lambda c, x: (c * x, c),
        jnp.array(1.0),
        jnp.array([1.0, 1.0, 1.0, np.inf, 1.0, 1.0]),
        mode=mode,
        reverse=True,
        window=2,
        return_record=True,
    )
    assert ours[0] == np.inf
    np.testing.assert_array_equal(record.finite, [True, False, False])
    np.testing.assert_array_equal(record.cost, [2, 2, 2])
    expected = decision.SEQUENTIAL if mode == "sequential" else decision.DEVICE
    assert REASONS[record.reason[0]] == REASONS[expected]
    assert np.isnan(record.growth_rate).all()


def test_auto_learns_from_window_to_window():
    f, init = _gru()
    _, record = _compiled(
        f, init, numbers(300, 3), costs=PARALLEL_PAYS, window=100, return_record=True
    )
    np.testing.assert_array_equal(record.reason, [decision.TRIAL, decision.PAID, decision.PAID])


@pytest.mark.parametrize("mode", ["auto", "parallel", "sequential"])
@pytest.mark.parametrize(
    ("f", "init", "xs", "length"),
    [
        (lambda c, x: (c, None), jnp.zeros(2), (jnp.zeros(3), jnp.zeros(4)), None),
        (lambda c, x: (c, None), jnp.zeros(2), None, None),
        (lambda c, x: (c, None), jnp.zeros(2), jnp.zeros(3), 4),
        (lambda c, x: c, jnp.zeros(3), None, 4),
        (lambda c, x: ((c, c), None), jnp.zeros(2), None, 4),
        (lambda c, x: (c[0], None), jnp.zeros(2), None, 4),
        (lambda c, x: (c.astype(jnp.float32), None), jnp.zeros(2), None, 4),
        (lambda c, x: (c, None), "text", None, 4),
        ("no function", jnp.zeros(2), None, 4),
    ],
)
def test_what_lax_scan_refuses_is_refused_in_its_words(f, init, xs, length, mode):
    with pytest.raises((TypeError, ValueError)) as theirs:
        jax.lax.scan(f, init, xs, length)
    with pytest.raises(theirs.type) as ours:
        newton_scan(f, init, xs, length, mode=mode)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "paralel"}, "did you mean 'parallel'"),
        ({"method": "deer"}, r"method must be a parasim.Method, such as parasim.methods.deer"),
        ({"max_iterations": 2.0}, "max_iterations must be a positive"),
        ({"restart_every": True}, "restart_every must be a positive"),
        ({"window": -3}, "window must be a positive"),
        ({"rtol": 1}, "rtol must be a number between"),
        ({"atol": "small"}, "atol must be a number between"),
        ({"costs": 1e5}, "costs must be a parasim.DeviceCosts"),
    ],
)
def test_options_of_no_use_are_refused(options, said):
    with pytest.raises(ConfigError, match=said):
        newton_scan(_filter, 0.0, jnp.zeros(4), **options)


@pytest.mark.slow
@BOTH
def test_a_batch_equals_its_members(mode):
    f, _ = _gru()
    inits, xs = numbers(3, 4), numbers(3, 20, 3, seed=1)

    def run(init, xs):
        return newton_scan(f, init, xs, mode=mode, window=8, return_record=True)

    ours, record = jax.jit(jax.vmap(run))(inits, xs)
    assert record.iterations.shape == (3, 3)
    for member in range(3):
        assert_same(
            jax.tree.map(lambda leaf: leaf[member], ours),  # noqa: B023
            jax.lax.scan(f, inits[member], xs[member]),
        )


def test_nothing_is_compiled_anew_for_the_same_shapes():
    traces = []

    def f(c, x):
        traces.append(1)
        return _filter(c, x)

    run = jax.jit(lambda c, xs: newton_scan(f, c, xs, mode="parallel"))
    run(1.0, numbers(20))
    first = len(traces)
    run(2.0, numbers(20, seed=1))
    assert len(traces) == first


def test_the_public_name_is_this_function():
    assert parasim.newton_scan is newton_scan
