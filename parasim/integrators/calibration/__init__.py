"""What windows cost on the device at hand."""
