"""Windows as a scan."""
