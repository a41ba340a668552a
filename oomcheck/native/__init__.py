"""Explicit search as native code: a small C file for each model, and a core that is compiled once."""
