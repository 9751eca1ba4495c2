"""Headless Chromium on pages of a server on loopback, which writes down what it was asked for."""
import functools
import http.server
import re
import struct
import subprocess
import threading
import zlib
from pathlib import Path

LIMIT = 90  # seconds; a page takes two or three on an idle machine


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        super().do_GET()


class Browser:
    """Pages are files of `root`; everything the browser leaves behind is in `profile`."""

    def __init__(self, root, profile):
        self.profile = profile
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
        self.server.asked = []
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def asked(self):
        # Whether a browser asks for its tab's icon is no doing of the page.
        return [path for path in self.server.asked if path != "/favicon.ico"]

    def run(self, page, *options):
        """What the browser writes on standard output, and what the page said on the console."""
        self.server.asked.clear()
        port = self.server.server_address[1]
        done = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--force-device-scale-factor=1", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update",
             "--enable-logging=stderr", f"--user-data-dir={self.profile}",
             "--virtual-time-budget=4000", *options, f"http://127.0.0.1:{port}/{page}"],
            capture_output=True, text=True, timeout=LIMIT, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout, re.findall(r":CONSOLE[:(].*", done.stderr)

    def dom(self, page):
        return self.run(page, "--dump-dom")

    def screenshot(self, page, file, width, height, dark=False):
        _, console = self.run(page, f"--screenshot={file}", f"--window-size={width},{height}",
                              f"--blink-settings=preferredColorScheme={0 if dark else 1}")
        assert console == []
        return Png(file)


class Png:
    """As much of a PNG as is needed: its size and its first pixel."""

    def __init__(self, path):
        data = Path(path).read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        at, idat = 8, b""
        while at < len(data):
            length, kind = struct.unpack(">I4s", data[at:at + 8])
            body = data[at + 8:at + 8 + length]
            if kind == b"IHDR":
                self.width, self.height = struct.unpack(">II", body[:8])
            elif kind == b"IDAT":
                idat += body
            at += 12 + length
        # Every filter leaves the first pixel of the first line as it is.
        self.corner = tuple(zlib.decompress(idat)[1:4])
        self.bytes = len(data)
