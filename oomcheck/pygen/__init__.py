"""Explicit search by Python code that is generated for one transition system."""
