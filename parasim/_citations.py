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

LORENZ_1984 = r"""
@article{lorenz1984irregularity,
  author = {Lorenz, Edward N.},
  title = {Irregularity: a fundamental property of the atmosphere},
  journal = {Tellus A},
  volume = {36},
  number = {2},
  pages = {98--110},
  year = {1984},
}
"""

STOMMEL_1961 = r"""
@article{stommel1961thermohaline,
  author = {Stommel, Henry},
  title = {Thermohaline Convection with Two Stable Regimes of Flow},
  journal = {Tellus},
  volume = {13},
  number = {2},
  pages = {224--230},
  year = {1961},
}
"""

VALLIS_1986 = r"""
@article{vallis1986elnino,
  author = {Vallis, Geoffrey K.},
  title = {{El Ni{\~n}o}: A Chaotic Dynamical System?},
  journal = {Science},
  volume = {232},
  pages = {243--245},
  year = {1986},
}
"""

JIN_1997 = r"""
@article{jin1997equatorial,
  author = {Jin, Fei-Fei},
  title = {An Equatorial Ocean Recharge Paradigm for {ENSO}. {Part I}: Conceptual Model},
  journal = {Journal of the Atmospheric Sciences},
  volume = {54},
  number = {7},
  pages = {811--829},
  year = {1997},
}
"""

BUDYKO_SELLERS = r"""
@article{budyko1969effect,
  author = {Budyko, M. I.},
  title = {The effect of solar radiation variations on the climate of the {Earth}},
  journal = {Tellus},
  volume = {21},
  number = {5},
  pages = {611--619},
  year = {1969},
}

@article{sellers1969global,
  author = {Sellers, William D.},
  title = {A Global Climatic Model Based on the Energy Balance of the {Earth}-Atmosphere System},
  journal = {Journal of Applied Meteorology},
  volume = {8},
  number = {3},
  pages = {392--400},
  year = {1969},
}

@article{north1975theory,
  author = {North, Gerald R.},
  title = {Theory of Energy-Balance Climate Models},
  journal = {Journal of the Atmospheric Sciences},
  volume = {32},
  number = {11},
  pages = {2033--2043},
  year = {1975},
}
"""

KURAMOTO_SIVASHINSKY = r"""
@article{kuramoto1976persistent,
  author = {Kuramoto, Yoshiki and Tsuzuki, Toshio},
  title = {Persistent Propagation of Concentration Waves in Dissipative Media Far from Thermal
           Equilibrium},
  journal = {Progress of Theoretical Physics},
  volume = {55},
  number = {2},
  pages = {356--369},
  year = {1976},
}

@article{sivashinsky1977nonlinear,
  author = {Sivashinsky, G. I.},
  title = {Nonlinear analysis of hydrodynamic instability in laminar flames---{I}. Derivation of
           basic equations},
  journal = {Acta Astronautica},
  volume = {4},
  pages = {1177--1206},
  year = {1977},
}
"""

BAROTROPIC = r"""
@article{charney1950numerical,
  author = {Charney, J. G. and Fj{\"o}rtoft, R. and von Neumann, J.},
  title = {Numerical Integration of the Barotropic Vorticity Equation},
  journal = {Tellus},
  volume = {2},
  number = {4},
  pages = {237--254},
  year = {1950},
}

@article{orszag1971elimination,
  author = {Orszag, Steven A.},
  title = {On the Elimination of Aliasing in Finite-Difference Schemes by Filtering
           High-Wavenumber Components},
  journal = {Journal of the Atmospheric Sciences},
  volume = {28},
  number = {6},
  pages = {1074},
  year = {1971},
}
"""

MORRIS_LECAR_1981 = r"""
@article{morris1981voltage,
  author = {Morris, C. and Lecar, H.},
  title = {Voltage oscillations in the barnacle giant muscle fiber},
  journal = {Biophysical Journal},
  volume = {35},
  number = {1},
  pages = {193--213},
  year = {1981},
}
"""

HINDMARSH_ROSE_1984 = r"""
@article{hindmarsh1984model,
  author = {Hindmarsh, J. L. and Rose, R. M.},
  title = {A model of neuronal bursting using three coupled first order differential equations},
  journal = {Proceedings of the Royal Society of London. Series B},
  volume = {221},
  pages = {87--102},
  year = {1984},
}
"""

IZHIKEVICH_2003 = r"""
@article{izhikevich2003simple,
  author = {Izhikevich, Eugene M.},
  title = {Simple model of spiking neurons},
  journal = {{IEEE} Transactions on Neural Networks},
  volume = {14},
  number = {6},
  pages = {1569--1572},
  year = {2003},
}
"""

WILSON_COWAN_1972 = r"""
@article{wilson1972excitatory,
  author = {Wilson, Hugh R. and Cowan, Jack D.},
  title = {Excitatory and Inhibitory Interactions in Localized Populations of Model Neurons},
  journal = {Biophysical Journal},
  volume = {12},
  number = {1},
  pages = {1--24},
  year = {1972},
}
"""

