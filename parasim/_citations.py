"""BibTeX entries of what a run may use: systems, methods and packages.

A DOI is here only if it was looked up; `{VERSION}` stands for the version in use.
"""

LORENZ_1963 = r"""
@article{lorenz1963deterministic,
  author = {Lorenz, Edward N.},
  title = {Deterministic Nonperiodic Flow},
  journal = {Journal of the Atmospheric Sciences},
  volume = {20},
  number = {2},
  pages = {130--141},
  year = {1963},
  doi = {10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2},
}
"""

LORENZ_1996 = r"""
@inproceedings{lorenz1996predictability,
  author = {Lorenz, Edward N.},
  title = {Predictability: A problem partly solved},
  booktitle = {Proceedings of the {ECMWF} Seminar on Predictability, 4--8 September 1995},
  volume = {1},
  pages = {1--18},
  address = {Reading},
  year = {1996},
}
"""

VAN_DER_POL_1926 = r"""
@article{vanderpol1926relaxation,
  author = {van der Pol, Balthasar},
  title = {On ``relaxation-oscillations''},
  journal = {The London, Edinburgh, and Dublin Philosophical Magazine and Journal of Science},
  volume = {2},
  number = {11},
  pages = {978--992},
  year = {1926},
  doi = {10.1080/14786442608564127},
}
"""

FITZHUGH_1961 = r"""
@article{fitzhugh1961impulses,
  author = {FitzHugh, Richard},
  title = {Impulses and Physiological States in Theoretical Models of Nerve Membrane},
  journal = {Biophysical Journal},
  volume = {1},
  number = {6},
  pages = {445--466},
  year = {1961},
  doi = {10.1016/S0006-3495(61)86902-6},
}
"""

HODGKIN_HUXLEY_1952 = r"""
@article{hodgkin1952quantitative,
  author = {Hodgkin, A. L. and Huxley, A. F.},
  title = {A quantitative description of membrane current and its application to conduction
           and excitation in nerve},
  journal = {The Journal of Physiology},
  volume = {117},
  number = {4},
  pages = {500--544},
  year = {1952},
  doi = {10.1113/jphysiol.1952.sp004764},
}
"""

STUART_1960 = r"""
@article{stuart1960nonlinear,
  author = {Stuart, J. T.},
  title = {On the non-linear mechanics of wave disturbances in stable and unstable parallel
           flows. {Part} 1. The basic behaviour in plane {Poiseuille} flow},
  journal = {Journal of Fluid Mechanics},
  volume = {9},
  number = {3},
  pages = {353--370},
  year = {1960},
  doi = {10.1017/S002211206000116X},
}
"""

ENERGY_BALANCE = r"""
@article{held2010probing,
  author = {Held, Isaac M. and Winton, Michael and Takahashi, Ken and Delworth, Thomas and
            Zeng, Fanrong and Vallis, Geoffrey K.},
  title = {Probing the Fast and Slow Components of Global Warming by Returning Abruptly to
           Preindustrial Forcing},
  journal = {Journal of Climate},
  volume = {23},
  number = {9},
  pages = {2418--2427},
  year = {2010},
  doi = {10.1175/2009JCLI3466.1},
}

@article{geoffroy2013transient,
  author = {Geoffroy, O. and Saint-Martin, D. and Olivi{\'e}, D. J. L. and Voldoire, A. and
            Bellon, G. and Tyt{\'e}ca, S.},
  title = {Transient Climate Response in a Two-Layer Energy-Balance Model. {Part I}:
           Analytical Solution and Parameter Calibration Using {CMIP5} {AOGCM} Experiments},
  journal = {Journal of Climate},
  volume = {26},
  number = {6},
  pages = {1841--1857},
  year = {2013},
  doi = {10.1175/JCLI-D-12-00195.1},
}

@article{myhre1998new,
  author = {Myhre, Gunnar and Highwood, Eleanor J. and Shine, Keith P. and Stordal, Frode},
  title = {New estimates of radiative forcing due to well mixed greenhouse gases},
  journal = {Geophysical Research Letters},
  volume = {25},
  number = {14},
  pages = {2715--2718},
  year = {1998},
  doi = {10.1029/98GL01908},
}
"""

# Newton's method on recurrences, what it is a case of, and when it pays.
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

# Shooting intervals, and their first guess by a coarse solver.
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

# The implicit inner solvers' root finder, and its linear solver.
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
