"""Running bundles: backends, sessions, preprocessing, decoding, and the choice among variants."""
