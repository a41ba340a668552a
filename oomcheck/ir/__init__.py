"""The transition system: sorts, expressions, processes and steps."""
