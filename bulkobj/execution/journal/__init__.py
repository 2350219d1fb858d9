"""The journal of a run, and the folder of journals."""
