"""A password that is typed on one device opens every door on another."""

from flask import Flask

from tests.web.helpers import Browser, field_error, log_in, sign_up

COMPOSED, DECOMPOSED = "caf\u00e9 au lait", "cafe\u0301 au lait"


def test_it_opens_every_door(app: Flask) -> None:
    alice = sign_up(app, "Alice", password=DECOMPOSED)
    other = log_in(app, "Alice", password=COMPOSED)
    for current, new in ((COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)):
        form = {"current_password": current, "new_password": new}
        assert other.post("/settings/password", form).status_code == 303
    address = {"name": "Alice", "timezone": "UTC", "day_start": "0", "theme": "dark"}
    address |= {"email": "new@example.com", "current_password": DECOMPOSED}
    assert other.post("/settings", address).status_code == 303
    assert Browser(app).post("/login", {"email": "new@example.com", "password": COMPOSED}).location
    assert alice.get("/dashboard").status_code == 302


def test_another_word_opens_none(app: Flask) -> None:
    alice = sign_up(app, "Alice", password=DECOMPOSED)
    form = {"current_password": "cafe au lait", "new_password": "another password"}
    answer = alice.post("/settings/password", form)
    assert field_error(answer, "current_password") == "This is not your current password."
