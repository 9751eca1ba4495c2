"""From bare machines to a serving cluster, and nothing more to do after that."""
from conftest import (DIRECTORS, HOSTS, PAGES, REAL_SERVERS, VIP, alternates, arp_answers, clusterctl, everywhere,
                      get, lab, mac_of, pages, reset, serving, ssh, vip_holders)

# What changes on a host by itself: logs, leases, clocks, what sshd and systemd keep of a login, what rpm and dnf
# make to read.
OWN_LIFE = r"^/(proc|sys|dev)/|^/run/(systemd|utmp|user|log|motd|sshd|udev|lock)|^/var/log/|" \
           r"/rpmdb\.sqlite-(shm|wal)$|^/var/cache/dnf$|^/var/lib/systemd/|^/run$|^/tmp/systemd|^/var/tmp/systemd|^/root/\.cache|^/var/lib/private"


def changed_since(stamp):
    """Files and folders of every host newer than its stamp file, but for the host's own life."""
    find = f"find / -xdev -newer {stamp} ! -path {stamp} 2>/dev/null; " \
           f"find /run /tmp -newer {stamp} ! -path {stamp} 2>/dev/null"
    return {h: [p for p in out.split() if p] for h, out in
            everywhere(f"({find}) | grep -Ev '{OWN_LIFE}' || :").items()}


def test_dry_run_of_bare_machines_changes_nothing():
    reset("pristine")
    everywhere("touch /run/stamp; sleep 1.1")
    r = clusterctl("deploy", "--dry-run", "--detailed-exitcode", expect=2)
    for host in HOSTS:
        assert f"{host} (" in r.stdout
    assert "+    virtual_router_id 10" in r.stdout
    assert changed_since("/run/stamp") == {h: [] for h in HOSTS}


def test_deploy_from_pristine():
    reset("pristine")
    clusterctl("deploy")
    assert alternates(pages(6))
    assert len(vip_holders()) == 1
    assert arp_answers() == {mac_of(vip_holders()[0])}
    lab("snapshot", "deployed")


def services_told(hosts=HOSTS):
    """What a start, restart or reload of our services would change."""
    show = "systemctl show -p MainPID,ActiveEnterTimestampMonotonic,StateChangeTimestampMonotonic " \
           "keepalived nginx nfs-server clusterctl-vip; pgrep -x nginx | sort; " \
           "journalctl -q -u keepalived -u nginx | grep -ci reload"
    return everywhere(f"{show}; :", hosts)


def test_second_deploy_does_nothing(deployed):
    before = services_told()
    r = clusterctl("deploy")
    assert "0 changes" in r.stdout
    assert services_told() == before
    r = clusterctl("deploy", "--dry-run", "--detailed-exitcode", expect=0)
    assert "No changes" in r.stdout


def test_verify_tells_each_check_with_its_evidence(deployed):
    r = clusterctl("verify")
    for check in ("config.converged", "vrrp.single-master", "ipvs.table", "arp.vip-owner",
                  "arp.neighbour", "http.vip", "http.distribution"):
        assert f"PASS {check}" in r.stdout, r.stdout
    assert "FAIL" not in r.stdout and "SKIP" not in r.stdout


def test_verify_names_what_is_wrong(deployed):
    ssh("Web02-RS", "sysctl -q net.ipv4.conf.all.arp_ignore=0")
    r = clusterctl("verify", expect=1)
    assert "FAIL config.converged    Web02-RS" in r.stdout
    assert "FAIL arp.vip-owner" in r.stdout and "Web02-RS" in r.stdout.split("FAIL arp.vip-owner")[1]


def test_drift_is_shown_and_only_drift_is_repaired(deployed):
    path = "/etc/nginx/conf.d/clusterctl.conf"
    good = ssh("Web02-RS", f"cat {path}")
    ssh("Web02-RS", f"sed -i 's/server_tokens off;/server_tokens on;/' {path}")
    before = services_told()
    r = clusterctl("deploy", "--dry-run", "--detailed-exitcode", expect=2)
    diff = [line.strip() for line in r.stdout.splitlines() if line.strip()[:1] in "+-" and line.strip()]
    assert [d for d in diff if d.startswith("-") and not d.startswith("---")] == ["-    server_tokens on;"]
    assert [d for d in diff if d.startswith("+    ")] == ["+    server_tokens off;"]
    assert r.stdout.count("no changes") == len(HOSTS) - 1

    r = clusterctl("deploy")
    assert "2 changes" in r.stdout
    assert ssh("Web02-RS", f"cat {path}") == good
    after = services_told()
    # The directors were told to send nothing there meanwhile.
    assert {h for h in HOSTS if before[h] != after[h]} == {"Web02-RS", *DIRECTORS}
    show = "systemctl show -p MainPID,ActiveEnterTimestampMonotonic"
    assert ssh("Web02-RS", "journalctl -q -u nginx | grep -c Reloaded").strip() != "0"
    assert ssh("Web02-RS", f"{show} nginx").split()[0] in before["Web02-RS"], "restarted, not reloaded"


def test_a_config_that_its_checker_refuses_never_goes_live(deployed):
    # A broken snippet beside ours makes nginx -t fail, whatever we write.
    path = "/etc/nginx/conf.d/clusterctl.conf"
    ssh("Web01-RS", f"echo 'nonsense;' >/etc/nginx/conf.d/broken.conf; echo '# drift' >>{path}")
    drifted = ssh("Web01-RS", f"cat {path}")
    r = clusterctl("deploy", expect=1)
    assert "was not changed: its checker refused the new version" in r.stderr
    assert 'unknown directive "nonsense"' in r.stderr
    assert ssh("Web01-RS", f"cat {path}") == drifted
    assert ssh("Web01-RS", "ls -A /etc/nginx/conf.d").split() == ["broken.conf", "clusterctl.conf"]
    # It is left drained; the running nginx still serves.
    assert set(pages(6)) == {PAGES["Web02-RS"]}
    assert get("http://10.1.1.132/") == PAGES["Web01-RS"]
    ssh("Web01-RS", "rm /etc/nginx/conf.d/broken.conf")
    clusterctl("deploy")
    assert alternates(pages(6))


def test_port_taken_by_another_program(packaged):
    ssh("Web01-RS", "systemctl disable -q --now nginx; cp /usr/sbin/nginx /usr/local/sbin/httpd; "
                    "systemd-run -q --unit=squatter /usr/local/sbin/httpd -g 'daemon off;'; "
                    "until ss -ltn | grep -q ':80 '; do sleep 0.2; done")
    r = clusterctl("deploy", "--dry-run", expect=None)
    assert "port tcp/80 is taken by httpd" in r.stdout, r.stdout


def test_two_runs_at_once(deployed):
    ssh("NFS", "mkdir -p /run/clusterctl; echo 'someone@ops2 pid 1 since noon' >/run/clusterctl/owner; "
               "echo '# drift' >>/etc/exports; sed -i 's/root_squash/no_root_squash/' /etc/exports; "
               "systemd-run -q --unit=holder flock /run/clusterctl/lock sleep 600; sleep 1")
    r = clusterctl("deploy", "--lock-wait", "2", expect=75)
    assert "someone@ops2 pid 1 since noon" in r.stderr + r.stdout
    ssh("NFS", "systemctl stop holder")
    clusterctl("deploy")
    assert "no_root_squash" not in ssh("NFS", "cat /etc/exports")
    assert alternates(pages(6))
    assert get() in PAGES.values()
    assert VIP in ssh(REAL_SERVERS[0], "ip addr show dev lo")
    serving()
