"""Inventory in, every file of every host out: `deploy --dry-run --offline` against stored text.

    GOLDEN_UPDATE=1 pytest tests/golden/test_render.py     after a wanted change; then read the diff

Each rendered file must also satisfy the program that will read it on the host, so keepalived, nginx
and systemd must be installed; tests/run sees to that. Needs root, or user namespaces: keepalived
and nginx look at interfaces and ports, and get a network namespace of their own for that.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
GOLDEN = HERE / "render"
INVENTORIES = sorted(TOP.glob("inventory/examples/*.json")) + sorted(GOLDEN.glob("inventories/*.json"))
CLUSTERCTL = os.environ.get("CLUSTERCTL", str(TOP / "build/cli/clusterctl"))
# --out's own bookkeeping.
NOT_RENDERED = {".clusterctl-out"}


def render(inventory, out):
    """Runs clusterctl where there is no network at all; returns {path: bytes} of what it wrote."""
    run = subprocess.run(
        namespace() + [CLUSTERCTL, "deploy", "--dry-run", "--offline", "--out", str(out),
                       str(inventory)],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert run.returncode == 0, run.stderr + run.stdout
    return {str(p.relative_to(out)): p.read_bytes()
            for p in sorted(out.rglob("*")) if p.is_file() and p.name not in NOT_RENDERED}


def namespace():
    return ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]


def stored(directory):
    return {str(p.relative_to(directory)): p.read_bytes()
            for p in sorted(directory.rglob("*")) if p.is_file()}


def need(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    assert path, f"{program} is not installed; tests/run installs it"
    return path


def accepts(command, what):
    """The program exits 0 and has nothing to say."""
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    said = run.stdout + run.stderr
    assert run.returncode == 0 and not said.strip(), f"{what}: exit {run.returncode}\n{said}"


def links(names):
    """Shell that makes interfaces of these names; a veth needs no module that is not always there."""
    return "".join(f"ip link add {name} type veth peer name peer{i} && ip link set {name} up && "
                   for i, name in enumerate(sorted(names)))


@pytest.fixture(scope="module", params=INVENTORIES, ids=lambda p: p.stem)
def rendered(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("render") / "out"
    return request.param, out, render(request.param, out)


def each(out, name):
    files = sorted(out.glob(f"*/{name}"))
    return files


def test_golden(rendered):
    inventory, _, files = rendered
    golden = GOLDEN / inventory.stem
    if os.environ.get("GOLDEN_UPDATE"):
        shutil.rmtree(golden, ignore_errors=True)
        for name, data in files.items():
            (golden / name).parent.mkdir(parents=True, exist_ok=True)
            (golden / name).write_bytes(data)
    want = stored(golden)
    assert sorted(files) == sorted(want)
    for name, data in files.items():
        assert data.decode() == want[name].decode(), name


def test_every_golden_has_its_inventory():
    known = {p.stem for p in INVENTORIES} | {"inventories"}
    assert len(known) == len(INVENTORIES) + 1, "two inventories of one name"
    assert {p.name for p in GOLDEN.iterdir()} <= known


def test_deterministic(rendered, tmp_path):
    inventory, _, files = rendered
    assert render(inventory, tmp_path / "again") == files


def test_header(rendered):
    """Every file that is wholly ours says so, and says what happens to changes."""
    _, out, files = rendered
    shared = ("etc/hosts", "etc/fstab", "etc/exports", "clusterctl.plan")
    for name, data in files.items():
        path = name.split("/", 1)[1]
        if path in shared or path.endswith(".html"):
            continue
        first = data.decode().splitlines()[0]
        assert re.fullmatch(r"# Managed by clusterctl \(cluster [\w.-]+\)\. Changes made here are "
                            r"overwritten by the next deploy\.", first), name
        assert "{{" not in data.decode(), name


def test_keepalived_accepts(rendered):
    _, out, _ = rendered
    keepalived, confs = need("keepalived"), each(out, "etc/keepalived/keepalived.conf")
    assert confs
    for conf in confs:
        names = set(re.findall(r"^\s*interface (\S+)$", conf.read_text(), re.M))
        names |= set(re.findall(r" dev (\S+)$", conf.read_text(), re.M))
        script = links(names) + f"exec {keepalived} -t -f {conf}"
        accepts(namespace() + ["sh", "-c", script], conf)


def test_keepalived_test_is_no_formality(rendered, tmp_path):
    """The check above fails for a file that keepalived would read differently."""
    _, out, _ = rendered
    conf = tmp_path / "keepalived.conf"
    text = each(out, "etc/keepalived/keepalived.conf")[0].read_text()
    conf.write_text(text.replace("virtual_router_id", "virtual_rooter_id"))
    run = subprocess.run(namespace() + [need("keepalived"), "-t", "-f", str(conf)],
                         capture_output=True, text=True, check=False)
    assert run.returncode != 0 or (run.stdout + run.stderr).strip()


@pytest.fixture(scope="module")
def nginx_tree(tmp_path_factory):
    """What surrounds our file on a host: nginx' main file with the distribution's default site."""
    tree = tmp_path_factory.mktemp("nginx")

    def wrap(conf):
        (tree / "nginx.conf").write_text(f"""
            pid {tree}/pid;
            error_log stderr warn;
            events {{}}
            http {{
                access_log off;
                include {conf};
                server {{ listen 80 default_server; listen [::]:80 default_server; server_name _; }}
            }}
            """)
        return [need("nginx"), "-t", "-q", "-e", "stderr", "-c", str(tree / "nginx.conf")]
    return wrap


def test_nginx_accepts(rendered, nginx_tree):
    """Also that it needs none of its addresses: in this namespace there is not even lo up."""
    _, out, _ = rendered
    confs = each(out, "etc/nginx/conf.d/clusterctl.conf")
    assert confs
    for conf in confs:
        accepts(namespace() + nginx_tree(conf), conf)


def test_fstab_is_accepted(rendered, tmp_path):
    _, out, _ = rendered
    for fstab in each(out, "etc/fstab"):
        line = fstab.read_text().split()
        assert len(line) == 6
        line[1] = str(tmp_path)  # must exist
        (tmp_path / "fstab").write_text(" ".join(line) + "\n")
        run = subprocess.run([need("findmnt"), "--verify", "--tab-file", str(tmp_path / "fstab")],
                             capture_output=True, text=True, check=False)
        # "nfs seems unsupported by the current kernel" is a warning about this machine.
        assert run.returncode == 0, run.stdout + run.stderr


def test_units_are_accepted(rendered):
    _, out, _ = rendered
    units = each(out, "etc/systemd/system/*.service")
    assert units
    for unit in units:
        accepts([need("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", str(unit)],
                unit)


def monitored(out):
    """(host, directory) of each host that runs Prometheus."""
    return [(d.parts[-3], d) for d in sorted(out.glob("*/etc/prometheus"))]


def promtool(*args):
    return subprocess.run([need("promtool"), "check", *args], capture_output=True, text=True,
                          check=False)


def test_prometheus_accepts(rendered, tmp_path):
    """As on the host, with the rules beside it; and nothing of it where it is not asked for."""
    inventory, out, files = rendered
    wanted = '"monitoring"' in inventory.read_text()
    assert len(monitored(out)) == wanted
    assert wanted or not any("prometheus" in name or "metrics" in name for name in files)
    for _, directory in monitored(out):
        config = (directory / "prometheus.yml").read_text()
        (tmp_path / "prometheus.yml").write_text(config.replace("/etc/prometheus", str(directory)))
        said = promtool("config", str(tmp_path / "prometheus.yml"))
        assert said.returncode == 0, said.stdout + said.stderr


def test_promtool_is_no_formality(rendered, tmp_path):
    _, out, _ = rendered
    for _, directory in monitored(out):
        rules = (directory / "clusterctl.rules.yml").read_text()
        (tmp_path / "bad.yml").write_text(rules.replace("sum(", "summ(", 1))
        assert promtool("rules", str(tmp_path / "bad.yml")).returncode != 0


@pytest.mark.parametrize("host", ["LVS-node01", "Web02-RS", "NFS"])
def test_prometheus_on_any_host(host, tmp_path):
    """Its own exporters need no hole in its firewall; everybody else's have one for it alone. Without
    any firewall they still hear nobody else."""
    data = json.loads((TOP / "inventory/examples/reference.json").read_text())
    data["monitoring"] = {"host": host}
    (tmp_path / "inventory.json").write_text(json.dumps(data))
    files = render(tmp_path / "inventory.json", tmp_path / "out")
    assert [h for h, _ in monitored(tmp_path / "out")] == [host]
    address = {h["name"]: h["address"] for h in data["hosts"]}
    for name in address:
        rules = re.findall(r"^firewall allow (.*)$", files[f"{name}/clusterctl.plan"].decode(), re.M)
        open_ports = re.findall(r"tcp/(91\d\d) from (\S+?)(?:,|$)", ",".join(rules))
        ports = ["9100", "9113"] if name.startswith("Web") else ["9100"]
        assert open_ports == ([] if name == host else [(p, address[host]) for p in ports]), name
        for exporter, own in [("node", ""), ("nginx", "127.0.0.1 ")][:len(ports)]:
            unit = files[f"{name}/etc/systemd/system/prometheus-{exporter}-exporter.service.d/clusterctl.conf"]
            assert re.findall(r"^(IPAddress.*)$", unit.decode(), re.M) == \
                ["IPAddressDeny=any", f"IPAddressAllow={own}{address[host]}"], name


def test_scripts_are_shell(rendered):
    _, out, _ = rendered
    for script in each(out, "etc/clusterctl/*.sh"):
        accepts(["sh", "-n", str(script)], script)


def test_exports_name_only_real_servers(rendered):
    """No blank before an option list: that would open the share to everyone (exports(5))."""
    _, out, _ = rendered
    for exports in each(out, "etc/exports"):
        for line in exports.read_text().splitlines():
            path, *clients = line.split(" ")
            assert path.startswith("/") and clients
            for client in clients:
                assert re.fullmatch(r"[0-9.]+\([a-z0-9_,=]+\)", client), line
