"""Functions of small arrays, written out on their single numbers.

Inside a kernel of a GPU there are no small arrays: a thread keeps numbers in its registers. So a
function is traced, and its jaxpr is evaluated with an object array of numbers in the place of
every array. What moves entries about (slices, transposes, gathers at known places) then costs
nothing, and a reduction or a small product of matrices becomes a sum.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, jaxpr_as_fun
from jaxtyping import PyTree

from parasim.integrators.kernels._entries import (
    NotScalar,
    entry,
    filled,
    placed,
    product,
    reduced,
)

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
_IDENTITIES = frozenset(
    ("copy", "copy_p", "optimization_barrier", "parasim_stored", "stop_gradient")
)
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
        inputs = [filled(array.shape, entries) for array in arrays]
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
        return filled(value.shape, iter(full))

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
            return [filled(shape, (equation.primitive.bind(*e, **params) for e in entries))]
        if name in _REDUCTIONS:
            return [reduced(_REDUCTIONS[name], operands[0], params["axes"])]
        if name == "dot_general":
            if any(atom.aval.dtype != equation.outvars[0].aval.dtype for atom in equation.invars):
                raise NotScalar("a product of matrices that changes the dtype")
            return [product(operands[0], operands[1], params["dimension_numbers"])]
        return [placed(name, operands, params, shape)]

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
            filled(places.shape, (entry(entries, place) for place in places.flat))
            for places in _evaluated(equation, labelled)
        ]


def _evaluated(equation: Any, operands: list[np.ndarray]) -> list[np.ndarray]:
    """Compute what is known already."""
    with jax.ensure_compile_time_eval():
        results = equation.primitive.bind(*map(jnp.asarray, operands), **equation.params)
        results = results if equation.primitive.multiple_results else [results]
        return [np.asarray(result) for result in results]


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
