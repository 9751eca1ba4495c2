"""The alert rules at work: promtool feeds them samples of a cluster as it goes wrong, and says what
fires. That real exporters give such samples is shown on the lab: tests/lab/test_15_monitoring.py.
"""
import json
import subprocess

import pytest

from test_render import GOLDEN, need

RULES = GOLDEN / "monitoring/NFS/etc/prometheus/clusterctl.rules.yml"
DIRECTORS = {"LVS-master": "10.1.1.130", "LVS-node01": "10.1.1.131"}
SERVERS = {"Web01-RS": "10.1.1.132", "Web02-RS": "10.1.1.133"}
HOSTS = DIRECTORS | SERVERS | {"NFS": "10.1.1.134"}
SAMPLES = 60  # every 10 s: ten minutes


def table(director, server):
    return (f'node_ipvs_backend_weight{{host="{director}",local_address="10.1.1.140",local_port="80",'
            f'proto="TCP",remote_address="{SERVERS[server]}"}}')


def unit(host, name):
    return f'node_systemd_unit_state{{host="{host}",name="{name}.service",state="active"}}'


def accepted(server):
    return f'nginx_connections_accepted{{host="{server}",address="{SERVERS[server]}"}}'


def held(director):
    return f'clusterctl_vip_held{{host="{director}",vip="10.1.1.140"}}'


def transitions(director):
    return f'clusterctl_vrrp_transitions_total{{host="{director}"}}'


def healthy():
    """{series: samples in promtool's notation} of a cluster that is well."""
    s = {}
    for i, d in enumerate(DIRECTORS):
        s[held(d)] = f"{int(i == 0)}x{SAMPLES}"
        s[unit(d, "keepalived")] = f"1x{SAMPLES}"
        s[transitions(d)] = f"1x{SAMPLES}"
        for rs in SERVERS:
            s[table(d, rs)] = f"1x{SAMPLES}"
    for rs in SERVERS:
        s[f'nginx_up{{host="{rs}"}}'] = f"1x{SAMPLES}"
        s[f'clusterctl_share_answers{{host="{rs}"}}'] = f"1x{SAMPLES}"
        s[accepted(rs)] = f"0+200x{SAMPLES}"
        for what, more in (("response_time_seconds", 0.1), ("requests", 10)):
            s[f'node_mountstats_nfs_operations_{what}_total{{host="{rs}",operation="GETATTR"}}'] = \
                f"0+{more}x{SAMPLES}"
    for h in HOSTS:
        s[f'up{{host="{h}",job="node"}}'] = f"1x{SAMPLES}"
        for kind, n in (("avail_bytes", 50), ("size_bytes", 100), ("readonly", 0)):
            s[f'node_filesystem_{kind}{{host="{h}",mountpoint="/"}}'] = f"{n}x{SAMPLES}"
    s[unit("NFS", "nfs-server")] = f"1x{SAMPLES}"
    return s


