"""A scan's function traced once, and what its integers depend on.

Newton's method needs real numbers. Counters, flags and random keys of a carry are none; where they
do not depend on those that are, they can be stepped through first.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, jaxpr_as_fun
from jaxtyping import PyTree

from parasim._errors import ConfigError

# These call the one function that they hold on their operands, in order. What an operand of any
# other primitive that holds a function (a loop, a branch) is used for is not looked into.
_CALLS = frozenset(
    {"jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call", "remat2"}
)


def is_number(leaf: Any) -> bool:
    """Whether a leaf holds real or complex floating-point numbers."""
    return jnp.issubdtype(jnp.result_type(leaf), jnp.inexact)


class TracedStep:
    """The function of a scan, `(carry, x) -> (carry, y)`, as its jaxpr.

    Dtypes inside are those of `jax.lax.scan`, also where it has a weakly typed carry.

    Arguments:
        f: the function.
        carry: the shapes and dtypes of its carry.
        x: those of one step's input.
    """

    def __init__(self, f: Callable[[Any, Any], Any], carry: PyTree, x: PyTree):
        self.carry = carry
        self._jaxpr, outputs = jax.make_jaxpr(f, return_shape=True)(carry, x)
        self._outputs = jax.tree.structure(outputs)

    def __call__(self, carry: PyTree, x: PyTree) -> tuple[PyTree, PyTree]:
        """Make one step."""
        leaves = jaxpr_as_fun(self._jaxpr)(*jax.tree.leaves((carry, x)))
        return jax.tree.unflatten(self._outputs, leaves)

    def check_split(self) -> None:
        """Check that what is no number in the carry does not depend on the numbers in it.

        Raises:
            ConfigError: a leaf does; the message names it and what can be done.
        """
        leaves, _ = jax.tree_util.tree_flatten_with_path(self.carry)
        numbers = [is_number(leaf) for _, leaf in leaves]
        inputs = [False] * (len(self._jaxpr.jaxpr.invars) - len(leaves))
        depends = _dependent(self._jaxpr.jaxpr, numbers + inputs)
        for (path, leaf), number, dependent in zip(leaves, numbers, depends, strict=False):
            if dependent and not number:
                raise ConfigError(
                    f"carry{jax.tree_util.keystr(path)} of dtype {leaf.dtype} depends on "
                    "floating-point numbers in the carry, so it cannot be stepped through before "
                    "them: compute it from the outputs afterwards, carry it as floating-point "
                    "numbers that vary smoothly, or use mode='sequential'"
                )


def _dependent(jaxpr: Jaxpr, of_interest: Sequence[bool]) -> list[bool]:
    """Return which outputs of a jaxpr may depend on those of its inputs that are of interest."""
    marked = {var for var, mark in zip(jaxpr.invars, of_interest, strict=True) if mark}

    def is_marked(atom: Any) -> bool:
        return not isinstance(atom, Literal) and atom in marked

    for equation in jaxpr.eqns:
        inputs = [is_marked(atom) for atom in equation.invars]
        called = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
        outputs = [any(inputs)] * len(equation.outvars)
        if equation.primitive.name in _CALLS and called is not None:
            called = called.jaxpr if isinstance(called, ClosedJaxpr) else called
            if len(called.invars) == len(inputs):
                outputs = _dependent(called, inputs)
        marked.update(var for var, mark in zip(equation.outvars, outputs, strict=True) if mark)
    return [is_marked(atom) for atom in jaxpr.outvars]
