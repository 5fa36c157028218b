"""What a page costs the server: medians over a year of sample data, in milliseconds.

`make bench` runs it. No load, no HTTP: one request after the other, within the process.
"""

import statistics
import tempfile
import time
from pathlib import Path

from app import create_app
from stats import embedded
from stats.activity import Clock
from stats.sample import make_sample
from stats.settings import Settings
from stats.store import connect

ROUNDS = 60
PATHS = ("/dashboard", "/dashboard/stats", "/history", "/conversations", "/plans", "/settings")


def main() -> None:
    """Print a line for each page."""
    with tempfile.TemporaryDirectory() as folder:
        server = embedded.start(Path(folder))
        try:
            measure(server.url)
        finally:
            server.close()


def measure(url: str) -> None:
    """Print the median and the slowest of ROUNDS answers of each page."""
    db = connect(url)
    app = create_app(Settings(secret_keys=("only-for-the-bench-here",)), db)
    client = app.test_client()
    login = make_sample(db, Clock("Europe/London"), "bench")
    with client.session_transaction() as session:
        session["_user_id"], session["sid"] = login.user_id, login.session_id
    print(f"{'page':<20}{'median ms':>10}{'slowest':>10}{'bytes':>10}")
    for path in PATHS:
        took, size = [], 0
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            answer = client.get(path)
            took.append((time.perf_counter() - begun) * 1000)
            assert answer.status_code == 200, path
            size = len(answer.data)
        print(f"{path:<20}{statistics.median(took):>10.1f}{max(took):>10.1f}{size:>10}")


if __name__ == "__main__":
    main()
