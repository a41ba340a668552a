"""Properties: what an engine is asked about a transition system."""
