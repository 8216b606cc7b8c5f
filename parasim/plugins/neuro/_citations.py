"""BibTeX entries of the systems of neurons and networks of them.

A DOI is here only if it was looked up.
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
