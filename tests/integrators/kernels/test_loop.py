"""The kernels, emulated on the CPU, against `jax.lax.scan`; and whether Triton takes them."""

from functools import partial

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.kernels._loop import LoopKernel
from parasim.integrators.kernels._scalars import ELEMENTWISE, NotScalar
from parasim.integrators.steps._explicit import ExplicitStep
from parasim.integrators.steps._nodes import Slot
from tests.cuda import program_for_cuda


def _scans(body, init, xs):
    return jax.jit(jax.vmap(partial(jax.lax.scan, body)))(init, xs)


def _emulated(body, init, xs):
    kernel = LoopKernel.of(body, init, xs)
    return jax.jit(lambda init, xs: kernel(init, xs, _all(xs), interpret=True))(init, xs)


def _all(xs):
    return jnp.array([0, jax.tree.leaves(xs)[0].shape[1]], jnp.int32)


def _assert_same(found, expected, dtype):
    tolerance = 100 * float(jnp.finfo(dtype).eps)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def _lorenz_step(dtype):
    def field(t, y):
        x, y, z = y
        return jnp.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])

    return ExplicitStep(diffrax.Tsit5(), field, dtype(0.01), jnp.full(3, 0.01, dtype))


def _slots(lanes, length, dtype):
    times = jnp.arange(lanes * length, dtype=dtype).reshape(lanes, length) * dtype(0.01)
    return Slot(times, times + dtype(0.01), moving=(times < 0.08))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_trajectory_is_that_of_a_scan(dtype):
    step = _lorenz_step(dtype)

    def body(y, slot):
        y = jnp.where(slot.moving, step(y, slot), y)
        return y, {"state": y, "moving": slot.moving}

    arguments = body, jnp.array([[1, 2, 20]], dtype), _slots(1, 10, dtype)
    _assert_same(_emulated(*arguments), _scans(*arguments), dtype)
    assert "triton" in program_for_cuda(
        LoopKernel.of(*arguments), *arguments[1:], _all(arguments[2])
    )


def test_tangents_of_many_trajectories_are_those_of_scans():
    """More than one program of the grid, the last of which is not full."""

    def body(carry, x):
        y, tangents = carry

        def along(tangent):
            return jax.jvp(lambda y: x * jnp.sin(jnp.roll(y, 1)) * y, (y,), (tangent,))

        return jax.vmap(along, -1, (None, -1))(tangents), None

    starts = jax.random.normal(jax.random.key(0), (33, 2))
    units = jnp.broadcast_to(jnp.eye(2), (33, 2, 2))
    arguments = body, (starts, units), jnp.linspace(0, 1, 33 * 3).reshape(33, 3)
    _assert_same(_emulated(*arguments), _scans(*arguments), np.float64)


def test_products_that_do_not_commute_keep_their_order():
    matrices = jax.random.normal(jax.random.key(0), (3, 4, 2, 2))

    def body(product, matrix):
        return matrix @ product, None

    arguments = body, jnp.broadcast_to(jnp.eye(2), (3, 2, 2)), matrices
    found, _ = _emulated(*arguments)
    for one, four in zip(found, matrices, strict=True):
        np.testing.assert_allclose(one, four[3] @ four[2] @ four[1] @ four[0], rtol=1e-12)


def test_only_the_steps_of_a_span_are_made():
    def body(y, x):
        y = 2 * y + x
        return y, y

    init, xs = jnp.array([[1.0]]), jnp.arange(6.0)[None]
    kernel = LoopKernel.of(body, init, xs)
    run = jax.jit(lambda span: kernel(init, xs, span, interpret=True))
    last, ys = run(jnp.array([2, 4], jnp.int32))
    np.testing.assert_array_equal(ys[0, 2:4, 0], [4, 11])
    np.testing.assert_array_equal(last, [[11]])
    np.testing.assert_array_equal(run(jnp.array([6, 6], jnp.int32))[0], init)


