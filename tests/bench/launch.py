"""Run one command; print its wall seconds, its peak memory in megabytes and its exit code.

To be run by an interpreter that has nothing loaded (``python -I -S launch.py COMMAND …``): the system charges a child
with what its parent held when it was started, so that only a parent smaller than the command can tell its memory.
"""

import os
import sys
import time

#: The system's own unit of memory in bytes.
UNIT = 1 if sys.platform == "darwin" else 1024


def main(command: list[str]) -> None:
    """Run, wait, print."""
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    begin = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - begin
    print(seconds, usage.ru_maxrss * UNIT / 2**20, os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1:])
