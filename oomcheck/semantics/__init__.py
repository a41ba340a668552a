"""The reference semantics: plain Python, written to be read; what the language means."""
