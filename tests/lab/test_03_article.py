"""Machines set up by hand exactly as the article says, with all its faults."""
from conftest import (DIRECTORS, PAGES, REAL_SERVERS, VIP, all_reboot, alternates, arp_answers, clusterctl,
                      everywhere, get, lab, mac_of, pages, serving, ssh, vip_holders, wait_for)


def test_deploy_repairs_the_article():
    lab("fixture", "article")
    # The faults are there to begin with, so that repairing them means something.
    wait_for("the article's director holds the VIP", lambda: vip_holders() == ["LVS-master"], 60)
    assert len(arp_answers()) == 3, "both real servers answer ARP for the VIP, beside the director"
    assert "Welcome to nginx!" in get()

    content = everywhere("cat /var/www/html/shared/index1.html", REAL_SERVERS)
    clusterctl("deploy")

    # 1 ARP: one answer, the active director's.
    assert arp_answers() == {mac_of(vip_holders()[0])}
    # 2 server_name: pages through the VIP, alternating.
    assert alternates(pages(6))
    # 3 timers: VRRPv3, a tenth of a second, unicast, no rt priority.
    for conf in everywhere("cat /etc/keepalived/keepalived.conf", DIRECTORS).values():
        assert "vrrp_version 3" in conf and "advert_int 0.1" in conf and "nopreempt" in conf
        assert "unicast_peer" in conf and "state BACKUP" in conf and "rt_priority" not in conf
    # The original is kept beside it, once.
    for conf in everywhere("cat /etc/keepalived/keepalived.conf.clusterctl-orig", DIRECTORS).values():
        assert "auth_pass 1111" in conf
    # 4 health check: a dead real server leaves the table within seconds, not half a minute.
    ssh("Web02-RS", "systemctl stop nginx")
    wait_for("Web02-RS leaves the table", lambda: "10.1.1.133:80" not in
             ssh(vip_holders()[0], "ipvsadm -Sn"), 8)
    assert set(pages(4)) == {PAGES["Web01-RS"]}
    ssh("Web02-RS", "systemctl start nginx")
    # 5 persistence: VIP, route and mount are there after a reboot.
    all_reboot()
    assert VIP in ssh("Web01-RS", "ip addr show dev lo")
    assert "nfs" in ssh("Web01-RS", "findmnt -n -o FSTYPE /var/www/html/shared")
    assert ssh("Web01-RS", f"ip -o route show {VIP}").strip()
    assert ssh("Web01-RS", "grep -c ' /var/www/html/shared ' /etc/fstab").strip() == "1"
    assert "_netdev" in ssh("Web01-RS", "grep ' /var/www/html/shared ' /etc/fstab")
    # 6 the share: not writable by the world, root squashed, live as well as on file.
    assert ssh("NFS", "stat -c %a /nfs/web").strip() == "755"
    assert "no_root_squash" not in ssh("NFS", "cat /etc/exports; cat /var/lib/nfs/etab")

    # What worked before still does: the content, and the pages by the servers' own addresses.
    assert everywhere("cat /var/www/html/shared/index1.html", REAL_SERVERS) == content
    assert get("http://10.1.1.132/") == PAGES["Web01-RS"] and get("http://10.1.1.133/") == PAGES["Web02-RS"]
    serving(30)
