"""Newton's method on recurrences: iteration, scan, first guesses, growth of tangents."""
