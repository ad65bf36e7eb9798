"""From float to int8, what it did to each layer, and what to do when that is too much."""
