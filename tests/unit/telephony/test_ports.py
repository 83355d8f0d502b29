"""Ports are given out once on a machine, whoever asks."""

import random
import socket
import subprocess
import sys

from hotline.settings import ROOT
from telephony.asterisk.ports import free_port

OTHERS = """
import random
from telephony.asterisk.ports import free_port
random.seed(12345)
print(*[free_port() for _ in range(50)])
"""


def test_nobody_else_is_given_a_port_that_is_not_bound_yet() -> None:
    random.seed(12345)  # both draw the same numbers
    mine = {free_port() for _ in range(50)}
    said = subprocess.run(
        [sys.executable, "-c", OTHERS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    theirs = {int(port) for port in said.stdout.split()}
    assert (len(mine), len(theirs)) == (50, 50)
    assert not mine & theirs


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", free_port(kind=socket.SOCK_STREAM)))
        taken = listening.getsockname()[1]
        assert taken not in {free_port(kind=socket.SOCK_STREAM) for _ in range(50)}
