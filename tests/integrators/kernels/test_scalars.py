import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim.integrators.kernels._entries import NotScalar
from parasim.integrators.kernels._scalars import written_out

MATRIX = np.arange(6.0).reshape(2, 3)


def _written(f, *arrays):
    program = written_out(f, *arrays, lanes=1, most=500)
    numbers = [jnp.full(1, entry) for array in arrays for entry in np.ravel(array)]
    found = iter(jax.jit(lambda *numbers: program(*numbers))(*numbers))
    return [
        np.array([next(found)[0] for _ in range(like.size)]).reshape(like.shape)
        for like in jax.tree.leaves(program.results)
    ]


@pytest.mark.parametrize(
    "f",
    [
        lambda y: jnp.stack([y[0] * y[1], y[2]]),
        lambda y: jnp.concatenate([y[1:], y[:1]])[::-1],
        lambda y: jnp.roll(y, 1) + jnp.pad(y[:2], (1, 0)),
        lambda y: MATRIX @ y,
        lambda y: jnp.einsum("i,jk,k->ji", y, MATRIX, y),
        lambda y: jnp.outer(y, y).sum(axis=0) + jnp.max(y) - jnp.min(y) * jnp.prod(y),
        lambda y: y[jnp.array([2, 0])] + jax.lax.dynamic_slice(y, (1,), (2,)),
        lambda y: jnp.zeros(4).at[1:].set(y).at[0].set(y[2]),
        lambda y: jnp.where(jnp.any(y > 1) & jnp.all(y > 0), y, -y),
        lambda y: jax.nn.softplus(jax.jit(jnp.tanh)(y)) + jnp.arange(3.0) + jax.nn.relu(y - 1),
        lambda y: jax.jacfwd(lambda y: MATRIX @ jnp.sin(y) * y[:2])(y),
        lambda y: jnp.broadcast_to(y[:, None], (3, 2)).T.reshape(3, 2),
        lambda y: (jnp.ones(2), jax.checkpoint(jnp.cos)(y), jnp.isfinite(y / y[0])),
    ],
)
def test_numbers_are_those_of_the_function(f):
    y = jnp.array([0.3, 1.2, 2.5])
    expected = jax.tree.leaves(jax.jit(f)(y))
    for one, other in zip(_written(f, y), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)


def test_what_is_known_later_is_an_operand():
    def compiled(parameters):
        program = written_out(lambda y: y * parameters, jnp.ones(2), lanes=1, most=10)
        assert len(program.shared) == 1
        return program(*(jnp.full(1, x) for x in (parameters[0], parameters[1], 3.0, 4.0)))

    found = jax.jit(compiled)(jnp.array([5.0, 6.0]))
    np.testing.assert_allclose(np.ravel(found), [15, 24])


def test_inputs_that_do_not_matter_are_marked():
    program = written_out(lambda y, x: (y[1] * 2, x[0]), jnp.ones(2), jnp.ones(2), lanes=1, most=10)
    assert program.used == [False, True, True, False]


def test_an_index_out_of_bounds_is_refused():
    with pytest.raises(NotScalar, match="out of bounds"):
        written_out(lambda y: y.at[jnp.array([5])].get(mode="fill"), jnp.ones(2), lanes=1, most=10)
