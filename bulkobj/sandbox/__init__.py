"""A small HTTP service on loopback that behaves as the documented API does.

The walk of a call: ``server`` takes it from the wire, ``gate`` lets it in (arrival log, limit, token, faults), ``api``
answers it by ``checks``, ``store`` and ``answers``. ``behaviour`` says in which of the possible ways; ``control`` is
the surface under ``/sandbox/`` by which that is changed and seen.
"""
