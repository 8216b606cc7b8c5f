"""How close the default decision comes to the best choice in hindsight: see `../decision.py`."""
