import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parasim
from parasim.integrators.method._structure import Linearisation
from parasim.integrators.methods import (
    Banded,
    BlockDiagonal,
    Dense,
    Diagonal,
    Identity,
    LowRank,
    Zero,
)

D, M = 12, 5


def _linearisation(jacobians):
    """Linear maps: of the vectors 1."""
    jacobians = jnp.asarray(jacobians)
    starts = jnp.ones(jacobians.shape[:2])

    def push(directions):
        directions = jnp.broadcast_to(directions, (len(jacobians), *directions.shape[-2:]))
        return jacobians.sum(-1), jnp.einsum("mij,mjk->mik", jacobians, directions)

    return Linearisation(starts, push)


def _random(mask=1.0, seed=0):
    return jax.random.normal(jax.random.key(seed), (M, D, D)) * mask


def _as_arrays(structure, matrices):
    """What the matrices do to unit vectors."""
    unit = jnp.broadcast_to(jnp.eye(D), (M, D, D))
    return structure.apply(matrices, unit)


PLACES = np.arange(D)
NEIGHBOURS = (PLACES[:, None] - PLACES[None] + D // 2) % D - D // 2
BLOCKS = np.equal(PLACES[:, None] // 3, PLACES[None] // 3).astype(float)
STRIDED = np.equal(PLACES[:, None] % 4, PLACES[None] % 4).astype(float)
RING = (np.abs(NEIGHBOURS) <= 1).astype(float)
LINE = (np.abs(PLACES[:, None] - PLACES[None]) <= 1).astype(float)

KEPT = {
    "dense": (Dense(), np.ones((D, D))),
    "diagonal": (Diagonal(), np.eye(D)),
    "blocks": (BlockDiagonal(3, exact=False), BLOCKS),
    "strided blocks": (BlockDiagonal(3, exact=False, strided=True), STRIDED),
}
ALL = {
    "exact diagonal": (Diagonal(exact=True), np.eye(D)),
    "exact blocks": (BlockDiagonal(3), BLOCKS),
    "exact strided blocks": (BlockDiagonal(3, strided=True), STRIDED),
    "ring": (Banded(1), RING),
    "line": (Banded(1, periodic=False), LINE),
    "low rank": (LowRank(D), np.ones((D, D))),
}


@pytest.mark.parametrize(("structure", "mask"), KEPT.values(), ids=KEPT)
def test_what_is_outside_of_the_structure_is_dropped(structure, mask):
    jacobians = _random()
    ends, matrices = structure.linearised(_linearisation(jacobians))
    np.testing.assert_allclose(_as_arrays(structure, matrices), jacobians * mask, atol=1e-12)
    np.testing.assert_allclose(ends, jacobians.sum(-1), atol=1e-12)


@pytest.mark.parametrize(("structure", "mask"), ALL.values(), ids=ALL)
def test_a_jacobian_of_the_structure_is_kept(structure, mask):
    jacobians = _random(mask)
    ends, matrices = structure.linearised(_linearisation(jacobians))
    np.testing.assert_allclose(_as_arrays(structure, matrices), jacobians, atol=1e-12)
    np.testing.assert_allclose(ends, jacobians.sum(-1), atol=1e-12)


@pytest.mark.parametrize(("structure", "mask"), (KEPT | ALL).values(), ids=KEPT | ALL)
def test_products_are_those_of_matrices(structure, mask):
    """Of bands and low ranks as far as they are kept, which here is nearly all of a ring of 12."""
    if isinstance(structure, Banded):
        structure = Banded(3, structure.periodic)
    a = structure.linearised(_linearisation(_random(mask)))[1]
    b = structure.linearised(_linearisation(_random(mask, seed=1)))[1]
    product = np.einsum("mij,mjk->mik", _as_arrays(structure, a), _as_arrays(structure, b))
    found = _as_arrays(structure, structure.times(a, b))
    np.testing.assert_allclose(found, product, atol=1e-11)
    halved = structure.divided(a, jnp.full(M, 2.0))
    np.testing.assert_allclose(_as_arrays(structure, halved), _as_arrays(structure, a) / 2)


@pytest.mark.parametrize("name", [*KEPT, "exact strided blocks"])
def test_transposes_and_resolvents_are_those_of_matrices(name):
    structure, mask = (KEPT | ALL)[name]
    a = structure.linearised(_linearisation(_random(mask)))[1]
    array = np.asarray(_as_arrays(structure, a))
    found = _as_arrays(structure, structure.transposed(a))
    np.testing.assert_allclose(found, np.swapaxes(array, 1, 2), atol=1e-12)
    found = _as_arrays(structure, structure.resolvent(a))
    np.testing.assert_allclose(found, np.linalg.inv(np.eye(D) + array), rtol=1e-8, atol=1e-10)


def test_a_product_of_bands_is_cut_to_the_band():
    a = Banded(1).linearised(_linearisation(_random(RING)))[1]
    array = _as_arrays(Banded(1), a)
    found = _as_arrays(Banded(1), Banded(1).times(a, a))
    np.testing.assert_allclose(found, np.einsum("mij,mjk->mik", array, array) * RING, atol=1e-12)


def test_probes_estimate_the_diagonal():
    jacobians = np.eye(D)[None] * np.arange(1.0, M + 1)[:, None, None] + 0.1 * _random()
    matrices = Diagonal(probes=400).linearised(_linearisation(jacobians))[1]
    np.testing.assert_allclose(matrices, np.einsum("mii->mi", jacobians), atol=0.1)


@pytest.mark.parametrize(("structure", "factor"), [(Identity(), 1.0), (Zero(), 0.0)])
def test_multiples_of_the_unit_matrix_take_no_tangents(structure, factor):
    ends, matrices = structure.linearised(_linearisation(_random()))
    np.testing.assert_array_equal(matrices, np.full(M, factor))
    assert structure.tangents(D) == 0
    assert ends.shape == (M, D)


@pytest.mark.parametrize(
    ("structure", "tangents", "numbers"),
    [
        (Dense(), D, D**2),
        (Diagonal(), D, D),
        (Diagonal(exact=True), 1, D),
        (Diagonal(probes=2), 2, D),
        (BlockDiagonal(3), 3, 3 * D),
        (Banded(1), 3, 3 * D),
        (LowRank(2), 4, 4 * D),
    ],
)
def test_what_is_kept_is_counted(structure, tangents, numbers):
    assert structure.tangents(D) == tangents
    assert structure.numbers(D) == numbers
    pushed = []

    def push(directions):
        pushed.append(directions.shape[-1])
        return _linearisation(_random(RING)).push(directions)

    structure.linearised(_linearisation(_random(RING))._replace(push=push))
    assert sum(pushed) in (tangents, 0, 8)  # of a diagonal eight at a time, in a loop


@pytest.mark.parametrize("size", [7, 11, 16])
def test_the_tangents_of_a_ring_do_not_meet_at_its_seam(size):
    groups = Banded(1)._groups(size)
    for group in range(groups.max() + 1):
        places = np.flatnonzero(groups == group)
        apart = np.diff(np.append(places, places[0] + size))
        assert apart.min() > 2


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        (BlockDiagonal(5), r"BlockDiagonal\(5\) cannot represent .* 12 variables.*Dense\(\)"),
        (Banded(6), r"Banded\(6\) keeps 13 diagonals.* width up to 5, or Dense\(\)"),
        (LowRank(13), r"LowRank\(13\) .* choose a rank from 1 to 12"),
    ],
)
def test_what_a_structure_cannot_represent_is_refused(structure, message):
    with pytest.raises(parasim.ConfigError, match=message):
        structure.check(D)


