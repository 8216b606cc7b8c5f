"""All tables by one command, on any device: python benchmarks/suite."""
