"""Mutants of models, which show whether some check notices when a line is wrong."""
