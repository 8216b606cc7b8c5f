import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.newton._compiler import FEW_VARIABLES, costly, scan_in_blocks, stored

STATES = {
    "few": jnp.array([1.5, -jnp.inf, jnp.nan]),
    "many": jnp.array([1.5, -0.0, jnp.inf, jnp.nan, 1e-300]),
    "float32": jnp.arange(5, dtype=jnp.float32),
    "complex": jnp.array([1 + 2j, jnp.inf + 1j, 3.0, 4.0, -1j]),
    "tree": {"a": jnp.ones((2, 3)), "b": jnp.float32(3.0)},
    "subnormal": jnp.array([1.5, -0.0, jnp.inf, jnp.nan, 1e-310]),
}

PARAMETER = jnp.array(2.0)


# The options that the fast suite is compiled with take subnormal numbers as zero.
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name == "subnormal" else ()) for name in STATES],
)
def test_values_are_the_same_to_the_last_bit(name):
    state = STATES[name]
    kept = jax.jit(stored)(state)
    for before, after in zip(jax.tree.leaves(state), jax.tree.leaves(kept), strict=True):
        assert after.dtype == before.dtype
        np.testing.assert_array_equal(np.asarray(after), np.asarray(before))


@pytest.mark.parametrize("size", [FEW_VARIABLES, FEW_VARIABLES + 1])
def test_derivatives_are_the_identity_whichever_way(size):
    y = jnp.linspace(1.0, 2.0, size)
    for derivative in (jax.jacfwd, jax.jacrev):
        np.testing.assert_array_equal(derivative(stored)(y), np.eye(size))
    members = jax.vmap(jax.hessian(lambda y: jnp.sum(stored(y) ** 2)))(jnp.stack([y, 2 * y]))
    np.testing.assert_allclose(members, np.broadcast_to(2 * np.eye(size), (2, size, size)))


def _twice(y):
    return stored(stored(y) ** 2)


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="only CPUs need it")
@pytest.mark.parametrize(
    ("function", "members", "of_few", "of_many"),
    [
        (stored, (), 0, 1),
        (jax.vmap(stored), (7,), 0, 1),
        (jax.grad(lambda y: jnp.sum(stored(y) ** 2)), (), 2, 2),
        (jax.vmap(jax.jacfwd(_twice)), (7,), 3, 3),
    ],
    ids=["a value", "a batch", "a gradient", "a batch of Jacobians"],
)
def test_the_compiler_does_not_see_through_it(function, members, of_few, of_many):
    for size, expected in ((FEW_VARIABLES, of_few), (FEW_VARIABLES + 1, of_many)):
        program = jax.jit(function).lower(jnp.ones((*members, size))).compile().as_text()
        assert program.count(" divide(") == expected, size


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (lambda t, y: -y, False),
        (lambda t, y: jnp.exp(-y), True),
        (lambda t, y: jnp.sin(t) - y, True),
        (lambda t, y: jnp.where(y > 0, jnp.log(1 + y * y), y), True),
        (lambda t, y: jax.jit(jnp.tanh)(2 * y), True),
        (lambda t, y: jnp.log(PARAMETER / 3.0) - y, False),
    ],
    ids=["linear", "of the state", "of time", "in a branch", "in a function", "of a parameter"],
)
def test_only_what_varies_in_a_loop_is_costly(field, expected):
    assert costly(field, 0.0, jnp.ones(2)) is expected


@pytest.mark.parametrize(
    ("steps", "size", "loops"),
    [(1000, 3, 2), (997, 3, 1), (96, 64, 1)],
    ids=["in blocks", "a prime number of steps", "large states"],
)
def test_a_scan_in_blocks_is_the_scan(steps, size, loops):
    def body(carry, x):
        carry = jnp.cos(carry) + x["scale"] * x["shift"]
        return carry, {"state": carry, "sum": jnp.sum(carry)}

    xs = {"scale": jnp.linspace(0, 1, steps), "shift": jnp.ones((steps, size), jnp.float32)}
    start = jnp.linspace(0, 1, size)
    own, expected = jax.jit(
        lambda: (scan_in_blocks(body, start, xs), jax.lax.scan(body, start, xs))
    )()
    jax.tree.map(np.testing.assert_array_equal, own, expected)
    if jax.default_backend() == "cpu":
        assert (
            str(jax.make_jaxpr(lambda: scan_in_blocks(body, start, xs))()).count("scan[") == loops
        )
