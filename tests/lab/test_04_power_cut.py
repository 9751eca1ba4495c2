"""A real server loses power in the middle of a deploy."""
from conftest import PAGES, alternates, clusterctl, clusterctl_start, lab, pages, wait_for


def test_real_server_powered_off_during_deploy(packaged):
    run = clusterctl_start("deploy", "--reconnect", "5")
    said = ""
    for line in run.stdout:
        said += line
        if "Web02-RS" in line and "... ok" in line:
            break
    lab("fault", "Web02-RS", "power-off")
    rest, _ = run.communicate(timeout=900)
    said += rest
    assert run.returncode == 69, said
    assert "tried for 5 s to go on after a lost connection" in said and "not done: " in said, said
    assert "Web02-RS" in said and "To continue" in said
    assert set(pages(4)) == {PAGES["Web01-RS"]}, "the rest is deployed and serves"

    lab("fault", "Web02-RS", "power-on", "--wait")
    clusterctl("deploy")
    wait_for("both serve", lambda: alternates(pages(6)), 30)
