"""Evaluation: numpy only, judges the answers of any backend."""
