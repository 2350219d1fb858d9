"""Workbooks in .xlsx: facts that cell values alone do not show."""
