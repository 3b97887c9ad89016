"""How fast this Python is, for the Makefile to choose one by: prints how many microseconds a piece of everyday work
takes, and ends with 1 where it is too old or makes no environments.

A Python that somebody compiled without --enable-optimizations takes twice as long for everything, and does not say so:
`sysconfig` knows of the flag, but those of Debian are optimized without it.

Run as a file, by any Python: the project's packages are not there yet.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older one may be asked
    sys.exit(1)

try:
    import ensurepip  # noqa: F401 - Debian parts it from the rest
    import venv  # noqa: F401
except ImportError:
    sys.exit(1)

from timeit import repeat

WORK = "sum(map(lambda number: len(str(number)), range(20_000)))"

print(int(1e6 * min(repeat(WORK, number=1, repeat=7))))  # noqa: T201 - to the Makefile
