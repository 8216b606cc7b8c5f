"""Loops over steps, in many lanes side by side, as one kernel: Pallas makes it by Triton."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PyTree

from parasim.integrators.kernels._entries import NotScalar
from parasim.integrators.kernels._scalars import ScalarProgram, written_out

# Lanes per program of the grid: the threads of a warp.
_WARP = 32

# Longer programs take minutes to compile and keep nothing in registers; an estimate.
_MOST_OPERATIONS = 5_000

# Bytes that a thread can keep in registers, on NVIDIA's GPUs.
_REGISTERS = 255 * 4

# Triton counts entries in int32.
_MOST_ENTRIES = 2**31 - 1


@dataclass(frozen=True, eq=False)
class LoopKernel:
    """`jax.lax.scan` in lanes side by side: what is carried from step to step is in registers.

    Attributes:
        body: of the loop, on numbers.
        lanes: how many loops there are.
        length: how many steps there are.
    """

    body: ScalarProgram
    lanes: int
    length: int

    @classmethod
    def of(cls, body: Callable, init: PyTree, xs: PyTree) -> "LoopKernel":
        """Return the kernel of `jax.vmap(partial(jax.lax.scan, body))(init, xs)`.

        Raises:
            NotScalar: there is none.
        """
        lanes = jax.tree.leaves(init)[0].shape[0]
        length = jax.tree.leaves(xs)[0].shape[1]
        if not lanes or not length:
            raise NotScalar("there is nothing to do")
        carry, x = shapes_of(init, 1), shapes_of(xs, 2)
        kept = jax.tree.leaves((carry, x))
        if sum(leaf.size * leaf.dtype.itemsize for leaf in kept) > _REGISTERS:
            raise NotScalar("a state and the inputs of a step do not fit into registers")
        program = written_out(body, carry, x, lanes=_width(lanes), most=_MOST_OPERATIONS)
        if _kinds(program.results[0]) != _kinds(carry):
            raise NotScalar("a step changes the shape or the dtype of the state")
        most = max(leaf.size for leaf in jax.tree.leaves((carry, x, program.results)))
        if (lanes + _WARP) * length * most > _MOST_ENTRIES:
            raise NotScalar("there are more entries than kernels can count")
        return cls(program, lanes, length)

    def __call__(
        self, init: PyTree, xs: PyTree, span: Int[Array, "2"], interpret: bool = False
    ) -> tuple[PyTree, PyTree]:
        """Return the last states, and what every step returned, `(lanes, length, ...)`.

        Arguments:
            init: the first states, along a leading axis.
            xs: the inputs of lanes and steps, along two leading axes.
            span: which step is the first one that is made, and the one before which to stop; what
                the others return is not written.
            interpret: whether jax emulates the kernel, on any device.
        """
        from jax.experimental import pallas as pl
        from jax.experimental.pallas import triton

        width = _width(self.lanes)
        programs = -(-self.lanes // width)

        def lanes_last(leaf: Array, axes: int) -> Array:
            flat = _as_stored(leaf).reshape(*leaf.shape[:axes], -1)
            padding = [(0, programs * width - self.lanes)] + [(0, 0)] * axes
            return jnp.moveaxis(jnp.pad(flat, padding, mode="edge"), 0, -1)

        def output(leaf: Any, *before: int) -> jax.ShapeDtypeStruct:
            shape = (*before, leaf.size, programs * width)
            return jax.ShapeDtypeStruct(shape, _stored_dtype(leaf.dtype))

        def block(array: Any) -> Any:
            before = (np.int32(0),) * (array.ndim - 1)
            if not before:
                return pl.BlockSpec(array.shape, lambda _: (np.int32(0),))
            return pl.BlockSpec((*array.shape[:-1], width), lambda i: (*before, i))

        carry, ys = self.body.results
        operands = (
            span,
            [_as_stored(leaf).reshape(-1) for leaf in _filled(self.body.shared)],
            [lanes_last(leaf, 1) for leaf in _filled(init)],
            [lanes_last(leaf, 2) for leaf in _filled(xs)],
        )
        outputs = (
            [output(leaf) for leaf in _filled(carry)],
            [output(leaf, self.length) for leaf in _filled(ys)],
        )
        last, every = pl.pallas_call(
            partial(self._steps, _filled(shapes_of(init, 1)), _filled(shapes_of(xs, 2))),
            out_shape=outputs,
            grid=(programs,),
            in_specs=jax.tree.map(block, operands),
            out_specs=jax.tree.map(block, outputs),
            compiler_params=triton.CompilerParams(num_warps=1),
            interpret=interpret,
            name="parasim_loop",
        )(*operands)
        return self._unpacked(last, carry, ()), self._unpacked(every, ys, (self.length,))

    def _steps(self, carry: list, x: list, *references: Any) -> None:
        """Make all steps of the lanes of one program of the grid.

        Arguments:
            carry, x: shapes and dtypes of a state and an input.
            references: to operands, then to outputs, as `__call__` lists them.
        """
        span, shared, first, inputs, last, every = references
        used = iter(self.body.used)
        width = _width(self.lanes)
        which = [
            [next(used) for leaf in leaves for _ in range(leaf.size)]
            for leaves in (_filled(self.body.shared), carry, x)
        ]
        constants = _loaded(shared, _filled(self.body.shared), which[0], width, ())
        results = jax.tree.leaves(self.body.results[0])
        carried = sum(leaf.size for leaf in results)

        def inputs_at(step: Any) -> list[Array]:
            return _loaded(inputs, x, which[2], width, (step,), slice(None))

        def body(step: Array, numbers: tuple[list, list]) -> tuple[list, list]:
            state, x_now = numbers
            # Before it is needed: loads take as long as a hundred operations.
            x_next = inputs_at(jnp.minimum(step + 1, np.int32(self.length - 1)))
            outcome = self.body(*constants, *state, *x_now)
            _store(every, outcome[carried:], step)
            return outcome[:carried], x_next

        start = _loaded(first, carry, which[1], width, (), slice(None))
        start = start, inputs_at(jnp.minimum(span[0], np.int32(self.length - 1)))
        state, _ = jax.lax.fori_loop(span[0], span[1], body, start)
        _store(last, state)

    def _unpacked(self, arrays: list[Array], tree: PyTree, before: tuple[int, ...]) -> PyTree:
        """Return what was written as a tree."""
        found: Iterator[Array] = iter(arrays)

        def one(like: Any) -> Array:
            if not like.size:
                return jnp.zeros((self.lanes, *before, *like.shape), like.dtype)
            lanes_first = jnp.moveaxis(next(found), -1, 0)[: self.lanes]
            return _restored(lanes_first, like.dtype).reshape(self.lanes, *before, *like.shape)

        return jax.tree.map(one, tree)


def _loaded(
    refs: list, likes: list, used: list[bool], width: int, before: tuple, *lanes: slice
) -> list[Array]:
    """Return the numbers behind references; those that are not used are zero."""
    uses, numbers = iter(used), []
    for ref, like in zip(refs, likes, strict=True):
        for place in range(like.size):
            if next(uses):
                number = _restored(ref[(*before, place, *lanes)], like.dtype)
                numbers.append(jnp.broadcast_to(number, (width,)))
            else:
                numbers.append(jnp.zeros((width,), like.dtype))
    return numbers


def _store(refs: list, numbers: list[Array], *before: Any) -> None:
    """Write numbers behind references."""
    next_ = iter(numbers)
    for ref in refs:
        for place in range(ref.shape[-2]):
            ref[(*before, place, slice(None))] = next(next_).astype(ref.dtype)


def _width(lanes: int) -> int:
    """Return how many lanes one program of the grid has: Triton wants a power of two."""
    return min(_WARP, 1 << (lanes - 1).bit_length())


def shapes_of(tree: PyTree, axes: int) -> PyTree:
    """Return the shapes and dtypes of what lies along leading axes."""
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[axes:], leaf.dtype), tree)


def _filled(tree: PyTree) -> list[Any]:
    """Return the leaves that are not empty."""
    return [leaf for leaf in jax.tree.leaves(tree) if leaf.size]


def _kinds(tree: PyTree) -> tuple[Any, list]:
    leaves, treedef = jax.tree.flatten(tree)
    return treedef, [(leaf.shape, leaf.dtype) for leaf in leaves]


def _stored_dtype(dtype: Any) -> Any:
    """Return the dtype in memory: there are no single bits."""
    return np.dtype(np.int32) if dtype == np.bool_ else dtype


def _as_stored(array: Array) -> Array:
    return array.astype(_stored_dtype(array.dtype))


def _restored(array: Array, dtype: Any) -> Array:
    return array != 0 if dtype == np.bool_ else array
