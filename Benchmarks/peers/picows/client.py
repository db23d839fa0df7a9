"""picows: the listener's callback for each frame. PEER flood URL | send N SIZE URL"""
import asyncio
import os
import ssl
import sys

from picows import WSCloseCode, WSListener, WSMsgType, ws_connect


class Flood(WSListener):
    def __init__(self):
        self.messages = 0
        self.bytes = 0

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            frame.get_payload_as_utf8_text()
            self.messages += 1
            self.bytes += frame.payload_size
        else:
            self.messages += 1
            self.bytes += frame.payload_size


def context():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Sender(WSListener):
    def __init__(self):
        self.writable = asyncio.Event()
        self.writable.set()

    def pause_writing(self):
        self.writable.clear()

    def resume_writing(self):
        self.writable.set()

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()


async def flood(url):
    transport, listener = await ws_connect(
        Flood, url, ssl_context=context() if url.startswith("wss") else None, max_frame_size=64 << 20
    )
    await transport.wait_disconnected()
    print(f'{{"msgs":{listener.messages},"bytes":{listener.bytes}}}')


async def send(count, size, url):
    transport, listener = await ws_connect(Sender, url, ssl_context=context() if url.startswith("wss") else None)
    message = b"x" * size
    for _ in range(count):
        transport.send(WSMsgType.TEXT, message)
        if not listener.writable.is_set():
            await listener.writable.wait()
    transport.send_close(WSCloseCode.OK)
    await transport.wait_disconnected()
    print(f'{{"msgs":{count},"bytes":{count * size}}}')


if sys.argv[1] == "flood":
    asyncio.run(flood(sys.argv[2]))
else:
    asyncio.run(send(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
