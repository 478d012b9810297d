"""What a Kafka broker asks before anything else: SASL, by PLAIN or SCRAM-SHA-512, with one user.

tansu 0.6.0 speaks SCRAM, but forgets users with its process and takes none while it asks for a log-in; this
stands before it: see `Gate`. ApiVersions goes through to the broker, which knows the two requests of SASL.

References
----------
https://kafka.apache.org/protocol (SaslHandshake, SaslAuthenticate); RFC 5802.
"""

import base64
import hashlib
import hmac
import struct

API_VERSIONS, HANDSHAKE, AUTHENTICATE = 18, 17, 36
UNSUPPORTED_MECHANISM, AUTHENTICATION_FAILED = 33, 58
MECHANISMS = ("PLAIN", "SCRAM-SHA-512")
SALT, ROUNDS, NONCE = b"salt of the broker", 4096, "nonce-of-the-broker"


class Refused(OSError):
    """Ends the connection of a client that is not let in."""


def log_in(client, server, user, password):
    """Answer the client until it is logged in.

    Raises
    ------
    Refused
        If its mechanism, user or password is not right, or it asks for something else before.
    """
    steps = None
    while True:
        frame = _frame(client)
        key, version, number = struct.unpack_from(">hhi", frame)
        body = frame[10 + max(0, struct.unpack_from(">h", frame, 8)[0]) :]
        if key == API_VERSIONS:
            server.sendall(struct.pack(">i", len(frame)) + frame)
            answer = _frame(server)
            client.sendall(struct.pack(">i", len(answer)) + answer)
        elif key == HANDSHAKE:
            mechanism = body[2:].decode()
            error = 0 if mechanism in MECHANISMS else UNSUPPORTED_MECHANISM
            names = b"".join(_text(name) for name in MECHANISMS)
            _send(client, number, struct.pack(">hi", error, len(MECHANISMS)) + names)
            if error:
                raise Refused(mechanism)
            steps = (_plain if mechanism == "PLAIN" else _scram)(user, password)
            next(steps)
        elif key == AUTHENTICATE and steps is not None:
            said, is_in = steps.send(body[4:])
            error = 0 if said is not None else AUTHENTICATION_FAILED
            words = _text("Authentication failed: wrong user or password") if error else struct.pack(">h", -1)
            told = said or b""
            lifetime = struct.pack(">q", 0) if version >= 1 else b""
            _send(client, number, struct.pack(">h", error) + words + _bytes(told) + lifetime)
            if error:
                raise Refused(user)
            if is_in:
                return
        else:
            raise Refused(f"request {key} before the log-in")


def _plain(user, password):
    given = yield None
    yield (b"", True) if given == b"\0".join((b"", user.encode(), password.encode())) else (None, False)


def _scram(user, password):
    first = (yield None).decode().removeprefix("n,,")
    said = dict(part.split("=", 1) for part in first.split(","))
    nonce = said["r"] + NONCE
    challenge = f"r={nonce},s={base64.b64encode(SALT).decode()},i={ROUNDS}"
    final = (yield challenge.encode(), False).decode()
    bare, _, proof = final.partition(",p=")
    signed = ",".join((first, challenge, bare)).encode()
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), SALT, ROUNDS)
    client_key = _hmac(salted, b"Client Key")
    signature = _hmac(hashlib.sha512(client_key).digest(), signed)
    expected = bytes(one ^ other for one, other in zip(client_key, signature, strict=True))
    if said["n"] == user and base64.b64decode(proof) == expected:
        verifier = _hmac(_hmac(salted, b"Server Key"), signed)
        yield b"v=" + base64.b64encode(verifier), True
    yield None, False


def _hmac(key, content):
    return hmac.digest(key, content, "sha512")


def _text(text):
    return struct.pack(">h", len(text.encode())) + text.encode()


def _bytes(content):
    return struct.pack(">i", len(content)) + content


def _send(client, number, body):
    client.sendall(struct.pack(">ii", len(body) + 4, number) + body)


def _frame(connection):
    (size,) = struct.unpack(">i", _exactly(connection, 4))
    return _exactly(connection, size)


def _exactly(connection, count):
    content = b""
    while len(content) < count:
        piece = connection.recv(count - len(content))
        if not piece:
            raise Refused("the connection ended")
        content += piece
    return content
