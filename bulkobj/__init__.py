"""Bulk import, update, delete and export of Totango objectives from spreadsheets."""

__version__ = "0.1.0"
