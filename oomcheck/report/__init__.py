"""Reports and traces as text and JSON: pure functions from results to strings."""
