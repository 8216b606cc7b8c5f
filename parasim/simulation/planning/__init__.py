"""From what is asked to a plan: everything is checked here, and nothing is computed or written."""
