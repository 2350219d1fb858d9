"""Types and helpers that at least three packages use; imports no other package."""
