"""The part of a run that is compiled: several windows per call, thinned where they are made."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from parasim.integrators import WindowIntegrator
from parasim.integrators.solver._open_window import WindowShare


class Position(NamedTuple):
    """Where a run stands: the state, and what the integrator remembers."""

    y: Any
    memory: Any


class Batch(NamedTuple):
    """What one call of `WindowLoop` delivers; the last three are scalars.

    Attributes:
        rows: like the state, with an axis of saved states, after the member axis if there is one.
        records: of the windows, with an axis of windows in front.
        windows: how many windows were computed.
        finite: whether at the end of each of them a state is finite, of one run at least.
        bad_step: if not, the number of the first step after which none is.
    """

    rows: Any
    records: Any
    windows: jax.Array
    finite: jax.Array
    bad_step: jax.Array


class WindowLoop(eqx.Module):
    """Computes up to `capacity` windows of equal length, without leaving the device.

    A small window takes less time than a call of compiled code; several per call hide that. How
    many is an argument, so that one compilation serves all.

    Attributes:
        integrator: of one window, or one device's share of it.
        steps: the number of steps in a window.
        every: keep each `every`-th state, counted from the start of the run.
        capacity: the largest number of windows.
        ensemble: whether the state has a leading axis of runs side by side.
        swept: the names of the arguments that have such an axis too.
    """

    integrator: WindowIntegrator | WindowShare
    steps: int = eqx.field(static=True)
    every: int = eqx.field(static=True)
    capacity: int = eqx.field(static=True)
    ensemble: bool = eqx.field(static=True)
    swept: tuple[str, ...] = eqx.field(static=True, default=())

    def __call__(
        self, position: Position, args: Any, start: jax.Array, windows: jax.Array
    ) -> tuple[Position, Batch]:
        """Compute windows until there are enough, no state is finite, or others shall go on.

        Arguments:
            position: at step `start`.
            args: of the vector field.
            start: the number of the first step.
            windows: how many, at most `capacity`.

        Returns:
            The position after the windows, and what they delivered.
        """
        states, _, record = eqx.filter_eval_shape(self._window, position, args, start)
        empty = Batch(
            rows=jax.tree.map(self._empty_rows, states),
            records=jax.tree.map(
                lambda leaf: jnp.zeros((self.capacity, *leaf.shape), leaf.dtype), record
            ),
            windows=jnp.zeros_like(windows),
            finite=jnp.array(True),
            bad_step=jnp.full_like(start, -1),
        )

        def unfinished(carry: tuple[Position, Batch]) -> jax.Array:
            position, batch = carry
            more = (batch.windows < windows) & batch.finite
            if isinstance(self.integrator, WindowShare):
                more &= self.integrator.is_next(position.memory)
            return more

        def advance(carry: tuple[Position, Batch]) -> tuple[Position, Batch]:
            position, batch = carry
            return self._advance(position, batch, args, start)

        return jax.lax.while_loop(unfinished, advance, (position, empty))

    def _window(self, position: Position, args: Any, start: jax.Array) -> tuple[Any, Any, Any]:
        def one(memory: Any, y: Any, swept: Any) -> tuple[Any, Any, Any]:
            own = {**args, **swept} if self.swept else args
            return self.integrator(memory, y, own, start, self.steps)

        mapped = jax.vmap(one) if self.ensemble else one
        return mapped(position.memory, position.y, {name: args[name] for name in self.swept})

    def _advance(
        self, position: Position, batch: Batch, args: Any, start: jax.Array
    ) -> tuple[Position, Batch]:
        first = start + batch.windows * self.steps
        states, memory, record = self._window(position, args, first)
        finite = jnp.any(record.finite)
        following = Batch(
            rows=jax.tree.map(
                lambda rows, leaf: self._save(rows, leaf, start, first), batch.rows, states
            ),
            records=jax.tree.map(
                lambda all_, one: all_.at[batch.windows].set(one), batch.records, record
            ),
            windows=batch.windows + 1,
            finite=finite,
            # Looking for the step reads the whole window again: only when it is there.
            bad_step=jax.lax.cond(
                finite,
                lambda: batch.bad_step,
                lambda: first + 1 + self._first_bad(states).astype(first.dtype),
            ),
        )
        last = jax.tree.map(lambda leaf: jnp.take(leaf, -1, axis=self._axis), states)
        if isinstance(self.integrator, WindowShare):
            finished = self.integrator.finished(memory)
            following = following._replace(
                windows=batch.windows + finished.astype(batch.windows.dtype)
            )
            last = jax.tree.map(lambda new, old: jnp.where(finished, new, old), last, position.y)
        return Position(last, memory), following

    @property
    def _axis(self) -> int:
        return int(self.ensemble)

    @property
    def _saved(self) -> int:
        """The largest number of saved states in a window."""
        return -(-self.steps // self.every)

    def _empty_rows(self, leaf: jax.ShapeDtypeStruct) -> jax.Array:
        shape = list(leaf.shape)
        # A window may write one row more than is valid; the next one overwrites it.
        shape[self._axis] = -(-self.capacity * self.steps // self.every) + (self.every > 1)
        return jnp.zeros(shape, leaf.dtype)

    def _save(
        self, rows: jax.Array, states: jax.Array, start: jax.Array, first: jax.Array
    ) -> jax.Array:
        if self.every > 1:
            offset = (-(first + 1)) % self.every
            where = offset + self.every * jnp.arange(self._saved)
            states = jnp.take(states, where, axis=self._axis, mode="clip")
        row = first // self.every - start // self.every
        return jax.lax.dynamic_update_slice_in_dim(rows, states, row, self._axis)

    def _first_bad(self, states: Any) -> jax.Array:
        """Return the index in a window of the first step after which no state is finite."""
        good = jnp.array(True)
        for leaf in jax.tree.leaves(states):
            others = tuple(range(self._axis + 1, leaf.ndim))
            good &= jnp.all(jnp.isfinite(leaf), axis=others)
        if self.ensemble:
            good = jnp.any(good, axis=0)
        return jnp.where(jnp.all(good), self.steps - 1, jnp.argmin(good))
