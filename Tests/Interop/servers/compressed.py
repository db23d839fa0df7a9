"""What the Python servers send compressed: see ROUTES.md."""

import zlib

PROSE = "".join(f"line {number} of {number * number} costs {number % 7} \u20ac\n" for number in range(1, 501)).encode()
PIECE = 997


def pieces():
    """The text in pieces of a size that cuts some of its characters in two."""
    return [PROSE[start : start + PIECE] for start in range(0, len(PROSE), PIECE)]


def frame(opcode, payload, final=True, compressed=False):
    """A server's frame."""
    head = bytes([(0x80 if final else 0) | (0x40 if compressed else 0) | opcode])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    if len(payload) < 65536:
        return head + bytes([126]) + len(payload).to_bytes(2, "big") + payload
    return head + bytes([127]) + len(payload).to_bytes(8, "big") + payload


def bomb():
    """The frame of a binary message of about 1 MiB that inflates to 1 GiB of zeros."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    # A full flush forgets the history, so that the same bytes again are the next mebibyte.
    mebibyte = deflater.compress(bytes(1 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    return frame(2, (mebibyte * 1024)[:-4], compressed=True)


class Deflater:
    """Compresses the fragments of one connection's messages, with context takeover."""

    def __init__(self):
        self.deflater = zlib.compressobj(6, zlib.DEFLATED, -15)

    def payload(self, piece, final):
        payload = self.deflater.compress(piece) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        return payload[:-4] if final else payload
