"""A web server that lets in who has a Kerberos ticket for it (SPNEGO, RFC 4559), on connections that stay signed in.

argv[1]: the name of its host. Its key is in the keytab of KRB5_KTNAME. Writes its port, and then a line for each request: who asked, or "nobody", and how it was known.
"""
import base64
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gssapi

service = gssapi.Name("HTTP@" + sys.argv[1], gssapi.NameType.hostbased_service)
credentials = gssapi.Credentials(name=service, usage="accept")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    signed_in = None

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        answer = None
        if scheme.lower() == "negotiate" and token:
            context = gssapi.SecurityContext(creds=credentials, usage="accept")
            try:
                answer = context.step(base64.b64decode(token))
            except gssapi.exceptions.GSSError as error:
                print("refused", error, file=sys.stderr, flush=True)
            if context.complete:
                self.signed_in = str(context.initiator_name)
        print(self.signed_in or "nobody", "with a ticket" if token else "on the connection", flush=True)
        self.send_response(401 if self.signed_in is None else 200)
        self.send_header("WWW-Authenticate", "Negotiate" + (" " + base64.b64encode(answer).decode() if answer else ""))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
