"""How long one request takes that nobody else disturbs, over HTTP: the charts of a full year."""

import http.client
import time
from statistics import median

from tests.bench.models import make_model, year_of_moods
from tests.bench.open.crowd import BrowserState, browser_states, populate
from tests.bench.stage.servers import Store, site
from tests.bench.table import Row

TIMES, WARM = 200, 20


def rows(on: Store, core: int, times: int = TIMES) -> list[Row]:
    """Return the median over users, each of whom has charts of their own and asks once."""
    model, numbers = make_model(on.app, on.db, "c", year_of_moods), range(WARM + times)
    populate(on.db, model, numbers)
    browser = list(browser_states(on.app, model, numbers))
    with site(on, [core]) as served:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        took, sizes = zip(*(_charts(connection, each) for each in browser), strict=True)
        connection.close()
    each = sorted(took[WARM:])
    note = f"{times} users, slowest {each[-1]:.1f} ms; {median(sizes):,.0f} bytes of brotli or gzip"
    what = "Charts of a full year, one request, compressed, ms"
    return [Row(what, median(each), 8, 4, less=True, note=note)]


def _charts(connection: http.client.HTTPConnection, browser: BrowserState) -> tuple[float, int]:
    """Return how long an answer took (ms), and how long it is in bytes."""
    headers = {"Cookie": f"session={browser.cookie}", "Accept-Encoding": "gzip, deflate, br"}
    begun = time.perf_counter()
    connection.request("GET", "/dashboard/charts", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    took = (time.perf_counter() - begun) * 1000
    if answer.status != 200 or answer.getheader("Content-Encoding") not in ("br", "gzip"):
        raise RuntimeError(f"charts were answered {answer.status} {answer.getheaders()}")
    return took, len(body)
