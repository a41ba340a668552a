"""Graphs of a model: its reachable states, the order in which it takes locks, the flow of control of its threads."""
