"""Functions of small arrays, written out on their single numbers.

Inside a kernel of a GPU there are no small arrays: a thread keeps numbers in its registers. So a
function is traced, and its jaxpr is evaluated with an object array of numbers in the place of
every array. What moves entries about (slices, transposes, gathers at known places) then costs
nothing, and a reduction or a small product of matrices becomes a sum.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, jaxpr_as_fun
from jaxtyping import PyTree

# Those that Pallas lowers to Triton; tests/integrators/kernels lowers them all.
ELEMENTWISE = frozenset(
    (
        *("abs", "acos", "acosh", "add", "add_any", "and", "asin", "asinh", "atan", "atan2"),
        *("atanh", "cbrt", "ceil", "clamp", "convert_element_type", "cos", "cosh", "div", "eq"),
        *("exp", "exp2", "expm1", "floor", "ge", "gt", "integer_pow", "is_finite", "le", "log"),
        *("log1p", "logistic", "lt", "max", "min", "mul", "ne", "neg", "not", "or", "pow", "rem"),
        *("rsqrt", "select_n", "sign", "sin", "sinh", "sqrt", "square", "sub", "tan", "tanh"),
        "xor",
    )
)
DTYPES = frozenset(map(np.dtype, ("bool", "int32", "int64", "float32", "float64")))
_CALLS = frozenset(
    (
        *("jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call"),
        *("remat2", "checkpoint"),
    )
)
_IDENTITIES = frozenset(("copy", "copy_p", "optimization_barrier", "stop_gradient"))
_REDUCTIONS = {
    "reduce_sum": jax.lax.add,
    "reduce_prod": jax.lax.mul,
    "reduce_max": jax.lax.max,
    "reduce_min": jax.lax.min,
    "reduce_and": jax.lax.bitwise_and,
    "reduce_or": jax.lax.bitwise_or,
}
# Which operands hold the entries that are moved; the others say where to, and must be known.
_MOVES = {
    "dynamic_slice": (0,),
    "dynamic_update_slice": (0, 1),
    "gather": (0,),
    "pad": (0, 1),
    "scatter": (0, 2),
    "split": (0,),
    "stack": None,  # all of them
    "unstack": (0,),
}


class NotScalar(Exception):
    """A function cannot be written out on scalars."""


class ScalarProgram(NamedTuple):
    """A function of numbers, in as many lanes side by side.

    Attributes:
        program: from the single entries of `shared` and of the arguments' leaves to those of the
            results' leaves.
        shared: arrays that the function refers to, known only when the program runs.
        used: which of its inputs the program depends on.
        results: the shapes and dtypes of what the function returns.
    """

    program: ClosedJaxpr
    shared: list[Any]
    used: list[bool]
    results: PyTree

    def __call__(self, *numbers: Any) -> list[Any]:
        """Compute the results' entries."""
        return jaxpr_as_fun(self.program)(*numbers)


def written_out(
    f: Callable[..., PyTree], *arguments: PyTree, lanes: int, most: int
) -> ScalarProgram:
    """Return a function of small arrays as one of numbers.

    Arguments:
        f: the function.
        arguments: the shapes and dtypes of what it is called with.
        lanes: the number in the place of every entry is a vector of this length.
        most: so many operations at most.

    Raises:
        NotScalar: the function does what cannot be written so: loops, branches, indices that
            depend on the state, an operation that kernels do not have, or too much.
    """
    traced, results = jax.make_jaxpr(f, return_shape=True)(*arguments)
    tracers = [isinstance(constant, Tracer) for constant in traced.consts]
    shared = [c for c, is_tracer in zip(traced.consts, tracers, strict=True) if is_tracer]
    arrays = [*shared, *jax.tree.leaves(arguments)]
    for array in [*arrays, *traced.consts, *jax.tree.leaves(results)]:
        _check_dtype(array.dtype)
    if sum(math.prod(array.shape) for array in arrays) > most:
        raise NotScalar("more numbers than operations may be")

    def on_numbers(*numbers: Any) -> list[Any]:
        entries = iter(numbers)
        inputs = [_filled(array.shape, entries) for array in arrays]
        known = iter(inputs[: len(shared)])
        constants = [
            next(known) if is_tracer else np.asarray(constant)
            for constant, is_tracer in zip(traced.consts, tracers, strict=True)
        ]
        writer = _Writer(lanes, most)
        outputs = writer.evaluate(traced.jaxpr, constants, inputs[len(shared) :])
        return [number for output in outputs for number in writer.numbers(output).flat]

    program = jax.make_jaxpr(on_numbers)(
        *(
            jax.ShapeDtypeStruct((lanes,), array.dtype)
            for array in arrays
            for _ in range(math.prod(array.shape))
        )
    )
    if len(program.jaxpr.eqns) > most:
        raise NotScalar(f"{len(program.jaxpr.eqns)} operations on scalars are too many")
    return ScalarProgram(program, shared, _used(program.jaxpr), results)


