"""The program as a process of its own: ``bulkobj``, or ``python -m bulkobj``."""

from __future__ import annotations

import gc

from bulkobj.cli.main import run


def main() -> None:
    """Run the program with a garbage collector that a long file doesn't keep busy.

    A long file makes millions of objects that all stay until the end: looking through them again and again, and once
    more when the process ends, took a quarter of the time.
    """
    gc.set_threshold(1_000_000, 20, 20)
    try:
        run()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
