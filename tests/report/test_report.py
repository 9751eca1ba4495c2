"""The renderings of a failover test: report_tool makes them of trials whose numbers are known."""
import html.parser
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from browser import Browser

CHECKOUT = Path(__file__).resolve().parents[2]
TOOL = os.environ.get("REPORT_TOOL", str(CHECKOUT / "build/tests/report/report_tool"))
KINDS = ["passed", "over", "failed", "hostile", "many", "interrupted", "doubtful",
         "empty"]
XHTML, SVG = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}"


def tool(*args):
    # As a terminal that speaks UTF-8 would have it.
    done = subprocess.run([TOOL, *args], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "LC_ALL": "C.UTF-8"}, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    root = tmp_path_factory.mktemp("pages")
    for kind in KINDS:
        tool("html", str(root / f"{kind}.html"), kind)
    return root


@pytest.fixture(scope="module")
def browser(pages, tmp_path_factory):
    b = Browser(pages, tmp_path_factory.mktemp("profile"))
    yield b
    b.close()


def text_of(page):
    """What can be read, without style and with single blanks."""
    root = ET.parse(page).getroot()
    body = root.find(f"{XHTML}body")
    return re.sub(r"\s+", " ", " ".join(t for t in body.itertext()))


# --- the page as a document ---


@pytest.mark.parametrize("kind", KINDS)
def test_page_is_well_formed_and_needs_nothing(pages, kind):
    root = ET.parse(pages / f"{kind}.html").getroot()
    tags = {e.tag for e in root.iter()}
    assert not tags & {XHTML + t for t in ("script", "img", "link", "iframe", "object", "embed",
                                           "form", "base", "video", "audio")}
    assert not tags & {SVG + t for t in ("script", "image", "use", "foreignObject", "a")}
    for e in root.iter():
        for name, value in e.attrib.items():
            assert not name.lower().startswith("on"), (e.tag, name)
            assert name not in ("src", "srcset", "action", "background"), (e.tag, name)
            if name.endswith("href"):
                assert value.startswith("#")
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    links = {e.get("href")[1:] for e in root.iter(XHTML + "a")}
    assert links <= set(ids)
    style = root.find(f"{XHTML}head/{XHTML}style").text
    assert "url(" not in style and "@import" not in style
    csp = [e.get("content") for e in root.iter(XHTML + "meta")
           if e.get("http-equiv") == "Content-Security-Policy"]
    assert len(csp) == 1 and "default-src 'none'" in csp[0] and "script" not in csp[0]


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "empty"])
def test_drawings_stay_within_their_frames(pages, kind):
    root = ET.parse(pages / f"{kind}.html").getroot()
    plots = [e for e in root.iter(SVG + "svg") if e.get("class") == "plot"]
    assert plots
    for plot in plots:
        assert plot.get("aria-label")
        height = float(plot.get("height"))
        for e in plot.iter():
            for name in ("x", "x1", "x2", "cx"):
                if (e.get(name) or "").endswith("%"):
                    assert -0.01 <= float(e.get(name)[:-1]) <= 100.01, (e.tag, e.attrib)
            for name in ("y", "y1", "y2"):
                if e.get(name):
                    assert 0 <= float(e.get(name)) <= height, (e.tag, e.attrib)
            assert float(e.get("width", "0").rstrip("%")) >= 0
            d = e.get("d")
            if d:
                assert re.fullmatch(r"[MhvzHV0-9.\- ]+", d), d[:200]
                moves = re.findall(r"M([0-9.\-]+) ([0-9.\-]+)", d)
                assert moves
                assert all(0 <= float(x) <= 1000 and 0 <= float(y) <= height for x, y in moves)


