"""A real server loses power in the middle of a deploy, after all connections have been cut."""
import re

from conftest import (PAGES, clusterctl, clusterctl_start, cut_connections, lab, pages, read_until, serving,
                      step_of)


def test_real_server_powered_off_during_deploy(packaged):
    run = clusterctl_start("deploy", "--reconnect", "20")
    said = step_of(run, "Web02-RS", "")
    cut_connections()
    said += read_until(run, "Web02-RS .*connecting again: ") + step_of(run, "Web02-RS", "")
    lab("fault", "Web02-RS", "power-off")
    rest, _ = run.communicate(timeout=900)
    said += rest
    assert run.returncode == 69, said
    assert set(re.findall(r"\] (\S+) .*connecting again: ", said)) > {"Web02-RS"}, said
    assert "tried for 20 s to go on after a lost connection" in said and "not done: " in said, said
    assert "Web02-RS" in said and "To continue" in said
    assert set(pages(4)) == {PAGES["Web01-RS"]}, "the rest is deployed and serves"

    lab("fault", "Web02-RS", "power-on", "--wait")
    clusterctl("deploy")
    serving(30)