@pytest.mark.parametrize(
    ("structure", "arguments", "message"),
    [
        (Diagonal, {"probes": 0}, "probes of Diagonal must be a positive Python int"),
        (Diagonal, {"probes": -1}, "probes of Diagonal must be a positive Python int"),
        (Diagonal, {"probes": 2.5}, "probes of Diagonal must be a positive Python int"),
        (Diagonal, {"exact": True, "probes": 3}, "leave out probes=3, or exact=True"),
        (BlockDiagonal, {"size": 0}, "size of BlockDiagonal must be a positive Python int"),
        (BlockDiagonal, {"size": "a"}, "size of BlockDiagonal must be a positive Python int"),
        (Banded, {"width": -1}, "width of Banded must be a Python int of at least 0"),
        (Banded, {"width": 1.5}, "width of Banded must be a Python int of at least 0"),
        (LowRank, {"rank": 0}, "rank of LowRank must be a positive Python int"),
        (LowRank, {"rank": 1.5}, "rank of LowRank must be a positive Python int"),
    ],
)
def test_a_structure_of_no_use_is_refused_where_it_is_made(structure, arguments, message):
    with pytest.raises(parasim.ConfigError, match=message):
        structure(**arguments)


@pytest.mark.parametrize("structure", [BlockDiagonal, Banded, LowRank])
def test_numbers_of_numpy_are_those_of_python(structure):
    assert structure(np.int64(2)) == structure(2)
    assert hash(structure(np.int64(2))) == hash(structure(2))
