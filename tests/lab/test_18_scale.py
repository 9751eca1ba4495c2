"""What is made can be unmade: destroy, and hosts that leave the cluster and come back."""
import pytest

from conftest import (DIRECTORS, HOSTS, PAGES, VIP, alternates, back_to_deployed, clusterctl, everywhere, lab, pages,
                      reset, serving, ssh)
from picture import LEFT, differences, new_files, picture
from traffic import Load


def test_destroy_leaves_packages_logs_and_caches():
    reset("pristine")
    before = picture()
    back_to_deployed()
    serving()
    r = clusterctl("destroy", "--dry-run")
    assert "- stop and disable keepalived.service  [vip-moves]" in r.stdout
    assert "/nfs/web" in r.stdout
    r = clusterctl("destroy", expect=64)
    assert "--yes-destroy" in r.stderr
    r = clusterctl("destroy", "--yes-destroy", "other", expect=64)
    assert alternates(pages(4)), "not confirmed, and yet something changed"
    clusterctl("destroy", "--yes-destroy", VIP)
    after = picture()
    names, listed = new_files(before, after)
    assert "keepalived" in names["LVS-master"] and "nginx" in names["Web01-RS"]
    assert differences(before, after, listed) == {h: [] for h in HOSTS}
    r = clusterctl("destroy", "--dry-run")
    assert "Nothing of the cluster is on these hosts." in r.stdout


def of_the_cluster(address):
    """Where the hosts that stay still name one that has left."""
    out = everywhere(f"grep -rlsF {address} /etc /var/lib/clusterctl/members /var/lib/clusterctl/drained | "
                     "grep -v '/etc/nginx/sites-'; ipvsadm -Ln 2>/dev/null | grep -F "
                     f"{address}:; cut -d '(' -f 1 /var/lib/nfs/etab 2>/dev/null | grep -F {address}; :",
                     [h for h in HOSTS if h != "Web02-RS"])
    return {h: o.split() for h, o in out.items() if o.strip()}


@pytest.mark.on_request
def test_a_real_server_leaves_and_comes_back(patient, without):
    path = without("Web02-RS")
    r = clusterctl("deploy", "--dry-run", path)
    assert "No longer in the inventory:\nWeb02-RS (10.1.1.133): " in r.stdout
    assert "- remove 10.1.1.140/32 from lo, with its host route" in r.stdout
    with Load(100) as load:
        load.note("one leaves")
        r = clusterctl("deploy", path)
        load.note(r.stderr)
        assert "Web02-RS (10.1.1.133) has left the inventory" in r.stderr
        assert ssh("Web02-RS", LEFT) == ""
        assert ssh("Web02-RS", "cat /proc/sys/kernel/hostname") == "debian\n"
        assert of_the_cluster("10.1.1.133") == {}
        assert set(pages(4)) == {PAGES["Web01-RS"]}
        assert "0 changes" in clusterctl("deploy", path).stdout

        load.note("and comes back")
        r = clusterctl("deploy")
        load.note(r.stderr)
        serving()
    load.nothing_lost()


@pytest.mark.on_request
def test_one_that_is_out_of_reach_is_remembered(deployed, without):
    lab("fault", "Web02-RS", "link-down")
    path = without("Web02-RS")
    r = clusterctl("deploy", path, expect=69)
    assert "add --forget with its name" in r.stderr
    assert "departed Web02-RS 10.1.1.133" in ssh(DIRECTORS[0], "cat /var/lib/clusterctl/members")
    assert set(pages(4)) == {PAGES["Web01-RS"]}
    clusterctl("deploy", "--forget", "Web02-RS", path)
    assert of_the_cluster("10.1.1.133") == {}
    assert "Web02-RS" not in clusterctl("deploy", path).stderr
