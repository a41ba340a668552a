"""What engines find and what users are shown: explorations, verdicts, traces."""
