#!/usr/bin/env python3
"""Turn template files into a C table: embed.py OUTPUT.c TEMPLATE..."""
import os
import sys


def array(index, data):
    """Character constants, since ISO C promises string literals of 4095 bytes only."""
    rows = [data[i:i + 16] for i in range(0, len(data), 16)]
    body = "\n".join("    " + " ".join(f"'\\x{byte:02x}'," for byte in row) for row in rows)
    return f"static const char text_{index}[] = {{\n{body}\n}};\n"


def main(output, paths):
    templates = sorted((os.path.basename(path), path) for path in paths)
    names = [name for name, _ in templates]
    if len(set(names)) != len(names):
        sys.exit("embed.py: two templates have the same name")
    parts = ["/* Written by templates/embed.py. */\n#include \"templates/embedded.h\"\n"]
    for index, (name, path) in enumerate(templates):
        with open(path, "rb") as file:
            data = file.read()
        if not data or b"\0" in data:
            sys.exit(f"embed.py: {path} is empty or not text")
        parts.append(f"/* {name} */\n{array(index, data)}")
    parts.append("const struct embedded_template embedded_templates[] = {\n" + "".join(
        f"    {{\"{name}\", text_{index}, sizeof text_{index}}},\n"
        for index, name in enumerate(names)) + "};\n")
    parts.append(f"const size_t embedded_templates_n = {len(names)};\n")
    parts.append("const char *const embedded_template_names[] = {\n" + "".join(
        f"    \"{name}\",\n" for name in names) + "    0,\n};\n")
    with open(output, "w", encoding="utf-8") as file:
        file.write("\n".join(parts))


main(sys.argv[1], sys.argv[2:])
