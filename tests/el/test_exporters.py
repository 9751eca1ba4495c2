"""Whom the exporters hear where there is no firewall: their units as rendered under a real systemd, see machine.py;
any other program in the exporters' place."""
import pathlib
import re

import pytest

from machine import Machine, Operator, available, eventually

RENDERED = pathlib.Path(__file__).resolve().parent.parent / "golden/render/monitoring"
NETWORK = "[Match]\nName=eth0\n[Network]\nAddress={}/24\n"
SERVER = "/usr/bin/python3 -m http.server -d /usr/share -b"
PORTS = {"node": 9100, "nginx": 9113}


def exporter(host, name, address):
    unit = f"/etc/systemd/system/prometheus-{name}-exporter.service"
    text = (RENDERED / f"{host}{unit}.d/clusterctl.conf").read_text()
    text = re.sub(r"^ExecStart=/(.*\\\n)*.*\n", f"ExecStart={SERVER} {address} {PORTS[name]}\n", text, flags=re.M)
    if name == "nginx":  # what it asks of nginx
        text += "ExecStartPre=/usr/bin/curl -sS -m 5 http://127.0.0.1:9114/\n"
    return {unit: "[Service]\nExecStart=/bin/false\n", f"{unit}.d/clusterctl.conf": text}


def hears(machine, url):
    return machine.run("curl", "-s", "-m", "4", "-o", "/dev/null", url).returncode == 0


def test_prometheus_host_alone_is_heard(tmp_path):
    if not available():
        pytest.fail("needs root, NetworkManager and a cgroup2 tree", pytrace=False)
    operator = Operator(tmp_path)
    machines = []
    try:
        for host, address, names in (("NFS", "10.1.1.134", ["node"]), ("Web01-RS", "10.1.1.132", ["node", "nginx"])):
            files = {"/etc/systemd/network/50-lan.network": NETWORK.format(address),
                     "/etc/systemd/system/status.service": f"[Service]\nExecStart={SERVER} 127.0.0.1 9114\n"}
            for name in names:
                files |= exporter(host, name, address)
            units = " ".join(f"prometheus-{name}-exporter.service" for name in names)
            machines.append(Machine(operator, host.lower(), address, f"systemd-networkd.service status.service {units}",
                                    files))
            machines[-1].power_on()
        nfs, web = machines
        urls = [f"http://{address}:{port}/" for address, port in (("10.1.1.134", 9100), ("10.1.1.132", 9100),
                                                                  ("10.1.1.132", 9113))]
        for url in urls:
            eventually(lambda u=url: hears(nfs, u), f"{url} hears Prometheus' host")
        assert [hears(web, url) for url in urls] == [False] * 3
        assert [operator.run("curl", "-s", "-m", "4", url).returncode for url in urls] == [28] * 3  # not in time
    finally:
        for machine in machines:
            machine.power_off()
        operator.stop()
