"""The dashboard for Grafana, as far as it can be held against itself and the files of the hosts.

That every metric it asks for exists is shown on the lab: tests/lab/test_15_monitoring.py.
"""
import re
import subprocess

import promql
from test_render import GOLDEN, need

RULES = GOLDEN / "monitoring/NFS/etc/prometheus/clusterctl.rules.yml"


def test_expressions_are_promql(tmp_path):
    """promtool reads each of them, as the expression of a rule."""
    rules = "".join(f"      - alert: A{i}\n        expr: >-\n          {expr}\n"
                    for i, (_, expr) in enumerate(promql.queries()))
    (tmp_path / "rules.yml").write_text(f"groups:\n  - name: dashboard\n    rules:\n{rules}")
    said = subprocess.run([need("promtool"), "check", "rules", str(tmp_path / "rules.yml")],
                          capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{len(promql.queries())} rules found" in said.stdout


def test_panels():
    board = promql.dashboard()
    panels = list(promql.panels(board))
    ids = [p["id"] for p in panels]
    assert len(ids) == len(set(ids))
    titles = [p["title"] for p in panels]
    assert len(titles) == len(set(titles)) and all(titles)
    taken = set()
    for p in panels:
        at = p["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, p["title"]
        taken |= cells


def test_data_source_is_the_importers_choice():
    board = promql.dashboard()
    assert {v["name"]: v["type"] for v in board["templating"]["list"]} == \
        {"datasource": "datasource", "host": "query"}
    for p in promql.panels(board):
        for part in [p, *p.get("targets", [])]:
            assert p["type"] == "row" or part["datasource"]["uid"] == "${datasource}", p["title"]


def test_our_own_metrics_are_written_by_our_script():
    """What begins with clusterctl comes from the hosts' script or from a rule."""
    script = "".join((GOLDEN / f"monitoring/{h}/etc/clusterctl/metrics.sh").read_text()
                     for h in ["LVS-master", "Web01-RS"])
    rules = promql.rules(RULES.read_text())
    written = set(re.findall(r"^    one (\S+)", script, re.M)) | set(rules)
    asked = {m for _, e in promql.queries() for m in promql.metrics(e)}
    asked |= {m for exprs in rules.values() for e in exprs for m in promql.metrics(e)}
    ours = {m for m in asked if m.startswith("clusterctl")}
    assert ours and ours <= written
    assert {m for m in written if m.startswith("clusterctl")} <= ours, "nobody asks for it"


def test_metric_names_are_found():
    assert promql.metrics('sum by (host) (rate(a_total{x="y{"}[1m])) / on (z) group_left () b:c > 1') == \
        {"a_total", "b:c"}
    found = promql.rules(RULES.read_text())
    assert len(found["RealServerMissing"]) == 2 and "VipAbsent" in found
    assert promql.metrics(found["RealServerMissing"][0]) == \
        {"node_ipvs_backend_weight", "node_systemd_unit_state"}
