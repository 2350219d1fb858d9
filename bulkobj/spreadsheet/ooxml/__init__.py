"""Reading and editing the parts of an OOXML package."""
