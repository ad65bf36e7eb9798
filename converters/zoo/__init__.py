"""Zoo recipes: one file a bundle, how it is rebuilt from the package that its weights come from."""
