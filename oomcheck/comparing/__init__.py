"""Two models, or two settings of one model: which verdicts differ, and how one schedule goes on both."""
