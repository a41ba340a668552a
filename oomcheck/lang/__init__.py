"""The language: text to syntax tree, to typed model, to transition system."""
