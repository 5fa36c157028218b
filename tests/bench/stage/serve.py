"""Serves one of the small applications as app.py serves the product: granian, one worker.

Run it as `python -m tests.bench.stage.serve const|wsgi|naive`, with PORT and the rest in the
environment.
"""

import os
import sys

from granian import Granian
from granian.constants import Interfaces

from stats.web.worker_processes import THREADS


def main() -> None:
    """Serve until told to end."""
    Granian(
        f"tests.bench.stage.small_applications:{sys.argv[1]}",
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
