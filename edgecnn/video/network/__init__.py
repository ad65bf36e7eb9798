"""Streams from the network: addresses, signing in, and reading them."""
