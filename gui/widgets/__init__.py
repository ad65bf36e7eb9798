"""What the window is made of. Widgets show the state and tell of wishes; they decide nothing."""
