"""Tests of parasim.analyses."""