@pytest.mark.parametrize("kind,expected", [
    ("passed", ["came through all 6 scenarios within its budget", "Worst outage 1.01 s",
                "Lost by planned work 0", "Skipped: nfs-stop", "201 to 301 ms", "295 ms"]),
    ("over", ["2 of 6 scenarios cost more than the budget allows", "3.50 s", "350",
              "an outage of 3.50 s is over the budget of 2.00 s",
              "2 requests lost, and planned work may lose none",
              "More requests were lost than predicted"]),
    ("failed", ["1 of 2 scenarios failed", "Worst outage 12.0 s", "did not recover within 60 s",
                "could not keep its schedule: 40 of 1500", "known only to 25 ms"]),
    ("many", ["13 others", "web19"]),
    ("interrupted", ["before the test was interrupted"]),
    ("doubtful", ["LVS-node01: keepalived has another configuration there",
                  "Predicted from the inventory, while keepalived on LVS-node01 has another",
                  "The VIP's MAC address was not watched (it is on none of this machine's own links)",
                  "LVS-master's health checks stood still for 4.90 s"]),
    ("empty", ["Nothing was tested", "How this was measured"]),
])
def test_page_says(pages, kind, expected):
    text = text_of(pages / f"{kind}.html")
    for what in expected:
        assert what in text
    assert "nan" not in text and "inf " not in text


def test_hostile_text_arrives_as_text(pages):
    text = text_of(pages / "hostile.html")
    assert "</text><script>alert(1)</script><img src=x onerror=alert(2)> \"'&amp;" in text
    assert "]]>--><svg onload='alert(3)'>" in text
    assert "\\x1b[2J" in text and "\\xff" in text  # neither a control nor invalid UTF-8 got in
    assert "\u202e" not in text and "\x1b" not in text


def test_page_is_replaced_whole_or_not_at_all(tmp_path):
    page = tmp_path / "r.html"
    page.write_text("before")
    tool("html", str(page), "passed")
    assert page.read_text().endswith("</html>\n")
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]
    for target in (str(tmp_path), "/dev/null", str(tmp_path / "none" / "r.html")):
        done = subprocess.run([TOOL, "html", target, "passed"], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 1 and target in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]


# --- the page in a browser ---


class Elements(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.names = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)


def test_the_browser_would_tell(pages, browser):
    """What the next tests look for does show on a page that misbehaves."""
    (pages / "control.html").write_text("<!DOCTYPE html><img src='/x.png' alt=''/>"
                                        "<script>console.error('said')</script>")
    dom, console = browser.dom("control.html")
    assert "script" in Elements(dom).names
    assert "/x.png" in browser.asked
    assert any("said" in line for line in console)


@pytest.mark.parametrize("kind", ["over", "hostile"])
def test_browser_fetches_and_runs_nothing(browser, kind):
    dom, console = browser.dom(f"{kind}.html")
    assert browser.asked == [f"/{kind}.html"]
    assert console == []
    names = Elements(dom).names
    assert "script" not in names and "img" not in names
    assert names.count("svg") > 10
    for number in {"over": ("3.50 s", "1,458", "93,000", "budget 2.00 s"),
                   "hostile": ("12.0 s", "1,230")}[kind]:
        assert number in dom


@pytest.mark.parametrize("kind", ["over", "hostile", "many"])
@pytest.mark.parametrize("width", [360, 400, 768, 1070])
def test_nothing_is_wider_than_the_window(pages, browser, kind, width):
    """In a frame, as a headless window is never narrower than 500 pixels. A name of its own for each: to
    the browser's cache, two pages of one name written within a second are one."""
    frame = f"frame-{kind}-{width}.html"
    (pages / frame).write_text(f"""<!DOCTYPE html><body>
<iframe id="f" src="{kind}.html" style="border:0;width:{width}px;height:800px"></iframe><p id="w"></p>
<script>document.getElementById("f").onload = function () {{
  var d = this.contentDocument, wide = [];
  for (var e of d.querySelectorAll("main *"))
    if (!e.closest(".scroll") && !e.closest("svg") && e.getBoundingClientRect().right > {width} + 1)
      wide.push(e.tagName + "." + e.className);
  document.getElementById("w").textContent =
    "scroll=" + d.documentElement.scrollWidth + " wide=" + wide.slice(0, 5);
}};</script>""")
    dom, _ = browser.dom(frame)
    assert f"scroll={width} wide=</p>" in dom, dom[-400:]