JANSEN_RIT_1995 = r"""
@article{jansen1995electroencephalogram,
  author = {Jansen, Ben H. and Rit, Vincent G.},
  title = {Electroencephalogram and visual evoked potential generation in a mathematical model of
           coupled cortical columns},
  journal = {Biological Cybernetics},
  volume = {73},
  number = {4},
  pages = {357--366},
  year = {1995},
}

@article{grimbert2006bifurcation,
  author = {Grimbert, Fran{\c c}ois and Faugeras, Olivier},
  title = {Bifurcation Analysis of {Jansen}'s Neural Mass Model},
  journal = {Neural Computation},
  volume = {18},
  number = {12},
  pages = {3052--3068},
  year = {2006},
}
"""

KURAMOTO_1975 = r"""
@article{kuramoto1975self,
  author = {Kuramoto, Yoshiki},
  title = {Self-entrainment of a population of coupled non-linear oscillators},
  journal = {Lecture Notes in Physics},
  volume = {39},
  pages = {420--422},
  year = {1975},
}
"""

HOPF_NETWORK = r"""
@article{deco2017dynamics,
  author = {Deco, Gustavo and Kringelbach, Morten L. and Jirsa, Viktor K. and Ritter, Petra},
  title = {The dynamics of resting fluctuations in the brain: metastability and its dynamical
           cortical core},
  journal = {Scientific Reports},
  volume = {7},
  pages = {3095},
  year = {2017},
}

@article{ercsey2013predictive,
  author = {Ercsey-Ravasz, M{\'a}ria and others},
  title = {A Predictive Network Model of Cerebral Cortical Connectivity Based on a Distance Rule},
  journal = {Neuron},
  volume = {80},
  pages = {184--197},
  year = {2013},
}
"""

HENON_1976 = r"""
@article{henon1976two,
  author = {H{\'e}non, M.},
  title = {A two-dimensional mapping with a strange attractor},
  journal = {Communications in Mathematical Physics},
  volume = {50},
  number = {1},
  pages = {69--77},
  year = {1976},
}
"""

LOZI_1978 = r"""
@article{lozi1978attracteur,
  author = {Lozi, Ren{\'e}},
  title = {Un attracteur {\'e}trange (?) du type attracteur de {H{\'e}non}},
  journal = {Le Journal de Physique Colloques},
  volume = {39},
  pages = {C5-9},
  year = {1978},
}
"""

BILLINGS_2001 = r"""
@article{billings2001probability,
  author = {Billings, L. and Bollt, E. M.},
  title = {Probability density functions of some skew tent maps},
  journal = {Chaos, Solitons and Fractals},
  volume = {12},
  pages = {365--376},
  year = {2001},
}
"""

SOMPOLINSKY_1988 = r"""
@article{sompolinsky1988chaos,
  author = {Sompolinsky, H. and Crisanti, A. and Sommers, H. J.},
  title = {Chaos in Random Neural Networks},
  journal = {Physical Review Letters},
  volume = {61},
  number = {3},
  pages = {259--262},
  year = {1988},
}
"""

CHO_2014 = r"""
@inproceedings{cho2014learning,
  author = {Cho, Kyunghyun and van Merri{\"e}nboer, Bart and Gulcehre, Caglar and Bahdanau,
            Dzmitry and Bougares, Fethi and Schwenk, Holger and Bengio, Yoshua},
  title = {Learning Phrase Representations using {RNN} Encoder--Decoder for Statistical Machine
           Translation},
  booktitle = {Conference on Empirical Methods in Natural Language Processing},
  year = {2014},
  eprint = {1406.1078},
  archiveprefix = {arXiv},
}
"""

LSTM = r"""
@article{hochreiter1997long,
  author = {Hochreiter, Sepp and Schmidhuber, J{\"u}rgen},
  title = {Long Short-Term Memory},
  journal = {Neural Computation},
  volume = {9},
  number = {8},
  pages = {1735--1780},
  year = {1997},
}

@article{gers2000learning,
  author = {Gers, Felix A. and Schmidhuber, J{\"u}rgen and Cummins, Fred},
  title = {Learning to Forget: Continual Prediction with {LSTM}},
  journal = {Neural Computation},
  volume = {12},
  number = {10},
  pages = {2451--2471},
  year = {2000},
}
"""

AL_RNN = r"""
@inproceedings{brenner2024almost,
  author = {Brenner, Manuel and Hemmer, Christoph J{\"u}rgen and Monfared, Zahra and Durstewitz,
            Daniel},
  title = {Almost-Linear {RNNs} Yield Highly Interpretable Symbolic Codes in Dynamical Systems
           Reconstruction},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2024},
  eprint = {2410.14240},
  archiveprefix = {arXiv},
}
"""

SHALLOW_PLRNN = r"""
@inproceedings{hess2023generalized,
  author = {Hess, Florian and Monfared, Zahra and Brenner, Manuel and Durstewitz, Daniel},
  title = {Generalized Teacher Forcing for Learning Chaotic Dynamics},
  booktitle = {International Conference on Machine Learning},
  year = {2023},
  eprint = {2306.04406},
  archiveprefix = {arXiv},
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
