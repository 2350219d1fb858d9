"""Changing cells of the user's own file; everything else in it stays as it is."""
