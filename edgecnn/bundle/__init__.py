"""Bundles: a model together with everything a device needs to know about it."""
