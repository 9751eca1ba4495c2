"""Connections that are lost in the middle of a deploy: it goes on."""
import re
import signal
import time

import pytest

from conftest import (clusterctl, clusterctl_start, cut_connections, everywhere, lab, serving, ssh, step_of,
                      wait_for)


def settled():
    serving(30)
    assert "No changes" in clusterctl("deploy", "--dry-run", "--detailed-exitcode").stdout
    assert not any(o.strip() for o in everywhere("ls /var/lib/clusterctl/pending").values())


@pytest.mark.on_request  # in every run they are cut once, and a machine is turned off besides (test_04)
def test_every_connection_is_cut_again_and_again(packaged):
    """The kernel resets all of the operator's connections, every two seconds, six times."""
    run = clusterctl_start("deploy")
    said = step_of(run, "NFS", "")
    for _ in range(6):
        cut_connections()
        time.sleep(2)
    said += run.communicate(timeout=900)[0]
    assert run.returncode == 0, said
    assert "connecting again: " in said, said
    settled()
    # One run, and as many changes as were planned.
    runs = clusterctl("history").stdout
    assert len(re.findall("deploy", runs)) == 1 and "unfinished" not in runs, runs


@pytest.mark.on_request
def test_a_step_at_work_is_waited_for(packaged):
    """The package manager is at work when the connection goes: it ends what it was about."""
    lab("reset", "pristine")
    run = clusterctl_start("deploy")
    wait_for("apt at work on Web01-RS",
             lambda: "unpacked" in ssh("Web01-RS", "dpkg -l nginx 2>/dev/null | grep -q ^i && echo unpacked; :"), 300)
    cut_connections()
    said = run.communicate(timeout=1200)[0]
    assert run.returncode == 0, said
    assert re.search(r"Web01-RS .*connecting again: ", said), said
    assert not any(everywhere("dpkg --audit").values())
    settled()


@pytest.mark.on_request
def test_a_host_that_boots_in_the_middle(packaged):
    run = clusterctl_start("deploy", "--reconnect", "300")
    said = step_of(run, "Web02-RS", "")
    lab("fault", "Web02-RS", "power-off")
    lab("fault", "Web02-RS", "power-on")
    said += run.communicate(timeout=900)[0]
    assert run.returncode == 0, said
    assert re.search(r"Web02-RS .*connecting again: ", said), said
    settled()


@pytest.mark.on_request
def test_an_operator_who_is_gone_does_not_hold_the_lock(packaged):
    """Its machine stands still: hosts that wait for its next step never hear that there is none."""
    run = clusterctl_start("deploy")
    step_of(run, "Web01-RS", "")
    run.send_signal(signal.SIGSTOP)
    r = clusterctl("deploy")
    assert re.search(rf"locked: .* pid {run.pid} since ", r.stderr), r.stderr
    settled()
    run.send_signal(signal.SIGCONT)
    said = run.communicate(timeout=300)[0]
    assert run.returncode == 1 and "another one took its place" in said, said
    settled()