class _Writer:
    """Evaluates a jaxpr on object arrays of numbers, and on arrays that are known while tracing."""

    def __init__(self, lanes: int, most: int):
        self.lanes = lanes
        self.left = most

    def evaluate(self, jaxpr: Jaxpr, constants: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
        """Return the outputs."""
        values = dict(zip(jaxpr.constvars, constants, strict=True))
        values.update(zip(jaxpr.invars, inputs, strict=True))

        def read(atom: Any) -> Any:
            return np.asarray(atom.val) if isinstance(atom, Literal) else values[atom]

        for equation in jaxpr.eqns:
            for variable in equation.outvars:
                _check_dtype(getattr(variable.aval, "dtype", None))
            outputs = self._results(equation, [read(atom) for atom in equation.invars])
            values.update(zip(equation.outvars, outputs, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def numbers(self, value: np.ndarray) -> np.ndarray:
        """Return an array of numbers also where its entries are known."""
        if value.dtype == object:
            return value
        full = [jax.lax.full((self.lanes,), entry, value.dtype) for entry in value.flat]
        return _filled(value.shape, iter(full))

    def _results(self, equation: Any, operands: list[np.ndarray]) -> list[Any]:
        name, params = equation.primitive.name, equation.params
        if name in _CALLS:
            called = params.get("jaxpr", params.get("call_jaxpr"))
            inner, constants = (
                (called.jaxpr, called.consts) if isinstance(called, ClosedJaxpr) else (called, ())
            )
            return self.evaluate(inner, [np.asarray(c) for c in constants], operands)
        if name in _IDENTITIES:
            return operands
        if all(operand.dtype != object for operand in operands):
            return _evaluated(equation, operands)
        shape = equation.outvars[0].aval.shape
        if name in _MOVES:
            return self._moved(equation, operands)
        operands = [self.numbers(operand) for operand in operands]
        self._count(equation, operands)
        if name in ELEMENTWISE:
            entries = zip(*(np.broadcast_to(x, shape).flat for x in operands), strict=True)
            return [_filled(shape, (equation.primitive.bind(*e, **params) for e in entries))]
        if name in _REDUCTIONS:
            return [_reduced(_REDUCTIONS[name], operands[0], params["axes"])]
        if name == "dot_general":
            if any(atom.aval.dtype != equation.outvars[0].aval.dtype for atom in equation.invars):
                raise NotScalar("a product of matrices that changes the dtype")
            return [_product(operands[0], operands[1], params["dimension_numbers"])]
        return [_placed(name, operands, params, shape)]

    def _count(self, equation: Any, operands: list[np.ndarray]) -> None:
        """Refuse what would not end soon."""
        made = max(operand.size for operand in operands)
        if equation.primitive.name == "dot_general":
            (axes, _), _ = equation.params["dimension_numbers"]
            terms = math.prod(operands[0].shape[axis] for axis in axes)
            made = 2 * terms * equation.outvars[0].aval.size
        self.left -= made
        if self.left < 0:
            raise NotScalar("too many operations on scalars")

    def _moved(self, equation: Any, operands: list[np.ndarray]) -> list[Any]:
        """Move the numbers of their entries instead of them."""
        which = _MOVES[equation.primitive.name]
        which = range(len(operands)) if which is None else which
        entries = [number for place in which for number in self.numbers(operands[place]).flat]
        first, labelled = 0, list(operands)
        for place in which:
            shape, dtype = operands[place].shape, equation.invars[place].aval.dtype
            count = math.prod(shape)
            labels = np.arange(first, first + count).reshape(shape)
            labelled[place] = labels.astype(np.int32 if dtype == np.bool_ else dtype)
            first += count
        if any(operand.dtype == object for operand in labelled):
            raise NotScalar(f"{equation.primitive.name} at places that depend on the state")
        return [
            _filled(places.shape, (_entry(entries, place) for place in places.flat))
            for places in _evaluated(equation, labelled)
        ]


def _evaluated(equation: Any, operands: list[np.ndarray]) -> list[np.ndarray]:
    """Compute what is known already."""
    with jax.ensure_compile_time_eval():
        results = equation.primitive.bind(*map(jnp.asarray, operands), **equation.params)
        results = results if equation.primitive.multiple_results else [results]
        return [np.asarray(result) for result in results]


def _placed(name: str, operands: list[np.ndarray], params: dict, shape: tuple) -> np.ndarray:
    """Move entries by numpy."""
    first = operands[0]
    match name:
        case "squeeze" | "reshape" | "expand_dims":
            return first.reshape(shape)
        case "broadcast_in_dim":
            aligned = [1] * len(shape)
            for size, axis in zip(first.shape, params["broadcast_dimensions"], strict=True):
                aligned[axis] = size
            return np.broadcast_to(first.reshape(aligned), shape)
        case "transpose":
            return first.transpose(params["permutation"])
        case "rev":
            return np.flip(first, params["dimensions"])
        case "concatenate":
            return np.concatenate(operands, axis=params["dimension"])
        case "slice":
            strides = params["strides"] or (1,) * first.ndim
            limits = params["start_indices"], params["limit_indices"], strides
            return first[tuple(slice(*one) for one in zip(*limits, strict=True))]
    raise NotScalar(f"{name} is no operation on scalars")


def _reduced(operation: Callable, array: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    kept = [axis for axis in range(array.ndim) if axis not in axes]
    rows = array.transpose([*kept, *axes]).reshape(*(array.shape[axis] for axis in kept), -1)
    if not rows.shape[-1]:
        raise NotScalar("a reduction of nothing")
    every = rows.reshape(-1, rows.shape[-1])
    return _filled(rows.shape[:-1], (functools.reduce(operation, row) for row in every))


def _product(left: np.ndarray, right: np.ndarray, dimensions: Any) -> np.ndarray:
    """Multiply as `jax.lax.dot_general`: axes of the batch, free left ones, free right ones."""
    (summed_left, summed_right), (batch_left, batch_right) = dimensions

    def sorted_axes(array: np.ndarray, batch: Any, summed: Any) -> tuple[np.ndarray, list[int]]:
        free = [axis for axis in range(array.ndim) if axis not in (*batch, *summed)]
        return array.transpose([*batch, *free, *summed]), [array.shape[axis] for axis in free]

    one, free_left = sorted_axes(left, batch_left, summed_left)
    two, free_right = sorted_axes(right, batch_right, summed_right)
    batch = list(one.shape[: len(batch_left)])
    count = math.prod([left.shape[axis] for axis in summed_left])
    if not count:
        raise NotScalar("a product of empty matrices")
    sizes = [math.prod(part) for part in (batch, free_left, free_right)]
    one, two = one.reshape(sizes[0], sizes[1], count), two.reshape(sizes[0], sizes[2], count)
    entries = (
        functools.reduce(jax.lax.add, map(jax.lax.mul, one[b, i], two[b, j]))
        for b in range(sizes[0])
        for i in range(sizes[1])
        for j in range(sizes[2])
    )
    return _filled((*batch, *free_left, *free_right), entries)


def _filled(shape: Sequence[int], entries: Any) -> np.ndarray:
    """Return an object array of the next entries."""
    array = np.empty(math.prod(shape), dtype=object)
    for place in range(array.size):
        array[place] = next(entries)
    return array.reshape(shape)


def _entry(entries: list[Any], place: Any) -> Any:
    if not 0 <= place < len(entries):
        raise NotScalar("an index out of bounds")
    return entries[int(place)]


def _used(jaxpr: Jaxpr) -> list[bool]:
    """Return which inputs the outputs of a jaxpr depend on."""
    needed = {atom for atom in jaxpr.outvars if not isinstance(atom, Literal)}
    for equation in reversed(jaxpr.eqns):
        if not needed.isdisjoint(equation.outvars):
            needed.update(atom for atom in equation.invars if not isinstance(atom, Literal))
    return [variable in needed for variable in jaxpr.invars]


def _check_dtype(dtype: Any) -> None:
    if dtype not in DTYPES:
        raise NotScalar(f"there are no numbers of {dtype} in kernels")
