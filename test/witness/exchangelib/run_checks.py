"""Makes the calls of the mail part of exchangelib's own test suite against an EWS server, each as one check.

usage: run_checks.py --list                     prints the names of the checks as JSON
       run_checks.py '{"url": ..., "user": ..., "password": ..., "mailbox": ..., "other": ...}'
                                                prints {name: null, or what was wrong} as JSON
"""
import json
import sys
import traceback

from exchangelib import BASIC, IMPERSONATION, Account, Configuration, Credentials, EWSTimeZone, Version
from exchangelib.protocol import FailFast
from exchangelib.version import EXCHANGE_2019

import bulk_and_search  # noqa: F401  each module adds its checks to the list
import content  # noqa: F401
import folders_and_people  # noqa: F401
from checks import CHECKS, Case


def main():
    if sys.argv[1] == "--list":
        print(json.dumps(list(CHECKS)))
        return
    told = json.loads(sys.argv[1])
    config = Configuration(
        service_endpoint=told["url"], credentials=Credentials(told["user"], told["password"]), auth_type=BASIC, version=Version(build=EXCHANGE_2019),
        retry_policy=FailFast(), max_connections=2,
    )
    account, other = (
        Account(primary_smtp_address=told[name], config=config, autodiscover=False, access_type=IMPERSONATION, default_timezone=EWSTimeZone("UTC"))
        for name in ("mailbox", "other")
    )
    seen = {}
    for number, (claim, function) in enumerate(CHECKS.items()):
        try:
            function(Case(account, other, number))
            seen[claim] = None
        except Exception as error:  # every check is tried, also after one that failed
            where = traceback.extract_tb(error.__traceback__)
            line = next((f"{one.filename.split('/')[-1]}:{one.lineno}" for one in reversed(where) if "/witness/" in one.filename and one.name not in ("same", "raises")), "")
            seen[claim] = f"{line} {type(error).__name__}: {error}"[:600]
    print(json.dumps(seen))


main()
