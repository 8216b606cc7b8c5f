"""What Newton's method is made of: the Jacobian kept, damping, the linear solve, the guess."""
