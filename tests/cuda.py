"""The programs that a GPU of NVIDIA would be given, on a machine that has none."""

import warnings

import jax
from jax.sharding import AbstractDevice, AbstractMesh, use_abstract_mesh

_GPU = AbstractDevice(device_kind="NVIDIA H100 80GB HBM3", num_cores=None, platform="gpu")


def program_for_cuda(f, *arguments) -> str:
    """Return StableHLO.

    Newer versions of jax must be told which GPU it is, and say that they will not make kernels by
    Triton for ever (docs/design.md, decision 48).
    """
    with use_abstract_mesh(AbstractMesh((), (), abstract_device=_GPU)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The Pallas Triton backend", DeprecationWarning)
        return jax.jit(f).trace(*arguments).lower(lowering_platforms=("cuda",)).as_text()
