"""Other standard forms of a network, for programs that expect them."""
