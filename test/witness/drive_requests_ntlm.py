"""Signs in by NTLM with requests_ntlm, and with exchangelib, which uses it. argv[1] is JSON: url, user, password, mailbox, ca (a PEM file or null).

Writes one line of JSON: the status of a GET with requests_ntlm, and what exchangelib read of the inbox, or the names of the errors.
"""
import json
import sys
import warnings

import requests
import requests_ntlm

told = json.loads(sys.argv[1])
warnings.simplefilter("ignore")
verify = told["ca"] or True


def status():
    session = requests.Session()
    session.auth = requests_ntlm.HttpNtlmAuth(told["user"], told["password"])
    return session.get(told["url"], verify=verify, timeout=10).status_code


def inbox():
    from exchangelib import NTLM, Account, Configuration, Credentials, DELEGATE, FaultTolerance, Version
    from exchangelib.protocol import BaseProtocol
    from exchangelib.version import EXCHANGE_2016

    if told["ca"]:
        class Trusting(requests.adapters.HTTPAdapter):
            def cert_verify(self, conn, url, verify, cert):
                super().cert_verify(conn, url, told["ca"], cert)

        BaseProtocol.HTTP_ADAPTER_CLS = Trusting
    config = Configuration(
        service_endpoint=told["url"],
        credentials=Credentials(told["user"], told["password"]),
        auth_type=NTLM,
        version=Version(build=EXCHANGE_2016),
        retry_policy=None,
    )
    account = Account(told["mailbox"], config=config, autodiscover=False, access_type=DELEGATE)
    return account.inbox.name


def outcome(work):
    try:
        return work()
    except Exception as error:
        return type(error).__name__


print(json.dumps({"requests_ntlm": outcome(status), "exchangelib": outcome(inbox)}))