def test_members_of_a_batch_have_their_own_parameters():
    def run(parameter, y0, interpret):
        def body(y, x):
            y = parameter * y + x
            return y, y

        arguments = y0[None], jnp.ones((1, 3))
        if not interpret:
            return _scans(body, *arguments)
        return LoopKernel.of(body, *arguments)(*arguments, _all(arguments[1]), interpret=True)

    members = jnp.array([0.5, 2.0]), jnp.array([[1.0], [3.0]])
    found, expected = (jax.vmap(partial(run, interpret=each))(*members) for each in (True, False))
    _assert_same(found, expected, np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_with_tangents_is_one_programprogram_for_cuda(dtype):
    step = _lorenz_step(dtype)

    def body(carry, slot):
        y, tangents = carry

        def along(tangent):
            return jax.jvp(lambda y: step(y, slot), (y,), (tangent,))

        return jax.vmap(along, -1, (None, -1))(tangents), None

    init = jnp.ones((100, 3), dtype), jnp.broadcast_to(jnp.eye(3, dtype=dtype), (100, 3, 3))
    xs = _slots(100, 8, dtype)
    assert (
        program_for_cuda(LoopKernel.of(body, init, xs), init, xs, _all(xs)).count("custom_call @")
        == 1
    )


_FUNCTIONS = {
    "add_any": jax.lax.add,
    "and": jax.lax.bitwise_and,
    "clamp": lambda x, y: jax.lax.clamp(x, y, y + 1),
    "convert_element_type": lambda x, y: (
        x.astype(jnp.int32).astype(y.dtype) + (x > y).astype(y.dtype)
    ),
    "integer_pow": lambda x, y: x**3 / y**2,
    "not": lambda x, _: ~x,
    "or": jax.lax.bitwise_or,
    "select_n": lambda x, y: jax.lax.select(x > y, x, y),
    "xor": jax.lax.bitwise_xor,
}
_OF_TWO = ("add", "atan2", "div", "eq", "ge", "gt", "le", "lt", "max", "min", "mul", "ne", "pow")
_OF_TWO = (*_OF_TWO, "rem", "sub", *_FUNCTIONS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_operation_is_oneprogram_for_cuda(dtype):
    x = jnp.full((2, 1, 1), 0.5, dtype)

    def body(carry, x):
        results = []
        for name in sorted(ELEMENTWISE):
            f = _FUNCTIONS[name] if name in _FUNCTIONS else getattr(jax.lax, name)
            flags = name in ("and", "or", "xor", "not")
            given = (x > carry, carry > 1) if flags else (x, carry)
            results.append(f(*given) if name in _OF_TWO else f(given[0]))
        return carry, results

    init = jnp.ones((2, 1), dtype)
    assert "triton" in program_for_cuda(LoopKernel.of(body, init, x), init, x, _all(x))


@pytest.mark.parametrize(
    ("body", "init"),
    [
        (lambda y, x: (y * 2, jnp.linalg.inv(jnp.diag(y))), jnp.ones((2, 2))),
        (lambda y, x: (y.astype(np.float32), None), jnp.ones((2, 2))),
        (lambda y, x: (y + x, None), jnp.ones((2, 200))),
        (lambda y, x: (jax.lax.fori_loop(0, 3, lambda _, y: y * y, y), None), jnp.ones((2, 2))),
        (lambda y, x: (jnp.roll(y, x.astype(int)), None), jnp.ones((2, 2))),
        (lambda y, x: (y * 1j, None), jnp.ones((2, 2), complex)),
        (lambda y, x: (jnp.ones((40, 40)) @ jnp.outer(y, y) @ y, None), jnp.ones((2, 40))),
        (lambda y, x: (y, None), jnp.ones((0, 2))),
    ],
)
def test_there_is_no_kernel_of_what_numbers_alone_cannot_do(body, init):
    with pytest.raises(NotScalar):
        LoopKernel.of(body, init, jnp.ones((len(init), 3)))
