"""Reports of runs and dry runs: content, files, the HTML page."""
