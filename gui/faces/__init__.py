"""People in the app: the gallery that is open, and the windows that change it."""
