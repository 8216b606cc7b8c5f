"""How a run came to be: versions, machine, code, citations."""
