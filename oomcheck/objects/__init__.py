"""Kernel objects: state, operations and misuse checks, one module each."""
