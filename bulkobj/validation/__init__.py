"""Checks of headers, cells and rows. Pure."""
