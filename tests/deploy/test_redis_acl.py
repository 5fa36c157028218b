"""The shipped settings of Redis: its user for the program may do what that does, and no more."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from stats.store import keys
from tests.badday.helpers import Person, RequestSpec, send, service_request
from tests.badday.valkey import Valkey, short_folder
from tests.commands.test_process import flask
from tests.deploy.helpers import DEPLOY, HOST
from tests.support.live_server import ROOT, LiveServer, serve
from tests.support.samples import MESSAGES

PASSWORDS = {"OPERATOR-PASSWORD": "0123456789abcdef" * 4, "AIRA-PASSWORD": "fedcba9876543210" * 4}
STRONG = {
    "SECRET_KEY": "J3n-9ufKq_wb2Xv7sTzRmYpLc4GdHe8AoNi1Bk5WtUy",
    "STATS_API_KEYS": "Qz7-pLw3Xv9sTbRmYkNc4GdHe8AoJf1Bu5WtUy2MnVi",
}
# What our own code sends beside its scripts; redis-py and the stream of tracking included.
SENT = {"ping", "hello", "eval", "evalsha", "scan", "info", "client|tracking"}
# What is tried and can be done without (stats/web/commands/doctor/check_store.py, redis-py).
DISPENSABLE = {"client|setinfo", "config|get"}
PAGES = (
    *("/dashboard", "/dashboard/charts", "/history", "/conversations", "/plans", "/settings"),
    *("/settings/two-factor", "/settings/export.json", "/settings/export.csv"),
)


class Guarded(Valkey):
    """A server with the shipped settings; its admin is the operator."""

    def client(self, **more: Any) -> redis.Redis:
        return super().client(username="operator", **more)


def shipped() -> str:
    """The shipped settings with passwords."""
    text = (DEPLOY / "redis.conf").read_text()
    for name, password in PASSWORDS.items():
        assert text.count(name) == 1
        text = text.replace(name, password)
    return text


@pytest.fixture
def store() -> Iterator[Guarded]:
    with short_folder() as folder:
        (folder / "aira.conf").write_text(shipped())
        operator = PASSWORDS["OPERATOR-PASSWORD"]
        store = Guarded(folder, include=str(folder / "aira.conf"), requirepass=operator)
        yield store
        store.stop()


@pytest.fixture
def settings(store: Guarded) -> dict[str, str]:
    """The settings of a deployment on this store."""
    url = f"unix://aira:{PASSWORDS['AIRA-PASSWORD']}@{store.socket}"
    names = {"TRUSTED_HOSTS": f"{HOST},127.0.0.1", "PUBLIC_URL": f"https://{HOST}"}
    limits = {"TRUSTED_PROXIES": "1", "RATELIMIT_ENABLED": "true"}
    return {"REDIS_URL": url, **limits, **names, **STRONG}


@pytest.fixture
def site(store: Guarded, settings: dict[str, str]) -> Iterator[LiveServer]:
    site = serve(store.folder / "data", **settings)
    yield site
    site.destroy()


def refused(store: Guarded) -> set[str]:
    """What the program was not allowed to do."""
    return {str(entry["object"]) for entry in store.admin.acl_log()} - DISPENSABLE


def ask(site: LiveServer, method: str, path: str, body: Any = None) -> int:
    return send(site.port, service_request("", method, path, body).with_key(site.key)).status


def test_the_main_routes_need_no_more(store: Guarded, site: LiveServer) -> None:
    person = Person(site.port, site.key)
    answers = [person.ask(RequestSpec("page", "GET", page)).status for page in PAGES]
    assert answers == [200] * len(PAGES)
    assert person.ask(RequestSpec("poll", "GET", person.poll_path())).status == 204
    mood = person.form("mood", "/dashboard/mood", score="7", note="A walk", op="1")
    assert person.ask(mood).status == 303
    wrong = person.form("login", "/login", email=person.email, password="wrong")
    assert send(site.port, wrong).status == 400
    chat = {"chatId": "c", "summary": "A walk", "messages": MESSAGES}
    user = f"userId={person.id}"
    assert ask(site, "POST", f"/api/chat/save?{user}", chat) == 200
    assert ask(site, "PATCH", f"/api/mood?{user}", {"score": 3}) == 200
    assert ask(site, "PATCH", f"/api/plan?{user}", {"plan": "Plus"}) == 200
    assert ask(site, "POST", f"/api/users/{person.id}/link") == 200
    assert ask(site, "POST", f"/api/login?{user}") == 200
    for path in ("/api/dashboard", "/api/mood", "/api/chat", "/api/chat/c", "/api/entitlements"):
        assert ask(site, "GET", f"{path}?{user}") == 200
    assert ask(site, "DELETE", f"/api/chat/c?{user}") == 200
    assert ask(site, "DELETE", f"/api/users/{person.id}") == 200
    assert refused(store) == set()
    assert re.search(r"^aira_tracking_streams\S* 1.0$", site.metrics(), re.MULTILINE)


def test_operators_need_no_more(store: Guarded, settings: dict[str, str]) -> None:
    create = ("users", "create", "--email", "dan@example.com", "--name", "Dan", "--no-password")
    for command in (create, ("keys", "create", "chat"), ("stats", "census"), ("doctor",)):
        done = flask(store.folder / "data", *command, **settings)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "All is well" in done.stdout
    assert refused(store) == set()


def test_it_may_do_nothing_else(store: Guarded, settings: dict[str, str]) -> None:
    with redis.Redis.from_url(settings["REDIS_URL"]) as aira:
        for command in (
            ["FLUSHALL"],
            ["KEYS", "*"],
            ["CONFIG", "SET", "dir", "/"],
            ["ACL", "LIST"],
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                aira.execute_command(*command)
        with pytest.raises(redis.exceptions.NoPermissionError):
            aira.set("another-program", "1")
        with pytest.raises(redis.ResponseError, match=r"ACL|permission"):
            aira.eval("return redis.call('SET', KEYS[1], '1')", 1, "another-program")
    with redis.Redis(unix_socket_path=str(store.socket)) as nobody, pytest.raises(redis.RedisError):
        nobody.ping()


def test_what_scripts_wrote_is_there_after_a_restart(store: Guarded, site: LiveServer) -> None:
    """Redis 7.0 replays it as the default user, who is off: one without rights loses it."""
    Person(site.port, site.key)
    default = store.admin.acl_getuser("default")
    assert default is not None
    assert "off" in default["flags"]
    assert default["categories"] == ["+@all"]
    assert (default["keys"], default["channels"]) == (["~*"], ["&*"])
    before = store.dump()
    assert before
    site.destroy()
    store.process.terminate()
    store.process.wait(20)
    store.start()
    assert store.dump() == before


def test_it_names_each_command_that_is_used_and_no_other() -> None:
    scripts = "".join(path.read_text() for path in (ROOT / "stats/lua").rglob("*.lua"))
    called = {name.lower() for name in re.findall(r"redis\.p?call\('([A-Z]+)'", scripts)}
    (user,) = re.findall(r"^user aira .*", shipped(), re.MULTILINE)
    allowed = {word[1:] for word in user.split() if word.startswith("+")}
    assert allowed == called | SENT


def test_it_names_each_key_that_is_used() -> None:
    """Those that stats/store/keys.py describes; `user:{id}:…` are all of a user."""
    described = re.findall(r"^    ([a-z:-]+)(\{[\w-]+\})?", str(keys.__doc__), re.MULTILINE)
    (user,) = re.findall(r"^user aira .*", shipped(), re.MULTILINE)
    patterns = {word[1:] for word in user.split() if word.startswith("~")}
    assert patterns == {f"{name}{{*" if tag else name for name, tag in described}
