"""Loops over steps as one kernel of a GPU, where states are small: written once, for any step."""
