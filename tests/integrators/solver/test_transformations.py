"""ParallelNewton inside jax's transformations: equal to a loop, and traced once."""

import os
import subprocess
import sys
import textwrap

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from parasim import ParallelNewton
from parasim.integrators.decision._decision import AbstractDecision, Choice
from tests.problems import PARALLEL_PAYS

STARTS = jnp.stack([jnp.array([1.0, 2.0]), jnp.array([-0.5, 0.1]), jnp.array([3.0, -1.0])])
RATES = jnp.array([0.5, 1.0, 1.5])
MODES = [
    pytest.param({"mode": "sequential"}, marks=pytest.mark.slow),
    pytest.param({"mode": "parallel"}, marks=pytest.mark.slow),
    pytest.param({"mode": "auto", "costs": PARALLEL_PAYS}, marks=pytest.mark.slow),
]


def _van_der_pol(t, y, rate):
    return jnp.stack([y[1], rate * (1 - y[0] ** 2) * y[1] - y[0]])


def _end(y0, rate, t1=2.0, solver=None):
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(_van_der_pol), solver, 0.0, t1, 1.0, y0, rate, max_steps=4
    )
    return solution.ys[0]


@pytest.mark.parametrize("options", MODES, ids=lambda options: options["mode"])
def test_batches_over_states_parameters_and_ends_equal_a_loop(options):
    solver = ParallelNewton(diffrax.Heun(), steps=32, **options)
    ends = jnp.array([1.0, 2.0, 3.5])

    def gradients(y0, rate, t1):
        return jax.value_and_grad(
            lambda *of: jnp.sum(_end(*of, solver=solver) ** 2), argnums=(0, 1, 2)
        )(y0, rate, t1)

    of = STARTS, RATES, ends
    mapped = jax.jit(jax.vmap(gradients))(*of)
    alone = jax.jit(gradients)
    values, slopes = mapped
    for number, member in enumerate(zip(*of, strict=True)):
        value, gradient = alone(*member)
        np.testing.assert_allclose(values[number], value, rtol=1e-9)
        for ours, theirs in zip(slopes, gradient, strict=True):
            np.testing.assert_allclose(ours[number], theirs, rtol=1e-8)


@pytest.mark.slow
def test_a_checkpointed_solve_has_the_same_gradient():
    def loss(y0):
        return jnp.sum(
            _end(y0, 1.0, solver=ParallelNewton(diffrax.Heun(), steps=32, mode="parallel"))
        )

    np.testing.assert_allclose(
        jax.grad(jax.checkpoint(loss))(STARTS[0]), jax.grad(loss)(STARTS[0]), rtol=1e-12
    )


@pytest.mark.parametrize("jit", [jax.jit, pytest.param(eqx.filter_jit, marks=pytest.mark.slow)])
def test_calls_with_the_same_shapes_are_traced_once(jit):
    traces = []

    def field(t, y, rate):
        traces.append(None)
        return _van_der_pol(t, y, rate)

    @jit
    def end(y0, rate):
        solver = ParallelNewton(diffrax.Heun(), steps=16, mode="parallel")
        return diffrax.diffeqsolve(
            diffrax.ODETerm(field), solver, 0.0, 1.0, 1.0, y0, rate, max_steps=4
        ).ys

    end(STARTS[0], RATES[0])
    count = len(traces)
    for y0, rate in zip(STARTS, RATES, strict=True):
        end(y0, rate)
    assert len(traces) == count


_ASKED = []


class _Counting(AbstractDecision):
    """Steps, and writes down that it is asked, which is while tracing."""

    def choose(self, history, menu):
        _ASKED.append(menu.steps)
        return Choice.to_step(history, 0)


def test_an_integration_traces_its_window_once():
    """diffrax asks for a solver's step three times: for shapes, again, and for its loop."""
    solver = ParallelNewton(diffrax.Heun(), steps=16, mode=_Counting())
    term = diffrax.ODETerm(_van_der_pol)
    _ASKED.clear()
    diffrax.diffeqsolve(term, solver, 0.0, 1.0, 1.0, STARTS[0], RATES[0], max_steps=4)
    in_an_integration = len(_ASKED)

    def step(y0):
        state = solver.init(term, 0.0, 1.0, y0, RATES[0])
        return solver.step(term, 0.0, 1.0, y0, RATES[0], state, made_jump=False)[0]

    _ASKED.clear()
    jax.eval_shape(step, STARTS[0])
    assert in_an_integration == len(_ASKED) > 0


@pytest.mark.slow
def test_members_are_shared_out_over_devices():
    """In a process of its own: the number of devices is set before jax begins.

    Gradients inside jax.shard_map need DirectAdjoint: diffrax's default fails there, with its own
    solvers too.
    """
    program = """
        import diffrax, jax, jax.numpy as jnp, numpy as np
        from jax.sharding import Mesh, PartitionSpec
        from parasim import ParallelNewton

        jax.config.update("jax_enable_x64", True)

        def end(y0, mode):
            return diffrax.diffeqsolve(
                diffrax.ODETerm(lambda t, y, args: -y * jnp.abs(y)),
                ParallelNewton(steps=16, mode=mode), 0.0, 1.0, 0.5, y0, max_steps=4, throw=False,
                adjoint=diffrax.DirectAdjoint(),
            ).ys[0]

        mesh = Mesh(np.array(jax.devices()), ("members",))
        starts = jnp.arange(1.0, 5.0)[:, None]
        for mode in ("sequential", "parallel"):
            for of in (lambda y: end(y, mode), jax.grad(lambda y: end(y, mode)[0])):
                shared = jax.jit(jax.shard_map(
                    jax.vmap(of), mesh=mesh,
                    in_specs=PartitionSpec("members"), out_specs=PartitionSpec("members"),
                    check_vma=False,
                ))(starts)
                assert len(shared.sharding.device_set) == 2
                np.testing.assert_allclose(shared, jax.vmap(of)(starts), rtol=1e-9)
    """
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