def test_light_dark_and_narrow(browser, tmp_path):
    light = browser.screenshot("over.html", tmp_path / "light.png", 1200, 1600)
    dark = browser.screenshot("over.html", tmp_path / "dark.png", 1200, 1600, dark=True)
    narrow = browser.screenshot("over.html", tmp_path / "narrow.png", 500, 1600)
    assert (light.width, light.height) == (1200, 1600) and narrow.width == 500
    assert min(light.corner) > 200 and max(dark.corner) < 60
    assert min(light.bytes, dark.bytes, narrow.bytes) > 50000  # an empty page takes some 5000


# --- text, JSON, JUnit ---


def test_json_agrees_with_its_own_records():
    lines = [json.loads(line) for line in tool("records", "over").splitlines()]
    assert [line["type"] for line in lines[-8:]] == ["summary"] * 7 + ["result"]
    assert lines[-1]["passed"] is False and lines[-1]["trials"] == 63
    trials = [line for line in lines if line["type"] == "trial"]
    assert len(trials) == 63
    for t in trials:
        if t["verdict"] == "skipped":
            assert "measured" not in t and t["requests"] == []
            continue
        rows = [dict(zip(t["request_columns"], row)) for row in t["requests"]]
        m = t["measured"]
        lost = [r["due_us"] for r in rows if r["outcome"] != "ok"]
        assert (m["requests"], m["lost"]) == (len(rows), len(lost))
        assert sum(m["outcomes"].values()) == len(rows)
        assert m["outage_us"] == (lost[-1] - lost[0] + 10000 if lost else 0)
        assert sum(b["answered"] for b in t["backends"]) == m["ok"] == len(rows) - len(lost)
        assert (t["verdict"] == "pass") == (m["outage_us"] <= t["budget_us"])
    assert "requests" not in json.loads(tool("json", "over").splitlines()[0])


def test_json_says_what_is_in_doubt():
    lines = [json.loads(line) for line in tool("json", "doubtful").splitlines()]
    assert lines[0]["vip_watched"] is False and "own links" in lines[0]["unwatched"]
    assert len(lines[0]["notes"]) == 3 and lines[-1]["drifted"] == "LVS-node01"
    lines = [json.loads(line) for line in tool("json", "passed").splitlines()]
    assert lines[0]["vip_watched"] is True and "unwatched" not in lines[0] and "drifted" not in lines[-1]


def test_junit():
    suite = ET.fromstring(tool("junit", "hostile"))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"),
            suite.get("skipped")) == ("3", "0", "1", "1")
    names = [c.get("name") for c in suite]
    assert names == ["director-kill[1]", "rs-isolate[1]", "nfs-stop[1]"]
    over = ET.fromstring(tool("junit", "over"))
    messages = [f.get("message") for f in over.iter("failure")]
    assert messages == ["an outage of 3.50 s is over the budget of 2.00 s",
                        "2 requests lost, and planned work may lose none"]


@pytest.mark.parametrize("what", ["text", "summary", "json", "records", "junit"])
def test_nothing_reaches_a_terminal_as_it_came(what):
    out = tool(what, "hostile")
    assert out and not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", out)


def test_text():
    out = tool("text", "over")
    assert "OVER director-isolate 11/10  LVS-master: no service for 3.50 s: 350 of 1500 lost\n" \
           "     reason:     an outage of 3.50 s is over the budget of 2.00 s\n" \
           "     lost:       reset 35, timeout 315\n" \
           "     predicted:  201 to 301 ms (2 to 3 adverts of 0.1 s + skew 0.001 s)\n" in out
    assert "note:       The prober could not keep its schedule" in tool("text", "failed")
    assert "note:       The VIP's MAC address was not watched" in tool("text", "doubtful")
    summary = tool("summary", "over").splitlines()
    assert summary[-1].startswith("63 trials: 60 passed, 2 over budget, 0 failed, 1 skipped.")
    kill = next(line for line in summary if line.startswith("director-kill"))
    assert kill.split()[:2] == ["director-kill", "10"]
    assert re.search(r" 295 ms +340 ms +30 +34 +12 ms +287 ms +295 ms +201 to 301 ms +2\.00 s$", kill)
