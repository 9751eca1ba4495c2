#!/usr/bin/python3
"""cutter.py TARGET[:PORT] FLIGHT [ADDRESS]: forwards a port of 127.0.0.1 or ADDRESS, which it prints, to TARGET's
port of SSH.

A flight is what one side sends until the other side sends something. The FLIGHTth of all (from 1) is
not delivered: both ends get a reset. What comes later is let through. It says "cut" then; at end of input it
ends, and says how many flights there were.
"""
import asyncio
import socket
import struct
import sys

flights, last, cut = 0, None, 0


def reset(writer):
    sock = writer.get_extra_info("socket")
    if sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def forward(reader, writer, other, side):
    global flights, last, cut
    try:
        while data := await reader.read(65536):
            if last != side:
                last, flights = side, flights + 1
            if flights == FLIGHT and not cut:
                cut = 1
                print("cut", flush=True)
                reset(writer), reset(other)
                return
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        reset(writer), reset(other)


async def session(reader, writer):
    global last
    last = None
    try:
        there, back = await asyncio.open_connection(TARGET, PORT)
    except OSError:
        return reset(writer)
    await asyncio.gather(forward(reader, back, writer, "client"), forward(there, writer, back, "host"))
    for w in (writer, back):
        w.close()


async def main():
    server = await asyncio.start_server(session, ADDRESS, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(flights, flush=True)


TARGET, _, PORT = sys.argv[1].partition(":")
PORT, FLIGHT, ADDRESS = int(PORT or 22), int(sys.argv[2]), (sys.argv[3:] or ["127.0.0.1"])[0]
asyncio.run(main())
