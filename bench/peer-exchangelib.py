"""exchangelib doing what the bench asks, set up as its documentation says. usage: peer-exchangelib.py URL USER PASSWORD MAILBOX oof|search|mime [N | SUBJECT]"""
import sys

from exchangelib import BASIC, IMPERSONATION, Account, Configuration, Credentials, EWSTimeZone, Version
from exchangelib.protocol import FailFast
from exchangelib.version import EXCHANGE_2019

url, user, password, mailbox, what, *rest = sys.argv[1:]
# Version and kind of authentication are given, so that it need not probe for them.
config = Configuration(service_endpoint=url, credentials=Credentials(user, password), auth_type=BASIC, version=Version(build=EXCHANGE_2019), retry_policy=FailFast(), max_connections=1)
account = Account(primary_smtp_address=mailbox, config=config, autodiscover=False, access_type=IMPERSONATION, default_timezone=EWSTimeZone("UTC"))
FIELDS = ("subject", "sender", "author", "datetime_received", "datetime_sent", "datetime_created", "size", "has_attachments", "is_read", "importance", "categories", "message_id", "item_class", "conversation_id", "last_modified_time")
if what == "oof":
    print(account.oof_settings.state)
elif what == "search":
    found = account.inbox.all().order_by("-datetime_received").only(*FIELDS)
    found.page_size = 1000
    items = list(found[: int(rest[0])])
    print(len(items), items[-1].subject)
elif what == "mime":
    message = account.inbox.filter(subject=rest[0]).only("mime_content")[0]
    print(len(message.mime_content))
