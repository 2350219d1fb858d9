"""The commands, one module a use case: load, check, resolve, plan, ask, run, report."""
