"""The command line: parse, settle the settings, call the pipeline, print, exit."""
