"""Ask /healthz as a container does: exit code 0 if the program lives, 1 if not."""

import os
import sys
from http.client import HTTPConnection, HTTPException


def lives(port: int, host: str) -> bool:
    """Return whether the program on this port answers, under a name that it serves."""
    connection = HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    served = os.environ.get("TRUSTED_HOSTS", "").split(",")[0].strip()
    # A leading dot stands for a domain and all below it.
    name = served.lstrip(".") or "127.0.0.1"
    sys.exit(not lives(int(os.environ.get("PORT", "3000")), name))
