from functools import lru_cache

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.diffrax_conformance.runs import ARGS, END, assert_close, run
from tests.diffrax_conformance.solvers import CASES, each

# One of each kind of step, for what is dear to compile and the same code for all.
KINDS = ("Tsit5", "HalfSolver", "SemiImplicitEuler", "Kvaerno3", "KenCarp3")
KINDS += ("Heun with noise", "SPaRK with noise", "ALIGN")


def _loss(case, mode, y0, args, adjoint):
    ys = run(case, mode, y0, args, saveat=END, adjoint=adjoint).ys
    weighted = [jnp.vdot(jnp.array([0.7, -1.3]), leaf[-1]) for leaf in jax.tree.leaves(ys)]
    return sum(leaf**2 for leaf in weighted)


def _gradient(case, mode):
    adjoint = diffrax.RecursiveCheckpointAdjoint()

    @jax.jit
    def gradient(y0, args):
        return jax.grad(lambda y0, args: _loss(case, mode, y0, args, adjoint), (0, 1))(y0, args)

    return gradient(case.y0, jnp.array(ARGS))


def _derivative(case, mode):
    @jax.jit
    def derivative(y0, args):
        tangents = jax.tree.map(jnp.cos, y0), jnp.ones_like(args)
        return jax.jvp(
            lambda y0, args: _loss(case, mode, y0, args, diffrax.ForwardMode()),
            (y0, args),
            tangents,
        )[1]

    return derivative(case.y0, jnp.array(ARGS))


@lru_cache
def _stock_gradient(name):
    return _gradient(CASES[name], None)


@each(CASES, fast=())
def test_gradients_are_those_of_the_inner_solver(name):
    """With respect to the start and to a parameter, of a loss on the end."""
    stock = _stock_gradient(name)
    assert_close(_gradient(CASES[name], "parallel"), stock)
    assert all(np.all(leaf != 0) for leaf in jax.tree.leaves(stock))


@each(KINDS, fast=())
def test_gradients_through_windows_that_are_stepped_through_are_the_same(name):
    assert_close(_gradient(CASES[name], "sequential"), _stock_gradient(name))


@pytest.mark.parametrize("mode", ["parallel", pytest.param("sequential", marks=pytest.mark.slow)])
@each(KINDS, fast=())
def test_directional_derivatives_are_those_of_the_inner_solver(name, mode):
    """The default adjoint has none, so by forward mode; the gradient knows the answer."""
    case = CASES[name]
    by_y0, by_args = _stock_gradient(name)
    along = [
        jnp.vdot(g, jnp.cos(y))
        for g, y in zip(jax.tree.leaves(by_y0), jax.tree.leaves(case.y0), strict=True)
    ]
    assert_close(_derivative(case, mode), sum(along) + by_args)
