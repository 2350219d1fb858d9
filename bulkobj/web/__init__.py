"""The browser page (`bulkobj ui`): the workflows behind forms, for people who don't live in a terminal."""
