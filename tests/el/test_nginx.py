"""The RHEL family's nginx.conf has a server of its own behind conf.d: a real nginx that reads both must
answer for the VIP with our page, not with the distribution's."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
TOOL = os.environ.get("EL_TOOL", "")
VIP, OWN = "10.1.1.140", "10.1.1.132"

# As in nginx-1.20.1 of EPEL 7 and nginx-1.14 of AppStream 8: without and with default_server.
MAIN = """user root;
worker_processes 1;
error_log stderr warn;
pid {dir}/pid;
events {{ worker_connections 64; }}
http {{
    access_log off;
    include {conf};
    server {{
        listen 80{default};
        listen [::]:80{default};
        server_name _;
        root {dir}/distribution;
    }}
}}
"""


def ask(address, host=None):
    header = f"-H 'Host: {host}'" if host else ""
    return f"curl -s --max-time 10 {header} http://{address}/\n"


@pytest.mark.parametrize("default", ["", " default_server"])
@pytest.mark.parametrize("case", ["centos7", "rocky8", "rocky9"])
def test_vip_is_ours(case, default, tmp_path):
    tmp_path.chmod(0o755)
    for name, page in (("share", "our page"), ("distribution", "Welcome to CentOS")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index1.html").write_text(page + "\n")
        (tmp_path / name / "index.html").write_text(page + "\n")
    text = (HERE / f"render/{case}/Web01-RS/etc/nginx/conf.d/clusterctl.conf").read_text()
    assert f"listen {VIP}:80 default_server" in text
    conf = tmp_path / "clusterctl.conf"
    conf.write_text(re.sub(r"root \S+;", f"root {tmp_path}/share;", text))
    (tmp_path / "nginx.conf").write_text(MAIN.format(dir=tmp_path, conf=conf, default=default))
    nginx = shutil.which("nginx", path="/usr/sbin:/sbin")
    assert nginx and shutil.which("curl"), "not installed; tests/run installs them"
    start = f"{nginx} -e stderr -c {tmp_path}/nginx.conf"
    script = ("ip link set lo up\n"
              f"{start} || exit 1\n"  # before the VIP is there
              f"ip address add {VIP}/32 dev lo; ip address add {OWN}/32 dev lo\n"
              + ask(VIP) + ask(OWN) + ask(VIP, "anything.example") + ask("127.0.0.1")
              + f"kill $(cat {tmp_path}/pid)\n")
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.stdout.splitlines()[:3] == ["our page"] * 3, done.stdout + done.stderr
    # Any other address of the machine is the distribution's, where its server says default_server.
    assert done.stdout.splitlines()[3] == ("Welcome to CentOS" if default else "our page")


def test_no_site_directories_are_touched():
    for case in ("centos7", "rocky8", "rocky9"):
        paths = [str(p) for p in (HERE / "render" / case).rglob("*") if "nginx" in str(p)]
        assert paths and not any("sites-" in p for p in paths)


HTTPD = """cp $(readlink -f /usr/bin/python3) {dir}/httpd
ip link set lo up
{dir}/httpd -c '
import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 80)); s.listen(); time.sleep(60)' &
p=$!
until ss -H -ltn 'sport = :80' | grep -q .; do kill -0 $p || exit; sleep 0.1; done
sh {dir}/script
kill $p
"""


def test_holder_of_the_port_is_remembered(tmp_path):
    """With the real ss, of a process that is called httpd; whether it is enabled, systemd would tell."""
    made = subprocess.run([TOOL, "pre-port"], capture_output=True, text=True, check=True).stdout
    (tmp_path / "script").write_text(made)
    done = subprocess.run(["unshare", "-n", "sh", "-c", HTTPD.format(dir=tmp_path)],
                          capture_output=True, text=True, timeout=60, check=False)
    assert re.fullmatch(r"httpd\.service (enabled|disabled)", done.stdout), done.stdout + done.stderr
    done = subprocess.run(["unshare", "-n", "sh", str(tmp_path / "script")], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.stdout == "-"
