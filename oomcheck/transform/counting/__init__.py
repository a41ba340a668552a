"""Counter abstraction: a family of interchangeable threads as one number for each local state.

The counted system stands for all systems of the family, whatever the number of threads; docs/counting.md says why.
"""
