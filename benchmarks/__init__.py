"""Benchmarks, run by hand and in smoke mode by the tests; every table in the README is theirs."""
