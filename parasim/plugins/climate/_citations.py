"""BibTeX entries of the systems of weather, climate and fluids.

A DOI is here only if it was looked up.
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
