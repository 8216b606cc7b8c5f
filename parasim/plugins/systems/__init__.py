"""The built-in systems, one per file; `parasim.get_system` finds them by name."""
