"""A sweep of Lorenz-96 over its forcing, on the workers of a cluster; started again, it goes on.

    python examples/sweep_on_a_cluster.py sweep.zarr            two processes on this machine
    python examples/sweep_on_a_cluster.py sweep.zarr --slurm    jobs of SLURM, by dask-jobqueue

With SLURM, start this script itself as a small job (examples/sweep_on_a_cluster.sbatch): it hands
out the work, and all jobs must see the store by the same path.
"""

import argparse

import jax
import numpy as np

import parasim


def slurm_cluster(jobs: int):
    """Start workers as they are needed; each ends before its hour is over, and is replaced."""
    from dask_jobqueue import SLURMCluster  # pip install dask-jobqueue

    cluster = SLURMCluster(
        cores=1,
        memory="8GB",
        walltime="01:00:00",
        worker_extra_args=["--lifetime", "55m", "--lifetime-stagger", "4m"],
    )
    cluster.adapt(maximum_jobs=jobs)
    return cluster


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("--slurm", action="store_true")
    parser.add_argument("--t1", type=float, default=100.0)
    chosen = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    run = {
        "t1": chosen.t1,
        "dt": 0.05,
        "params": {"sites": 36},
        "sweep": {"F": [0.5, 0.8, 4.0, 8.0]},
        "members": 4,
        "batch": 4,
        "store": chosen.store,
        "resume": True,
    }
    if chosen.slurm:
        from distributed import Client

        with slurm_cluster(jobs=20) as cluster, Client(cluster) as client:
            dataset = parasim.simulate("lorenz96", **run, scheduler=client)
    else:
        dataset = parasim.simulate("lorenz96", **run, workers=2)

    energy = (dataset["x"] ** 2).mean(["member", "site"]).isel(time=-1).compute()
    print(energy.to_series().to_string())
    # With F below 8/9 the state comes to rest at x = F (Lorenz & Emanuel 1998).
    np.testing.assert_allclose(energy.sel(F=0.5), 0.5**2, rtol=1e-3)


if __name__ == "__main__":  # the workers import this file too
    main()
