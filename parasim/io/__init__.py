"""Stores of trajectories: zarr groups that are written row by row and opened with xarray."""
