#!/usr/bin/python3
"""Who may include whom: checks every #include of the source tree against CONTRIBUTING's table."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# layer: (project layers it may include, third-party headers that only it may include)
LAYERS = {
    "base": (set(), {"openssl/"}),
    "inventory": ({"base"}, {"jansson.h"}),
    "templates": ({"base"}, {"jansson.h"}),
    "ssh": ({"base", "inventory"}, {"libssh2.h", "openssl/"}),
    "engine": ({"base", "inventory", "templates", "ssh"}, set()),
    "modules": ({"base", "inventory", "templates", "engine"}, {"jansson.h"}),
    "probe": ({"base", "inventory"}, {"curl/", "netlink/"}),
    "verify": ({"base", "inventory", "engine", "probe"}, set()),
    "doctor": ({"base", "inventory", "engine", "probe", "verify"}, set()),
    "failover": ({"base", "inventory", "engine", "probe", "verify"}, set()),
    "ops": ({"base", "inventory", "engine", "probe", "verify"}, {"jansson.h"}),
    "cli": ({"base", "inventory", "templates", "ssh", "engine", "modules", "probe", "verify",
             "doctor", "failover", "ops"}, {"jansson.h"}),
}
# Not every header of a layer is for everyone: ssh's innards and engine's stay inside.
PRIVATE = {"ssh/internal.h": "ssh", "ssh/wait.h": "ssh", "ssh/wire.h": "ssh",
           "ssh/child.h": "ssh", "ssh/openssh.h": "ssh",
           "probe/request.h": "probe", "probe/load_loop.h": "probe",
           "engine/worker.h": "engine", "engine/run_state.h": "engine",
           "engine/putfile.h": "engine", "engine/board.h": "engine",
           "ops/look.h": "ops", "ops/log_entry.h": "ops", "ops/log_merge.h": "ops",
           "ops/log_place.h": "ops", "ops/log_take.h": "ops", "ops/logs_ask.h": "ops",
           "ops/logs_tail.h": "ops", "ops/history_parse.h": "ops", "ops/status_build.h": "ops"}
# The model header for connection settings is all that ssh/ may see of the inventory.
ONLY = {("ssh", "inventory"): {"inventory/cluster.h"}, ("probe", "inventory"): set(),
        ("engine", "ssh"): {"ssh/ssh.h"}, ("cli", "ssh"): {"ssh/ssh.h"}}
# Memory is given back by xfree(), which wipes it (base/mem.h).
UNWIPED = re.compile(r"(?<![\w>.])(free|realloc|reallocarray)\(")
THIRD_PARTY = re.compile(r"^(jansson\.h|libssh2|openssl/|curl/|netlink/)")


def complaints(path):
    layer = path.relative_to(ROOT).parts[0]
    projects, third = LAYERS[layer]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if UNWIPED.search(line) and layer + "/" + path.name != "base/mem.c":
            yield f"{path.relative_to(ROOT)}:{number}: free() and realloc() are base/mem.c's: xfree(), xrealloc()"
        m = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not m:
            continue
        where, name = f"{path.relative_to(ROOT)}:{number}", m[2]
        if m[1] == '"':
            target = name.split("/")[0]
            if "/" not in name or target not in LAYERS:
                yield f"{where}: \"{name}\" is not LAYER/FILE"
            elif target != layer and target not in projects:
                yield f"{where}: {layer}/ must not include {target}/"
            elif PRIVATE.get(name, layer) != layer:
                yield f"{where}: {name} is private to {PRIVATE[name]}/"
            elif target != layer and name not in ONLY.get((layer, target), {name}):
                yield f"{where}: of {target}/, {layer}/ may include only " \
                      f"{', '.join(sorted(ONLY[(layer, target)])) or 'nothing'}"
        elif THIRD_PARTY.match(name) and not any(name.startswith(t) for t in third):
            yield f"{where}: {layer}/ must not include <{name}>"


def main():
    files = [f for layer in LAYERS for f in sorted((ROOT / layer).rglob("*.[ch]"))]
    found = [c for f in files for c in complaints(f)]
    print("\n".join(found) or f"{len(files)} files keep to their layers")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
