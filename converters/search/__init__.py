"""The fastest way to run a model within limits: candidates, figures, Pareto front, winner."""
