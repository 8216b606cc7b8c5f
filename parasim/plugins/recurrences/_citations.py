"""BibTeX entries of the systems in discrete time.

A DOI is here only if it was looked up.
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
