"""Converters: from trained networks to proven bundles (needs the extra ``convert``).

Everything here runs on the machine of whoever makes a model, never on the device that uses it.
"""
