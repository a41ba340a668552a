"""All specs below a folder against their expectations: what a CI runs on every change."""
