"""Algorithms on explicit graphs of runs, on dense numbers only."""
