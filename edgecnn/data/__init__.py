"""Data sets for training and proof, by the names in `edgecnn.registry.DATASETS`."""
