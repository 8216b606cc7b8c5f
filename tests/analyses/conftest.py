"""Distributions made by hand."""

from tests.distributions import installed as installed
