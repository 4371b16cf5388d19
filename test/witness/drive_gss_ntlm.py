"""One side of an NTLM sign-in by gss-ntlmssp: reads the other side's messages from standard input, a line of base64 each.

argv[1] is JSON: role (accept or initiate), users (a file of DOMAIN:user:password), user, host, binding (base64, may be missing).
Writes a line of JSON for each message: the answer in base64, or who signed in, or the error.
"""
import base64
import json
import os
import sys

told = json.loads(sys.argv[1])
os.environ["NTLM_USER_FILE"] = told["users"]

import gssapi  # noqa: E402 (it reads the environment when it is loaded)
from gssapi.raw import ChannelBindings  # noqa: E402

ntlm = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
service = gssapi.Name("HTTP@" + told["host"], gssapi.NameType.hostbased_service)
binding = ChannelBindings(application_data=base64.b64decode(told["binding"])) if told.get("binding") else None


def say(**what):
    print(json.dumps(what), flush=True)


if told["role"] == "accept":
    credentials = gssapi.Credentials(name=service, usage="accept", mechs=[ntlm])
    context = gssapi.SecurityContext(creds=credentials, usage="accept", channel_bindings=binding)
else:
    name = gssapi.Name(told["user"], gssapi.NameType.user)
    credentials = gssapi.Credentials(name=name, usage="initiate", mechs=[ntlm])
    context = gssapi.SecurityContext(name=service, creds=credentials, mech=ntlm, channel_bindings=binding, usage="initiate")
    say(message=base64.b64encode(context.step()).decode())

for line in sys.stdin:
    try:
        answer = context.step(base64.b64decode(line))
        if answer:
            say(message=base64.b64encode(answer).decode())
        elif context.complete:
            # The library leaves the end of the C string in the name.
            say(signed_in=str(context.initiator_name).rstrip("\0"))
    except gssapi.exceptions.GSSError as error:
        say(error=str(error))
