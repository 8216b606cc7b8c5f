"""Maps and networks in discrete time, one per file; entry points in pyproject.toml name them.

A plugin package like any other's: it adds to the registry, and parasim has no other way to it.
"""
