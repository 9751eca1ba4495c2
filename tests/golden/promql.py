"""The metrics that expressions ask for: for the dashboard, the alert rules, and the tests of both."""
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "templates" / "grafana" / "clusterctl.json"

WORDS = {"abs", "and", "avg", "bool", "by", "clamp_min", "count", "group_left", "group_right", "ignoring", "increase",
         "label_replace", "max", "min", "on", "or", "rate", "sum", "time", "unless", "vector", "without"}
# Labels stand in these parentheses, metrics in others.
LABELS = re.compile(r"\b(by|on|ignoring|without|group_left|group_right)\s*\([^)]*\)")


def metrics(expr):
    """The names of metrics in an expression of PromQL."""
    bare = re.sub(r'"(\\.|[^"\\])*"', "", expr)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare)
    bare = LABELS.sub(" ", bare)
    return {w for w in re.findall(r"[A-Za-z_:][A-Za-z0-9_:]*", bare)} - WORDS


def panels(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def dashboard():
    return json.loads(DASHBOARD.read_text())


def queries():
    """(panel's title, expression), of every panel and with Grafana's variables filled in."""
    return [(p["title"], t["expr"].replace("$__rate_interval", "1m").replace("$host", ".*"))
            for p in panels(dashboard()) for t in p.get("targets", [])]


def rules(text):
    """{alert or record: [expressions]} of a file of rules that clusterctl has rendered."""
    found, name, expr = {}, None, None
    for line in text.splitlines():
        head = re.match(r"\s+- (?:alert|record): (\S+)$", line)
        inline = re.match(r"\s+expr: (.*)$", line)
        if head:
            name = head[1]
        elif inline:
            expr = [] if inline[1] == ">-" else None
            found.setdefault(name, []).append("" if expr is not None else inline[1])
        elif expr is not None and re.match(r" {10}", line):
            found[name][-1] += line.strip() + " "
        else:
            expr = None
    return found
