"""Doing a plan: the executor, the journal it writes, and the reconciling of writes whose answer was lost."""
