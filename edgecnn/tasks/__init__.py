"""What users call: a picture goes in, a typed result comes out."""
