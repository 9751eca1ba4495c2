#!/usr/bin/env python3
"""Turn a style sheet into a C array: embed_css.py OUTPUT.c NAME STYLE.css"""
import sys


def main(output, name, path):
    with open(path, "rb") as file:
        data = file.read()
    # It stands inside <style> of a page that is well-formed XML, too.
    if not data or any(byte in data for byte in b"<&\0"):
        sys.exit(f"embed_css.py: {path} is empty or holds '<', '&' or NUL")
    # Character constants: ISO C promises string literals of 4095 bytes only.
    rows = [data[i:i + 16] for i in range(0, len(data), 16)]
    body = "\n".join("    " + " ".join(f"'\\x{byte:02x}'," for byte in row) for row in rows)
    with open(output, "w", encoding="utf-8") as file:
        file.write(f"/* Written by cli/embed_css.py. */\n#include \"cli/failover_page.h\"\n"
                   f"const char {name}[] = {{\n{body}\n    '\\0',\n}};\n")


main(*sys.argv[1:])
