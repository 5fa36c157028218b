"""Forms as a browser sends them: with all that the page has put into them."""

from html.parser import HTMLParser
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.support.store_checks import run_concurrently
from tests.web.helpers import Browser


class _Forms(HTMLParser):
    """The forms of a page: pairs of the action and the fields with their values."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found.get("action", ""), {}))
        elif tag == "input" and self.forms and found.get("name"):
            self.forms[-1][1].setdefault(found["name"], found.get("value", ""))


def forms_of(page: TestResponse) -> list[tuple[str, dict[str, str]]]:
    """The action and the fields of each form on a page."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.forms


def fields_of(page: TestResponse, url: str = "", /, **values: str) -> dict[str, str]:
    """The fields of the form that goes to `url`, filled in; of several, with the same `action`."""
    for target, fields in forms_of(page):
        if target == url and fields.get("action") == values.get("action"):
            return fields | values
    raise AssertionError(f"no form goes to {url}")


class Twin:
    """Two presses of one form from one browser: neither has seen the answer to the other."""

    def __init__(self, app: Flask, browser: Browser, url: str, fields: dict[str, Any]) -> None:
        self.url, self.fields = url, fields
        self.browsers = [browser, Browser(app, browser.session)]

    def press(self, number: int) -> TestResponse:
        browser = self.browsers[number]
        browser.forget_token()
        return browser.client.post(self.url, data=self.fields)

    def one_by_one(self) -> list[TestResponse]:
        return [self.press(number) for number in range(2)]

    def at_once(self) -> list[TestResponse]:
        return run_concurrently(2, self.press)
