"""A plugin of parasim's: nothing is done when this is imported, and each part is in its module."""
