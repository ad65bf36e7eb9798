"""Bundles by name, and what each is in short."""
