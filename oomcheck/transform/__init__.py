"""Transforms of transition systems; each keeps their interface and says how to lift what is found."""
