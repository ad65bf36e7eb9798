"""Where pictures come from and where annotated ones go; knows nothing of models."""
