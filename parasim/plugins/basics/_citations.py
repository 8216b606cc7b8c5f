"""BibTeX entries of the systems that are examples of a kind.

A DOI is here only if it was looked up.
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
