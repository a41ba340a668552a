"""Source positions and user-facing diagnostics."""
