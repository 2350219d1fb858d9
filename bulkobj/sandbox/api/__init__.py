"""The sandbox's HTTP interface: routes, request checks, responses."""
