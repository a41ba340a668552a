"""The C texts of a kernel that models refer to: what is defined where, and whether a text is the one that was read.

Kernel texts are untrusted and stay where they are: of each only a fingerprint is recorded.
"""
