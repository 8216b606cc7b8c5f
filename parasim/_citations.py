"""BibTeX entries of the methods that a run may use, and of packages; systems have their own.

A DOI is here only if it was looked up; `{VERSION}` stands for the version in use.
"""

NEWTON_IN_TIME = r"""
@inproceedings{lim2024parallelizing,
  author = {Lim, Yi Heng and Zhu, Qi and Selfridge, Joshua and Kasim, Muhammad Firmansyah},
  title = {Parallelizing non-linear sequential models over the sequence length},
  booktitle = {International Conference on Learning Representations},
  year = {2024},
  eprint = {2309.12252},
  archiveprefix = {arXiv},
}

@article{gonzalez2026unifying,
  author = {Gonzalez, Xavier and Buchanan, E. Kelly and Lee, Hyun Dong and
            Liu, Jerry Weihong and Wang, Ke Alexander and Zoltowski, David M. and
            Kozachkov, Leo and R{\'e}, Christopher and Linderman, Scott W.},
  title = {A Unifying Framework for Parallelizing Sequential Models with Linear Dynamical
           Systems},
  journal = {Transactions on Machine Learning Research},
  year = {2026},
  eprint = {2509.21716},
  archiveprefix = {arXiv},
}

@inproceedings{gonzalez2025predictability,
  author = {Gonzalez, Xavier and Kozachkov, Leo and Zoltowski, David M. and
            Clarkson, Kenneth L. and Linderman, Scott W.},
  title = {Predictability Enables Parallelization of Nonlinear State Space Models},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2025},
  eprint = {2508.16817},
  archiveprefix = {arXiv},
}
"""

MULTIPLE_SHOOTING = r"""
@article{bellen1989parallel,
  author = {Bellen, Alfredo and Zennaro, Marino},
  title = {Parallel algorithms for initial-value problems for difference and differential
           equations},
  journal = {Journal of Computational and Applied Mathematics},
  volume = {25},
  number = {3},
  pages = {341--350},
  year = {1989},
}

@article{gander2007analysis,
  author = {Gander, Martin J. and Vandewalle, Stefan},
  title = {Analysis of the Parareal Time-Parallel Time-Integration Method},
  journal = {SIAM Journal on Scientific Computing},
  volume = {29},
  number = {2},
  pages = {556--578},
  year = {2007},
  doi = {10.1137/05064607X},
}
"""

ROOT_FINDER = r"""
@article{optimistix2024,
  author = {Rader, Jason and Lyons, Terry and Kidger, Patrick},
  title = {Optimistix: modular optimisation in {JAX} and {Equinox}},
  journal = {arXiv:2402.09983},
  year = {2024},
}

@article{lineax2023,
  author = {Rader, Jason and Lyons, Terry and Kidger, Patrick},
  title = {Lineax: unified linear solves and linear least-squares in {JAX} and {Equinox}},
  journal = {AI for Science Workshop at Neural Information Processing Systems 2023,
             arXiv:2311.17283},
  year = {2023},
}
"""

PARASIM = r"""
@software{parasim,
  author = {{The parasim developers}},
  title = {parasim: dynamical systems integrated in parallel in time},
  version = {VERSION},
}
"""

ZARR = r"""
@software{zarr,
  author = {{The Zarr developers}},
  title = {zarr-python},
  version = {VERSION},
  doi = {10.5281/zenodo.3773449},
}
"""

XARRAY_AND_DASK = r"""
@article{hoyer2017xarray,
  author = {Hoyer, Stephan and Hamman, Joe},
  title = {xarray: {N-D} labeled Arrays and Datasets in {Python}},
  journal = {Journal of Open Research Software},
  volume = {5},
  number = {1},
  pages = {10},
  year = {2017},
  doi = {10.5334/jors.148},
}

@inproceedings{rocklin2015dask,
  author = {Rocklin, Matthew},
  title = {Dask: Parallel Computation with Blocked algorithms and Task Scheduling},
  booktitle = {Proceedings of the 14th Python in Science Conference},
  year = {2015},
  doi = {10.25080/Majora-7b98e3ed-013},
}
"""
