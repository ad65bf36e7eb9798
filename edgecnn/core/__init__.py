"""Arrays in, arrays out: pictures, boxes, results. Knows nothing of models."""
