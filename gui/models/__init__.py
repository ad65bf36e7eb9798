"""The models that are there: looked at, checked, brought in, converted, and deleted."""
