"""Lighthouse over the pages that matter: prints the scores, gates on what must be 100.

`make lighthouse` runs it. Accessibility and best practices must be 100 everywhere, SEO on the pages
that search engines may see; performance depends on the machine and is reported only.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import CHROMIUMS
from tests.browser.helpers import CHROMIUM_FLAGS
from tests.support.live_server import LiveServer, serve

CATEGORIES = ("accessibility", "best-practices", "seo", "performance")
PUBLIC = {"/": True, "/plans": True, "/login": False, "/dashboard": False}
LIGHTHOUSE = Path("build/npm/node_modules/.bin/lighthouse")


def main() -> None:
    """Measure each page; exit with 1 if one is not as designed."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)))
    with tempfile.TemporaryDirectory() as folder:
        site = serve(Path(folder) / "data")
        try:
            passed = measure_all(site, chromium)
            site.press_ctrl_c()
        finally:
            site.destroy()
    sys.exit(0 if passed else 1)


def measure_all(site: LiveServer, chromium: str) -> bool:
    """Print a line for each page; return whether all gates are passed."""
    cookie = sample_cookie(site, chromium)
    print(f"{'page':<12}" + "".join(f"{name:>16}" for name in CATEGORIES))
    passed = True
    for path, public in PUBLIC.items():
        scores = measure(site.url + path, "" if public or path == "/login" else cookie, chromium)
        print(f"{path:<12}" + "".join(f"{scores[name]:>16.0f}" for name in CATEGORIES), flush=True)
        passed &= all(scores[name] == 100 for name in CATEGORIES[: 3 if public else 2])
    return passed


def sample_cookie(site: LiveServer, chromium: str) -> str:
    """Return the session cookie of somebody with a year of data."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = browser.new_page()
        page.goto(site.url)
        page.get_by_role("button", name="sample data").click()
        page.wait_for_url("**/dashboard")
        (cookie,) = [one for one in page.context.cookies() if one["name"] == "session"]
        browser.close()
    return f"session={cookie['value']}"


def measure(url: str, cookie: str, chromium: str) -> dict[str, float]:
    """Return the scores of one page, 0 to 100."""
    command = [
        *(str(LIGHTHOUSE), url, "--quiet", "--output=json"),
        f"--only-categories={','.join(CATEGORIES)}",
        f"--extra-headers={json.dumps({'Cookie': cookie} if cookie else {})}",
        f"--chrome-flags=--headless {' '.join(CHROMIUM_FLAGS)}",
    ]
    environment = {**os.environ, "CHROME_PATH": chromium}
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment)
    if done.returncode:
        # The tool gives up when its Chromium is slow to start; a page that is at fault fails twice.
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    categories = json.loads(done.stdout)["categories"]
    return {name: round(categories[name]["score"] * 100) for name in CATEGORIES}


if __name__ == "__main__":
    main()
