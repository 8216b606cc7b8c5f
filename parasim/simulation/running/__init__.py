"""From a plan to its rows: compiled, executed here or on workers, continued, repaired."""
