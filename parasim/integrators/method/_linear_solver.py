"""Ways to solve the affine recurrence of an iteration: they agree, up to rounding.

z_{m+1} = A_m z_m + b_m,   z_0 = 0
"""

import abc
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Float, Int

from parasim._errors import ConfigError
from parasim.integrators.kernels._choice import kernels_in_use
from parasim.integrators.method._affine_loops import (
    composed_whole,
    cut,
    multiplied,
    multiplied_up_to,
    pick,
    substituted,
    where_leading,
)
from parasim.integrators.method._checks import check_positive_int
from parasim.integrators.method._devices import device_in_use
from parasim.integrators.method._fused_scan import fused_solution
from parasim.integrators.method._propagator import (
    AffineMap,
    AffineSolution,
    Propagator,
    affine_maps,
    composed,
)
from parasim.integrators.method._sharding import padded
from parasim.integrators.method._structure import AbstractStructure, Matrix

# The blocks of a fused scan, an estimate: short ones make many levels, and long ones take long.
_FUSED_LENGTH = 32


class AbstractLinearSolver(eqx.Module):
    """A way to solve `z_{m+1} = A_m z_m + b_m` with `z_0 = 0` for all m."""

    def check(self, structure: AbstractStructure) -> None:
        """Raise ConfigError where matrices of this structure cannot be solved with."""
        if not structure.products:
            raise ConfigError(
                f"{type(self).__name__} multiplies Jacobians, and {type(structure).__name__} has "
                "no products: use linear_solver=Sequential()"
            )

    @abc.abstractmethod
    def solve(
        self, structure: AbstractStructure, matrices: Matrix, offsets: Float[Array, "M d k"]
    ) -> AffineSolution:
        """Solve for all m.

        Arguments:
            structure: of the matrices.
            matrices: the `A_m`, along leading axes.
            offsets: the `b_m`, one column per problem.
        """


class AssociativeScan(AbstractLinearSolver):
    """All prefixes of the composed maps by `jax.lax.associative_scan`: depth `2 log2 M`.

    Source: Blelloch, Prefix sums and their applications (1990).
    """

    def solve(
        self, structure: AbstractStructure, matrices: Matrix, offsets: Float[Array, "M d k"]
    ) -> AffineSolution:
        """Solve for all m."""
        maps = affine_maps(structure, matrices, offsets)
        prefixes = jax.lax.associative_scan(partial(composed, structure), maps)
        return AffineSolution(prefixes.offset, lambda m: pick(prefixes.propagator, m))


class CyclicReduction(AbstractLinearSolver):
    """Parallel cyclic reduction: `log2 M` levels, in each of which all M maps are composed once.

    Half the depth of `AssociativeScan`, `log2 M / 2` times its work, and one level is compiled for
    all of them.

    Source: Hockney (1965) and, for recurrences, Danieli et al., DeepPCR, arXiv 2309.16318.
    """

    def solve(
        self, structure: AbstractStructure, matrices: Matrix, offsets: Float[Array, "M d k"]
    ) -> AffineSolution:
        """Solve for all m."""
        count = offsets.shape[0]
        place = jnp.arange(count, dtype=jnp.int32)

        def level(number: Int[Array, ""], maps: AffineMap) -> AffineMap:
            distance = jnp.left_shift(jnp.ones((), jnp.int32), number)
            earlier = jax.tree.map(lambda leaf: jnp.roll(leaf, distance, axis=0), maps)
            both = composed(structure, earlier, maps)
            return where_leading(place >= distance, both, maps)

        levels = jnp.array(max(count - 1, 0).bit_length(), jnp.int32)
        maps = affine_maps(structure, matrices, offsets)
        prefixes = jax.lax.fori_loop(jnp.zeros((), jnp.int32), levels, level, maps)
        return AffineSolution(prefixes.offset, lambda m: pick(prefixes.propagator, m))


