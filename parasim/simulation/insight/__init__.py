"""What can be learned of systems and runs: decisions, exponents, costs, known numbers."""
