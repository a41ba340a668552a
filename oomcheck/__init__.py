"""oomcheck: a model checker for races around the Linux OOM killer."""
