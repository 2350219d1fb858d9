"""The program as a process of its own: ``bulkobj``, or ``python -m bulkobj``."""

from __future__ import annotations

import gc
import sys

from bulkobj.cli.main import run
from bulkobj.cli.streams import Deafened


def main() -> None:
    """Run the program, with streams that nobody need read, and a garbage collector that a long file doesn't keep busy.

    A long file makes millions of objects that all stay until the end: looking through them again and again, and once
    more when the process ends, took a quarter of the time.
    """
    gc.set_threshold(5_000_000, 20, 20)
    for name in ("stdout", "stderr"):
        if (stream := getattr(sys, name)) is not None:
            setattr(sys, name, Deafened(stream))
    try:
        run()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
