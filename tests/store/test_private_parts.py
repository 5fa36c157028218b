"""What is private in libraries and used all the same stands in one place each; here it is held.

When a test of these goes red, a library has changed: read the place that it names again.
"""

import inspect
from importlib.metadata import version

from redis.cluster import NodesManager, RedisCluster
from redis.connection import Connection

READ = {"redis": "8.1", "granian": "2.8"}


def test_the_versions_are_those_that_were_read() -> None:
    installed = {name: version(name).rpartition(".")[0] for name in READ}
    assert installed == READ, (
        "read stats/store/tracking.py, cluster.py, web/worker_processes.py anew"
    )


def test_redis_py_has_what_the_stream_uses() -> None:
    connection = Connection(protocol=3)
    connection._parser.set_invalidation_push_handler(lambda message: message)
    assert connection._parser.invalidation_push_handler_func(1) == 1
    assert connection._sock is None
    assert "push_request" in inspect.signature(connection.read_response).parameters


def test_redis_py_has_what_the_cluster_client_overrides() -> None:
    assert list(inspect.signature(RedisCluster._execute_command).parameters)[1] == "target_node"
    assert callable(NodesManager.initialize)
