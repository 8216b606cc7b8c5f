"""`python -m parasim`, the same as the command `parasim`."""

from parasim.cli import main

if __name__ == "__main__":
    main(prog_name="parasim")
