"""One window of a recurrence, found piece by piece or stepped through, and its record."""