class BlockedScan(AbstractLinearSolver):
    """A scan by blocks of neighbours: through all blocks side by side, twice.

    The first time the maps of each block are composed, which leaves one map per block; those are
    solved by a parallel scan; and the second time each block is solved from where the one before it
    ends. So `A_m` are multiplied once, and their products are not kept. One block is solved at
    once, and nothing is multiplied.

    Arguments:
        blocks: so many, or fewer; None: as many as the device can compute side by side, which is 1
            on a CPU, and on an accelerator all of them up to a million numbers. On a GPU that is a
            `FusedScan()` where that can be.

    Source: Blelloch, Prefix sums and their applications (1990), section 1.3.
    """

    blocks: int | None = eqx.field(default=None, static=True)

    def __check_init__(self):
        if self.blocks is not None:
            check_positive_int("blocks", self.blocks)

    def solve(
        self, structure: AbstractStructure, matrices: Matrix, offsets: Float[Array, "M d k"]
    ) -> AffineSolution:
        """Solve for all m."""
        fused = None
        if self.blocks is None:
            fused = fused_solution(structure, matrices, offsets, _FUSED_LENGTH)
        if fused is not None:
            return fused
        count = offsets.shape[0]
        length = -(-count // self._blocks(matrices, count))
        blocks = -(-count // length)
        if blocks == 1:
            return Sequential().solve(structure, matrices, offsets)
        if length == 1:
            return AssociativeScan().solve(structure, matrices, offsets)

        inside = jax.tree.map(partial(cut, length=length), (matrices, offsets))
        whole = jax.lax.associative_scan(
            partial(composed, structure), composed_whole(structure, *inside)
        )
        before = jnp.concatenate([jnp.zeros_like(whole.offset[:1]), whole.offset[:-1]])
        columns = jnp.swapaxes(substituted(structure, *inside, start=before), 0, 1)

        propagator = partial(multiplied_up_to, structure, inside[0], whole.propagator)
        return AffineSolution(jax.lax.collapse(columns, 0, 2)[:count], propagator)

    def _blocks(self, matrices: Matrix, count: int) -> int:
        """Return how many blocks are made of so many intervals."""
        blocks = self.blocks
        if blocks is None:
            numbers = max(1, sum(leaf.size for leaf in jax.tree.leaves(matrices)) // count)
            blocks = _LANES.get(device_in_use().platform, _LANES_ELSE) // numbers
        return max(1, min(blocks, count))


class ShardedScan(AbstractLinearSolver):
    """A blocked scan whose blocks are on the devices of a mesh.

    Each device composes the maps of its block; the composed maps, one per device, are all that they
    exchange.

    Arguments:
        mesh: of one axis.
    """

    mesh: Mesh = eqx.field(static=True)

    def solve(
        self, structure: AbstractStructure, matrices: Matrix, offsets: Float[Array, "M d k"]
    ) -> AffineSolution:
        """Solve for all m."""
        count, (axis,) = offsets.shape[0], self.mesh.axis_names
        length = -(-count // self.mesh.size)

        def own(matrices: Matrix, offsets: Array) -> tuple[Array, Propagator]:
            one_block = jax.tree.map(lambda leaf: leaf[:, None], (matrices, offsets))
            whole = jax.lax.all_gather(pick(composed_whole(structure, *one_block), 0), axis)
            whole = jax.lax.associative_scan(partial(composed, structure), whole)
            place = jax.lax.axis_index(axis)
            before = jnp.where(place > 0, whole.offset[place - 1], 0)
            return substituted(structure, matrices, offsets, before), whole.propagator

        divided = PartitionSpec(axis)
        solve = jax.shard_map(
            own,
            mesh=self.mesh,
            in_specs=(divided, divided),
            out_specs=(divided, PartitionSpec()),
            check_vma=False,
        )
        both = jax.tree.map(lambda leaf: padded(leaf, self.mesh.size), (matrices, offsets))
        columns, whole = solve(*both)
        inside = jax.tree.map(partial(cut, length=length), both[0])
        return AffineSolution(columns[:count], partial(multiplied_up_to, structure, inside, whole))


class FusedScan(AbstractLinearSolver):
    """A scan by blocks whose matrices stay in registers: for small ones, on a GPU.

    Arguments:
        length: of the blocks, at least 2.

    Source: as `BlockedScan`; the loop in a thread is that of ParaRNN, arXiv 2510.21450.
    """

    length: int = eqx.field(default=_FUSED_LENGTH, static=True)

    def __check_init__(self):
        check_positive_int("length", self.length)
        if self.length < 2:
            raise ConfigError("the blocks of a FusedScan have a length of at least 2")

    def solve(
        self, structure: AbstractStructure, matrices: Matrix, offsets: Float[Array, "M d k"]
    ) -> AffineSolution:
        """Solve for all m.

        Raises:
            ConfigError: there is no GPU, or its registers do not hold such matrices.
        """
        fused = fused_solution(structure, matrices, offsets, self.length)
        if fused is None:
            there = "none is in use"
            if kernels_in_use():
                there = f"{type(structure).__name__} of {offsets.shape[1]} variables is too large"
            raise ConfigError(
                f"FusedScan() is for small matrices on a GPU, and {there}: "
                "use linear_solver=BlockedScan(), which takes the fused scan where it can"
            )
        return fused


class Sequential(AbstractLinearSolver):
    """One interval after the other: depth M, and the least work; for every structure."""

    def check(self, structure: AbstractStructure) -> None:
        """Accept every structure."""
        del structure

    def solve(
        self, structure: AbstractStructure, matrices: Matrix, offsets: Float[Array, "M d k"]
    ) -> AffineSolution:
        """Solve for all m."""
        columns = substituted(structure, matrices, offsets, jnp.zeros_like(offsets[0]))
        return AffineSolution(columns, lambda m: multiplied(structure, matrices, m))


# So many numbers are computed side by side; an estimate for accelerators.
_LANES, _LANES_ELSE = {"cpu": 1}, 10**6
