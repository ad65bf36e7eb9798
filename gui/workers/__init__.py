"""Threads of the app: they never touch a widget; the newest wish wins; they stop when asked."""
