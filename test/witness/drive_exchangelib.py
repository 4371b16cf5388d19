"""Drives an EWS server with exchangelib through everything the lab promises; prints one JSON object of what it saw.

usage: drive_exchangelib.py '{"url": ..., "user": ..., "password": ..., "mailbox": ..., "other": ..., "subject": ..., "attachments_subject": ...}'
"""
import hashlib
import json
import sys
import time

from exchangelib import BASIC, IMPERSONATION, Account, Configuration, Credentials, EWSTimeZone, FileAttachment, ItemAttachment, Mailbox, Message, OofSettings, Version
from exchangelib.protocol import FailFast
from exchangelib.version import EXCHANGE_2019

told = json.loads(sys.argv[1])
config = Configuration(
    service_endpoint=told["url"],
    credentials=Credentials(told["user"], told["password"]),
    auth_type=BASIC,
    version=Version(build=EXCHANGE_2019),
    retry_policy=FailFast(),
    max_connections=1,
)


def open_mailbox(address):
    return Account(primary_smtp_address=address, config=config, autodiscover=False, access_type=IMPERSONATION, default_timezone=EWSTimeZone("UTC"))


def wait_for(folder, subject):
    for _ in range(40):
        found = list(folder.filter(subject=subject))
        if found:
            return found[0]
        time.sleep(0.05)
    raise LookupError(f"{subject!r} did not arrive in {folder.name}")


def exists(folder, subject):
    return folder.filter(subject=subject).count() > 0


account, other = open_mailbox(told["mailbox"]), open_mailbox(told["other"])
seen = {}


def search():
    found = list(account.inbox.filter(subject__icontains=told["subject"]).order_by("-datetime_received").only("subject", "message_id", "sender", "datetime_received", "size"))
    return [{"subject": m.subject, "message_id": m.message_id, "sender": m.sender.email_address} for m in found]


def read():
    message = account.inbox.filter(subject__icontains=told["subject"])[0]
    return {"to": [m.email_address for m in message.to_recipients], "body": str(message.body), "headers": len(message.headers), "mime": hashlib.sha256(message.mime_content).hexdigest()}


def attachments():
    message = account.inbox.filter(subject=told["attachments_subject"])[0]
    rows = []
    for a in message.attachments:
        if isinstance(a, FileAttachment):
            rows.append({"name": a.name, "kind": "file", "inline": a.is_inline, "sha256": hashlib.sha256(a.content).hexdigest()})
        elif isinstance(a, ItemAttachment):
            rows.append({"name": a.name, "kind": "item", "subject": a.item.subject, "inner": [i.name for i in a.item.attachments or []]})
    return rows


def sync():
    found = [item for change, item in account.inbox.sync_items() if change == "create" and item.subject == told["attachments_subject"]]
    return [{"body": bool(item.body), "attachments": len(item.attachments), "to": [m.email_address for m in item.to_recipients]} for item in found]


def send():
    message = Message(account=account, folder=account.sent, subject="witness: a new mail", body="hello", to_recipients=[Mailbox(email_address=told["other"])])
    message.attach(FileAttachment(name="note.txt", content=b"a note"))
    message.send_and_save()
    arrived = wait_for(other.inbox, "witness: a new mail")
    return {"kept": exists(account.sent, "witness: a new mail"), "attachment": arrived.attachments[0].content.decode(), "from": arrived.sender.email_address}


def reply():
    arrived = wait_for(other.inbox, "witness: a new mail")
    arrived.reply(subject="RE: witness: a new mail", body="hello back")
    answer = wait_for(account.inbox, "RE: witness: a new mail")
    return {"in_reply_to": answer.in_reply_to == arrived.message_id, "to": answer.to_recipients[0].email_address}


def copy():
    arrived = wait_for(other.inbox, "witness: a new mail")
    new_id, _ = arrived.copy(to_folder=other.drafts)
    return {"new": new_id != arrived.id, "both": exists(other.inbox, arrived.subject) and exists(other.drafts, arrived.subject)}


def move():
    copied = wait_for(other.drafts, "witness: a new mail")
    old = copied.id
    copied.move(to_folder=other.junk)
    (gone,) = other.fetch([(old, None)])
    return {"new": copied.id != old, "old": type(gone).__name__, "there": exists(other.junk, copied.subject)}


def delete():
    result = {}
    for mode in ("move_to_trash", "soft_delete", "delete"):
        subject = f"witness: {mode}"
        message = Message(account=account, folder=account.inbox, subject=subject, body="x", to_recipients=[told["mailbox"]])
        message.save()
        old = message.id
        getattr(message, mode)()
        (gone,) = account.fetch([(old, None)])
        where = {"move_to_trash": account.trash, "soft_delete": account.recoverable_items_deletions, "delete": account.recoverable_items_purges}[mode]
        result[mode] = {"old": type(gone).__name__, "there": exists(where, subject)}
    return result


def junk():
    message = Message(account=account, folder=account.inbox, subject="witness: junk", body="x", to_recipients=[told["mailbox"]])
    message.save()
    message.mark_as_junk(is_junk=True, move_item=True)
    return {"left": exists(account.inbox, "witness: junk"), "there": exists(account.junk, "witness: junk")}


def out_of_office():
    account.oof_settings = OofSettings(state=OofSettings.ENABLED, external_audience="All", internal_reply="inside", external_reply="outside")
    got = account.oof_settings
    return {"state": got.state, "internal": got.internal_reply, "external": got.external_reply}


def update():
    message = Message(account=account, folder=account.inbox, subject="witness: before", body="x", to_recipients=[told["mailbox"]])
    message.save()
    message.subject = "witness: after"
    message.is_read = True
    message.save(update_fields=["subject", "is_read"])
    return {"after": exists(account.inbox, "witness: after"), "before": exists(account.inbox, "witness: before")}


def detach():
    message = Message(account=account, folder=account.inbox, subject="witness: detach", body="x", to_recipients=[told["mailbox"]], attachments=[FileAttachment(name=f"{n}.txt", content=b"x") for n in "ab"])
    message.save()
    message.detach([a for a in message.attachments if a.name == "a.txt"])
    return [a.name for a in wait_for(account.inbox, "witness: detach").attachments]


for step in (search, read, attachments, sync, send, reply, copy, move, delete, junk, out_of_office, update, detach):
    try:
        seen[step.__name__] = step()
    except Exception as error:  # the test wants to see every step, also after one that failed
        seen[step.__name__] = {"failed": f"{type(error).__name__}: {error}"}
print(json.dumps(seen))
