"""What diffrax can do with its own solvers, done with `ParallelNewton` in their place."""
