"""Cameras on this machine: which there are, why one does not open, and reading them."""
