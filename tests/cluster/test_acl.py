"""On a cluster the shipped user of Redis needs what its file names, and no more."""

import re
from collections.abc import Iterator

import pytest
import redis

from stats.store.client import connect
from stats.store.cluster import GuardedCluster
from stats.store.keys import user_ids, user_key
from stats.user_stats import create_user_stats, increment_conversations
from stats.web.commands.doctor.check_store import check_store
from tests.cluster.nodes import Cluster
from tests.support.live_server import ROOT

PASSWORD = "0123456789abcdef"
DISPENSABLE = {"client|setinfo", "config|get"}


def rules() -> list[str]:
    """The shipped rights, with those for a cluster."""
    text = (ROOT / "docs/deploy/redis.conf").read_text().replace("AIRA-PASSWORD", PASSWORD)
    (user,) = re.findall(r"^user aira (.*)$", text, re.MULTILINE)
    (more,) = re.findall(r"^# On a cluster add (.*)\.$", text, re.MULTILINE)
    return [*user.split(), *more.split()]


@pytest.fixture
def admins(cluster: Cluster) -> Iterator[list[redis.Redis]]:
    """A client of each node, on which the user is known."""
    plain = cluster.plain_client()
    nodes = [redis.Redis(host=str(node.host), port=node.port) for node in plain.get_nodes()]
    for node in nodes:
        node.execute_command("ACL", "SETUSER", "aira", *rules())
        node.acl_log_reset()
    yield nodes
    for node in nodes:
        node.acl_deluser("aira")
        node.close()
    plain.close()


def test_it_may_do_what_the_program_does(cluster: Cluster, admins: list[redis.Redis]) -> None:
    db = connect(cluster.url.replace("://", f"://aira:{PASSWORD}@"))
    assert isinstance(db, GuardedCluster)
    create_user_stats(db, "acl")
    assert increment_conversations(db, "acl") == 1
    assert "acl" in set(user_ids(db))
    key = user_key("acl", "notes")
    assert db.run_replicated(key, lambda node: node.hset(key, "1", "kept")) == 1
    assert list(check_store(db)) == []
    db.close()
    refused = {entry["object"] for node in admins for entry in node.acl_log()}
    assert {name.decode() if isinstance(name, bytes) else name for name in refused} <= DISPENSABLE
