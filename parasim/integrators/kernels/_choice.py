"""Whether a loop over steps runs as one kernel: on a GPU, where what it carries is small."""

import functools
import os
import warnings
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from parasim._errors import ConfigError, near_names
from parasim.integrators.kernels._entries import NotScalar
from parasim.integrators.kernels._loop import LoopKernel, shapes_of

VARIABLE = "PARASIM_KERNELS"
_USES = ("auto", "never", "interpret")


def kernels_in_use() -> bool:
    """Whether loops may run as kernels.

    They do on a GPU on which one has given what XLA gives, unless the environment variable
    `PARASIM_KERNELS` says `never`; it says `interpret` where jax shall emulate them, for tests.

    Raises:
        ConfigError: the variable says something else.
    """
    use = _asked_for()
    return use == "interpret" or (use == "auto" and jax.default_backend() == "gpu" and _proven())


def loop_kernel(body: Callable, init: PyTree, xs: PyTree) -> Callable | None:
    """Return `jax.vmap(partial(jax.lax.scan, body))`, for such arguments, as one kernel.

    Derivatives do not flow through it. What it returns agrees with the scan up to rounding.

    Arguments:
        body: as of `jax.lax.scan`.
        init: the first states of all lanes, along a leading axis.
        xs: the inputs of all lanes and steps, along two leading axes.

    Returns:
        The kernel `(init, xs, span) -> (last, ys)`; None where none is in use, or can be. The
        span, where it is given, says which steps are made: from the first number on, up to the
        second one. What `ys` says of the others is not defined.
    """
    if not kernels_in_use():
        return None
    step = _closed(body, init, xs)
    try:
        kernel = LoopKernel.of(step, init, xs)
    except NotScalar:
        return None
    interpret = _asked_for() == "interpret"

    def plain(init: PyTree, xs: PyTree, span: Array) -> tuple[PyTree, PyTree]:
        def spanned(carry: PyTree, x: tuple[PyTree, Array]) -> tuple[PyTree, PyTree]:
            inputs, place = x
            made = (place >= span[0]) & (place < span[1])
            last, y = step(carry, inputs)
            return jax.tree.map(lambda new, old: jnp.where(made, new, old), last, carry), y

        places = jnp.arange(kernel.length, dtype=jnp.int32)
        return jax.vmap(lambda init, xs: jax.lax.scan(spanned, init, (xs, places)))(init, xs)

    def chosen(init: PyTree, xs: PyTree, span: Any = None) -> tuple[PyTree, PyTree]:
        init, xs = _constant((init, xs))
        span = jnp.array((0, kernel.length) if span is None else span, jnp.int32)
        if interpret:
            return kernel(init, xs, span, interpret=True)
        # Beside a GPU programs are compiled for the host's CPU as well.
        return jax.lax.platform_dependent(init, xs, span, cuda=kernel, default=plain)

    return chosen


def fused_scan(body: Callable, init: PyTree, xs: PyTree) -> tuple[PyTree, PyTree]:
    """Return `jax.lax.scan(body, init, xs)`, by one kernel where it can be.

    Derivatives do not flow through it.
    """
    one, many = jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], (init, xs))
    kernel = loop_kernel(body, one, many)
    if kernel is None:
        return jax.lax.scan(body, init, xs)
    return jax.tree.map(lambda leaf: leaf[0], kernel(one, many))


def _closed(body: Callable, init: PyTree, xs: PyTree) -> Callable:
    """Return the same function, but derivatives do not flow through what it refers to."""
    carry, x = shapes_of(init, 1), shapes_of(xs, 2)
    return _constant(eqx.filter_closure_convert(body, carry, x))


def _constant(tree: PyTree) -> PyTree:
    numbers, others = eqx.partition(tree, eqx.is_inexact_array)
    return eqx.combine(jax.lax.stop_gradient(numbers), others)


def _asked_for() -> str:
    use = os.environ.get(VARIABLE, "auto")
    if use not in _USES:
        raise ConfigError(f"{VARIABLE} cannot be {use!r}: {near_names(use, _USES)}")
    return use


@functools.cache
def _proven() -> bool:
    """Whether a small kernel gives here what XLA gives; says so if not."""

    def body(y: Any, x: Any) -> tuple[Any, Any]:
        y = 0.5 * jnp.sin(y) + jnp.where(jnp.sum(y) > x, x, jnp.flip(y) * y)
        return y, y

    init = np.linspace(-1, 1, 40 * 3, dtype=np.float32).reshape(40, 3)
    xs = np.linspace(0, 1, 40 * 5, dtype=np.float32).reshape(40, 5)
    try:
        with jax.ensure_compile_time_eval():
            span = jnp.array([0, 5], jnp.int32)
            found = jax.jit(LoopKernel.of(body, init, xs).__call__)(init, xs, span)
            expected = jax.jit(jax.vmap(functools.partial(jax.lax.scan, body)))(init, xs)
            same = all(
                np.allclose(one, other, rtol=1e-4, atol=1e-4)
                for one, other in zip(*map(jax.tree.leaves, (found, expected)), strict=True)
            )
        problem = "it computes something else"
    except (
        *(ImportError, AttributeError, RuntimeError, TypeError, ValueError),
        DeprecationWarning,  # an error where the user says so: jax announces Triton's end in Pallas
    ) as error:
        same, problem = False, repr(error)
    if not same:
        warnings.warn(
            f"a kernel of Pallas does not work on this GPU ({problem}): loops over steps run as "
            f"jax compiles them, which is slower; {VARIABLE}=never says that without a warning",
            stacklevel=2,
        )
    return same
