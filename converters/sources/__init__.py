"""Kinds of networks that can be converted, and one function that tells them apart."""
