"""Training of efficient models: fit, distill, prune, quantize. Backend-neutral Keras 3."""
