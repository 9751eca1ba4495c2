"""The network that the tests of a file share."""
import os
import signal

import pytest
from network import TOOL, Net, build


def interrupt(*_):
    raise KeyboardInterrupt  # the namespaces are removed then, too


@pytest.fixture(scope="module", name="net")
def fixture_net():
    if os.geteuid() != 0:
        pytest.fail("these tests make network namespaces: run them as root", pytrace=False)
    if not os.access(TOOL, os.X_OK):
        pytest.fail("PROBE_TOOL must name the probe-tool binary", pytrace=False)
    net = Net()
    signal.signal(signal.SIGTERM, interrupt)
    try:
        build(net)
        yield net
    finally:
        net.remove()