# Which samples differ, and what fires at the end: (alert, the host it names).
FIVE, REST = 29, SAMPLES - 30  # well for five minutes, then not
FAULTS = {
    "nothing": ({}, set()),
    "a dead real server": (
        {table(d, "Web02-RS"): f"1x{FIVE} stale" for d in DIRECTORS} |
        {'up{host="Web02-RS",job="node"}': f"1x{FIVE} 0x{REST}", accepted("Web02-RS"): f"0+200x{FIVE} stale",
         'nginx_up{host="Web02-RS"}': f"1x{FIVE} stale"},
        {("RealServerMissing", "Web02-RS"), ("TargetDown", "Web02-RS")}),
    "one director does not send to it": (
        {table("LVS-node01", "Web01-RS"): f"1x{FIVE} stale"}, {("RealServerMissing", "Web01-RS")}),
    "a drained real server": (
        {table(d, "Web02-RS"): f"1x{FIVE} 0x{REST}" for d in DIRECTORS} |
        {accepted("Web02-RS"): f"0+200x{FIVE} 5900+67x{REST}",
         accepted("Web01-RS"): f"0+200x{FIVE} 5900+400x{REST}"},
        set()),
    "weights at rest": (
        {table(d, "Web01-RS"): f"3x{SAMPLES}" for d in DIRECTORS} |
        {accepted(rs): f"0+66x{SAMPLES}" for rs in SERVERS}, set()),
    "weights at work": (
        {table(d, "Web01-RS"): f"3x{SAMPLES}" for d in DIRECTORS} |
        {accepted("Web01-RS"): f"0+360x{SAMPLES}", accepted("Web02-RS"): f"0+160x{SAMPLES}"}, set()),
    "keepalived stopped on both": (
        {held(d): f"{int(d == 'LVS-master')}x{FIVE} 0x{REST}" for d in DIRECTORS} |
        {unit(d, "keepalived"): f"1x{FIVE} 0x{REST}" for d in DIRECTORS} |
        {table(d, rs): f"1x{FIVE} stale" for d in DIRECTORS for rs in SERVERS},
        {("VipAbsent", None), ("KeepalivedDown", "LVS-master"), ("KeepalivedDown", "LVS-node01")}),
    "both directors off": (
        {held(d): f"{int(d == 'LVS-master')}x{FIVE} stale" for d in DIRECTORS} |
        {unit(d, "keepalived"): f"1x{FIVE} stale" for d in DIRECTORS} |
        {table(d, rs): f"1x{FIVE} stale" for d in DIRECTORS for rs in SERVERS} |
        {f'up{{host="{d}",job="node"}}': f"1x{FIVE} 0x{REST}" for d in DIRECTORS},
        {("VipAbsent", None), ("TargetDown", "LVS-master"), ("TargetDown", "LVS-node01")}),
    "two holders": ({held("LVS-node01"): f"0x{FIVE} 1x{REST}"}, {("VipDoubled", None)}),
    "a hand-over": (
        {held("LVS-master"): f"1x{FIVE} 0x{REST}", held("LVS-node01"): f"0x{FIVE} 1x{REST}",
         transitions("LVS-master"): f"1x{FIVE} 3x{REST}", transitions("LVS-node01"): f"1x{FIVE} 2x{REST}"},
        set()),
    "flapping": ({transitions("LVS-node01"): f"1x{FIVE} 1+1x{REST}"}, {("VrrpFlapping", "LVS-node01")}),
    # As with a real server that answers ARP for the VIP: all go to one.
    "everything goes to one": (
        {accepted("Web01-RS"): f"0+200x{FIVE} 5900+340x{REST}", accepted("Web02-RS"): f"0+200x{FIVE} 5900+67x{REST}"},
        {("DistributionUneven", "Web01-RS"), ("DistributionUneven", "Web02-RS")}),
    "the share is stale": (
        {'clusterctl_share_answers{host="Web01-RS"}': f"1x{FIVE} 0x{REST}"}, {("NfsStale", "Web01-RS")}),
    "the share is slow": (
        {'node_mountstats_nfs_operations_response_time_seconds_total{host="Web02-RS",operation="GETATTR"}':
         f"0+0.1x{FIVE} 3+15x{REST}"}, {("NfsSlow", "Web02-RS")}),
    "nfsd stopped": ({unit("NFS", "nfs-server"): f"1x{FIVE} 0x{REST}"}, {("NfsServerDown", "NFS")}),
    "nginx stopped": ({'nginx_up{host="Web01-RS"}': f"1x{FIVE} 0x{REST}"}, {("NginxDown", "Web01-RS")}),
    "a full disk": (
        {'node_filesystem_avail_bytes{host="NFS",mountpoint="/"}': f"50x{FIVE} 9x{REST}"}, {("DiskFull", "NFS")}),
    "a full medium that cannot be written": (
        {'node_filesystem_avail_bytes{host="NFS",mountpoint="/"}': f"0x{SAMPLES}",
         'node_filesystem_readonly{host="NFS",mountpoint="/"}': f"1x{SAMPLES}"}, set()),
    "the metrics stand still": (
        {'node_textfile_mtime_seconds{host="LVS-master",file="/v/clusterctl.prom"}': f"0x{SAMPLES}"},
        {("MetricsStale", "LVS-master")}),
}


def run(tmp_path, series, at, expected):
    """promtool's verdict: do just these fire at the time? Its ALERTS are compared as samples."""
    names = sorted(json.dumps(dict(zip(("alertname", "host"), a))) for a in expected)
    samples = [{"labels": "{" + ", ".join(f'{k}="{v}"' for k, v in json.loads(n).items() if v) + "}",
                "value": 1} for n in names]
    test = {"rule_files": [str(RULES)], "evaluation_interval": "10s", "tests": [{
        "interval": "10s",
        "input_series": [{"series": k, "values": v} for k, v in series.items()],
        "promql_expr_test": [{
            "expr": 'max by (alertname, host) (ALERTS{alertstate="firing"})',
            "eval_time": at, "exp_samples": samples}]}]}
    path = tmp_path / "test.yml"
    path.write_text(json.dumps(test))  # JSON is YAML
    said = subprocess.run([need("promtool"), "test", "rules", str(path)], capture_output=True, text=True,
                          check=False)
    return said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("fault", FAULTS)
def test_what_fires(fault, tmp_path):
    changed, expected = FAULTS[fault]
    known = healthy()
    assert all(k in known or "textfile" in k for k in changed)
    ok, said = run(tmp_path, known | changed, "9m50s", expected)
    assert ok, said
    if fault != "the metrics stand still":  # for which they do from the first sample on
        assert run(tmp_path, known | changed, "4m50s", set())[0], "while all was well"


def test_a_dead_real_server_is_told_within_a_minute(tmp_path):
    changed, expected = FAULTS["a dead real server"]
    assert run(tmp_path, healthy() | changed, "5m10s", set())[0]  # not at once, either
    ok, said = run(tmp_path, healthy() | changed, "5m30s", expected)
    assert ok, said


def test_promtool_would_tell(tmp_path):
    assert not run(tmp_path, healthy(), "9m50s", {("VipAbsent", None)})[0]
    assert not run(tmp_path, healthy() | FAULTS["two holders"][0], "9m50s", set())[0]
