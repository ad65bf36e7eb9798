"""What a model file says of itself, in the words of its format's own tools."""
