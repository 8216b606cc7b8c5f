"""How to go on, from what a run remembers and what windows cost."""
