"""Inference backends, one a file; each follows `edgecnn.runtime.backend.Backend`."""
