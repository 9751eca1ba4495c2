"""Firewalls stay on: the cluster's traffic is let through what is active, for good."""
import json

import pytest

from conftest import (REAL_SERVERS, alternates, chosen, clusterctl, everywhere, lab_inventory, pages, serving, ssh,
                      vip_holders)

NFTABLES = """#!/usr/sbin/nft -f
flush ruleset
table inet filter {
    chain input {
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        iifname "lo" accept
        icmp type echo-request accept
        tcp dport 22 accept
    }
}
"""
APT = "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends"


NFT_HOSTS, UFW_HOSTS = ["LVS-master", "Web01-RS", "NFS"], ["LVS-node01", "Web02-RS"]


def put_up_firewalls():
    everywhere(f"{APT} nftables >/dev/null && cat >/etc/nftables.conf <<'EOF'\n{NFTABLES}EOF\n"
               "systemctl enable -q --now nftables", NFT_HOSTS, timeout=600)
    everywhere(f"{APT} ufw >/dev/null && ufw allow 22/tcp && ufw --force enable", UFW_HOSTS, timeout=600)


def rules():
    """What each host lets through, now and after a boot."""
    return (everywhere("nft list ruleset; cat /etc/nftables.conf; ls /etc/nftables.d 2>/dev/null; :", NFT_HOSTS) |
            everywhere("ufw status; cat /etc/ufw/user.rules", UFW_HOSTS))


def test_deploy_through_nftables_and_ufw(packaged):
    put_up_firewalls()
    r = clusterctl("deploy", "--dry-run", expect=0)
    assert "let vrrp from 10.1.1.131, udp/8848 from 10.1.1.131, tcp/80 through the firewall (nftables)" in r.stdout, r.stdout
    assert "let tcp/2049 from 10.1.1.132" in r.stdout
    assert "let vrrp from 10.1.1.130, udp/8848 from 10.1.1.130, tcp/80 through the firewall (ufw)" in r.stdout
    clusterctl("deploy")
    assert alternates(pages(6))
    assert len(vip_holders()) == 1, "the directors hear each other"

    # They are still on, and what a boot would load lets the cluster through too.
    assert all("policy drop" in out for out in everywhere("nft list ruleset", NFT_HOSTS).values())
    assert all("Status: active" in out for out in everywhere("ufw status", UFW_HOSTS).values())
    everywhere("systemctl restart nftables", NFT_HOSTS)
    everywhere("ufw reload", UFW_HOSTS)
    assert "No changes" in clusterctl("deploy", "--dry-run", "--detailed-exitcode").stdout
    serving(30)
    # Nobody else is let in: the share only to the real servers, VRRP only from the other director.
    rules = ssh("NFS", "nft list chain inet filter input")
    assert "2049" in rules and all("saddr" in line for line in rules.splitlines() if "2049" in line)


@pytest.mark.on_request
def test_a_share_of_version_3_through_nftables(packaged, tmp_path):
    """Its mountd is asked for through rpcbind, and has the port that the firewall is told."""
    put_up_firewalls()
    data = lab_inventory()
    data["nfs"] = {**data.get("nfs", {}), "mount_options": "ro,hard,nolock,nfsvers=3,_netdev,nofail"}
    path = tmp_path / "v3.json"
    path.write_text(json.dumps(data))
    chosen[:] = [f"CLUSTERCTL_INVENTORY={path}"]
    try:
        clusterctl("deploy")
        assert all("vers=3" in out for out in everywhere("grep ' nfs ' /proc/mounts", REAL_SERVERS).values())
        serving(30)
        assert "No changes" in clusterctl("deploy", "--dry-run", "--detailed-exitcode").stdout
    finally:
        chosen.clear()
