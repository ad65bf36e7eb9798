"""What the app does, without a window: the live stream, the models, snapshots and recordings."""
