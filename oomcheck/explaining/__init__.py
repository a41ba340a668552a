"""Why a trace is possible: what it needs, which orders of steps decide, and the run of the fewest switches."""
