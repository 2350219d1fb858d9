"""A small HTTP service on loopback that behaves as the documented API does.

A request passes ``server`` (limit, token), ``api.routes`` and ``store``. Faults, other shapes of responses and other
limiters are in ``tests/service``.
"""
