"""Serves one of the small applications as app.py serves the product: granian, one worker.

Run it as `python -m tests.bench.serve const|wsgi|naive`; PORT and the rest are in the environment.
"""

import os
import sys

from granian import Granian
from granian.constants import Interfaces

from stats.web.worker_processes import THREADS


def main() -> None:
    """Serve until told to end."""
    Granian(
        f"tests.bench.small:{sys.argv[1]}",
        factory=True,
        address=os.environ["HOST"],
        port=int(os.environ["PORT"]),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    main()
