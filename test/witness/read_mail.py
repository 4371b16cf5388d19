"""Reads mail with Python's own `email`: for each file that is named, a line of JSON with its subject, the address of its sender, and its attachments."""

import email
import email.policy
import hashlib
import json
import sys


def raw(message, name):
    """The first header of this name. Python gives out bytes that are no ASCII as surrogates; mailers mean UTF-8 (RFC 6532)."""
    for header, value in message.raw_items():
        if header.lower() == name:
            unfolded = value.replace("\r", "").replace("\n", "")
            return unfolded.encode("ascii", "surrogateescape").decode("utf-8", "replace") if not unfolded.isprintable() else unfolded
    return None


def text(value):
    return None if value is None else str(value)


def attachment(part):
    if part.get_content_type() == "message/rfc822":
        return {"name": text(part.get_filename()), "type": part.get_content_type(), "sha256": None, "size": None}
    content = part.get_payload(decode=True) or b""
    return {
        "name": text(part.get_filename()),
        "type": part.get_content_type(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }


def leaves(message):
    """Parts that have no parts of their own; a message that is attached is one."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in message.get_payload():
            yield from leaves(part)
    else:
        yield message


for path in sys.argv[1:]:
    with open(path, "rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.compat32)
    subject = raw(message, "subject")
    try:
        decoded = None if subject is None else str(email.header.make_header(email.header.decode_header(subject)))
    except (LookupError, UnicodeError):
        decoded = None
    senders = email.utils.getaddresses([str(one) for one in message.get_all("From", [])])
    print(
        json.dumps(
            {
                "subject": decoded,
                "from": [address for _, address in senders],
                "parts": [attachment(part) for part in leaves(message)],
            }
        )
    )
