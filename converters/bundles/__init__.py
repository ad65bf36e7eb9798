"""From proven files to a bundle: metadata, speeds, card, golden answers, atomic writing."""
