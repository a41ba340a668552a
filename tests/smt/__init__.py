"""Tests of the symbolic engines."""
