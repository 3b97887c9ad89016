"""`python -m aftersales.dev.borrow COMMAND …`: run a command, then stop the embedded services unless they ran before.

Tests and checks leave no process behind. A shop that was started meanwhile keeps its services.
"""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from aftersales import devservices
from aftersales.devrun import AlreadyRunning, only_run


def main(command: Sequence[str]) -> int:
    """The command's exit code."""
    idle = {service.name for service in devservices.SERVICES} - devservices.running()
    try:
        return subprocess.call(command)
    finally:
        with suppress(AlreadyRunning), only_run():
            devservices.stop(only=idle)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
