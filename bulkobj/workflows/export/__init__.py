"""The export: reading accounts, choosing objectives, writing files."""
