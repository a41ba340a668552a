"""The models of the OOM killer, the reaper and the freezer, under test."""
