"""Values with a rule for their tangents, which no transformation forgets.

`jax.custom_jvp` is of no use for this: reverse mode of a `jax.lax.scan` replaces what it repeats by
its body, without the rule, and derivatives of that gradient are then silently wrong.
"""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import PyTree

# (numbers of the arrays that have tangents) -> (arrays, values, those tangents) -> tangents
_Rule = Callable[[tuple[int, ...]], Callable[..., Sequence[Any]]]


def with_tangent_rule(
    rule: Callable[[PyTree, PyTree, PyTree], PyTree], problem: PyTree, values: PyTree
) -> PyTree:
    """Return the values as they are, with the tangents that a rule gives them.

    Arguments:
        rule: `(problem, values, tangents of the problem) -> tangents of the values`, linear in the
            tangents; those of leaves that have none are None. It refers to no arrays.
        problem: what the values depend on.
        values: arrays; derivatives do not flow through them.
    """
    arrays, static = eqx.partition(problem, eqx.is_array)
    leaves, structure = jax.tree.flatten(arrays)
    known, values_structure = jax.tree.flatten(values)

    def with_tangents_of(which: tuple[int, ...]) -> Callable[..., Sequence[Any]]:
        def tangents(leaves: Sequence[Any], known: Sequence[Any], given: Sequence[Any]):
            padded: list[Any] = [None] * len(leaves)
            for place, tangent in zip(which, given, strict=True):
                padded[place] = tangent
            problem = eqx.combine(jax.tree.unflatten(structure, leaves), static)
            values = jax.tree.unflatten(values_structure, known)
            return jax.tree.leaves(rule(problem, values, jax.tree.unflatten(structure, padded)))

        return tangents

    out = _valued.bind(*leaves, *known, count=len(known), rule=with_tangents_of)
    return jax.tree.unflatten(values_structure, out)


_valued = Primitive("parasim_valued")
_valued.multiple_results = True


@_valued.def_impl
def _impl(*operands: Any, count: int, rule: _Rule) -> list[Any]:
    del rule
    return list(operands[len(operands) - count :])


_valued.def_abstract_eval(_impl)
mlir.register_lowering(_valued, mlir.lower_fun(_impl, multiple_results=True))


def _jvp(
    primals: Sequence[Any], tangents: Sequence[Any], *, count: int, rule: _Rule
) -> tuple[list[Any], list[Any]]:
    values = _valued.bind(*primals, count=count, rule=rule)
    size = len(primals) - count
    which = tuple(n for n in range(size) if not isinstance(tangents[n], ad.Zero))
    if not which:
        return values, [jnp.zeros_like(value) for value in values]
    given = [tangents[n] for n in which]
    return values, list(rule(which)(primals[:size], values, given))


ad.primitive_jvps[_valued] = _jvp


def _batch(
    operands: Sequence[Any], axes: Sequence[int | None], *, count: int, rule: _Rule
) -> tuple[list[Any], list[int]]:
    pairs = list(zip(operands, axes, strict=True))
    size = next(operand.shape[axis] for operand, axis in pairs if axis is not None)
    batched = [
        jnp.broadcast_to(operand, (size, *operand.shape))
        if axis is None
        else jnp.moveaxis(operand, axis, 0)
        for operand, axis in pairs
    ]
    members = _valued.bind(*batched, count=count, rule=lambda which: jax.vmap(rule(which)))
    return members, [0] * count


batching.primitive_batchers[_valued] = _batch
