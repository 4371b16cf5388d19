"""Makes the calls of the mail part of exchangelib's own test suite against an EWS server, each as one check.

usage: drive_exchangelib_mail.py --list                     prints the names of the checks as JSON
       drive_exchangelib_mail.py '{"url": ..., "user": ..., "password": ..., "mailbox": ..., "other": ...}'
                                                            prints {name: null, or what was wrong} as JSON
"""
import datetime
import decimal
import json
import sys
import traceback

from exchangelib import (
    BASIC, IMPERSONATION, Account, Body, Configuration, Contact, Credentials, DistributionList, EWSDateTime, EWSTimeZone, ExtendedProperty,
    FileAttachment, Folder, HTMLBody, ItemAttachment, Mailbox, Message, OofSettings, Q, UTC, Version,
)
from exchangelib.errors import DoesNotExist, ErrorDeleteDistinguishedFolder, ErrorFolderExists, ErrorItemNotFound, MultipleObjectsReturned
from exchangelib.folders import FolderCollection, Messages
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress
from exchangelib.items import BulkCreateResult
from exchangelib.protocol import FailFast
from exchangelib.version import EXCHANGE_2019

CHECKS = {}


def check(claim):
    def add(function):
        CHECKS[claim] = function
        return function
    return add


def same(got, expected):
    if got != expected:
        raise AssertionError(f"{got!r} is not {expected!r}")


def raises(error, act):
    try:
        act()
    except error:
        return
    raise AssertionError(f"no {error.__name__}")


class Case:
    """One check: an own folder of messages, which is empty at first."""

    def __init__(self, account, other, number):
        self.account, self.other = account, other
        self.folder = Messages(parent=account.inbox, name=f"check {number}").save()

    def message(self, subject="s", **more):
        more.setdefault("to_recipients", [Mailbox(email_address="who@example.org")])
        return Message(account=self.account, folder=self.folder, subject=subject, **more)

    def messages(self, *subjects, **more):
        return self.folder.bulk_create([self.message(one, **more) for one in subjects])

    def subjects(self, query=None):
        return sorted(self.folder.all().values_list("subject", flat=True) if query is None else query.values_list("subject", flat=True))


# Bulk

@check("bulk: items are created at once, and each is found under its id")
def _(c):
    made = c.messages("a", "b", "c")
    same([type(one) for one in made], [BulkCreateResult] * 3)
    same([one.subject for one in c.account.fetch(made)], ["a", "b", "c"])


@check("bulk: a generator of items is created in chunks")
def _(c):
    made = c.account.bulk_create(folder=c.folder, items=(c.message(str(n)) for n in range(7)), chunk_size=2)
    same(len(made), 7)
    same(c.folder.all().count(), 7)


@check("bulk: items are updated at once; their ids stay and their change keys do not")
def _(c):
    items = list(c.account.fetch(c.messages("a", "b")))
    for one in items:
        one.subject += "!"
    updated = c.account.bulk_update([(one, ["subject"]) for one in items])
    same([one.id for one in items], [i for i, _ in updated])
    same(any(one.changekey == key for one, (_, key) in zip(items, updated)), False)
    same(c.subjects(), ["a!", "b!"])


@check("bulk: items are moved at once under new ids")
def _(c):
    made = c.messages("a", "b")
    target = Messages(parent=c.folder, name="target").save()
    moved = c.account.bulk_move(made, to_folder=target)
    same(len({one[0] if isinstance(one, tuple) else one.id for one in moved} & {one.id for one in made}), 0)
    same(target.all().count(), 2)
    same(c.folder.all().count(), 0)


@check("bulk: items are copied at once")
def _(c):
    target = Messages(parent=c.folder, name="target").save()
    c.account.bulk_copy(c.messages("a", "b"), to_folder=target)
    same([target.all().count(), c.folder.all().count()], [2, 2])


@check("bulk: items are deleted at once, and one that is gone is an error among the others")
def _(c):
    first, second = c.messages("a", "b")
    same(c.account.bulk_delete([first]), [True])
    result = c.account.bulk_delete([first, second])
    same([type(result[0]), result[1]], [ErrorItemNotFound, True])


@check("bulk: drafts are sent at once and kept in Sent Items")
def _(c):
    made = c.messages("sent at once 1", "sent at once 2", to_recipients=[Mailbox(email_address=c.other.primary_smtp_address)])
    same(c.account.bulk_send(made), [True, True])
    same(c.other.inbox.filter(subject__startswith="sent at once").count(), 2)
    same(c.account.sent.filter(subject__startswith="sent at once").count(), 2)


@check("bulk: items are marked as junk at once")
def _(c):
    ids = c.account.bulk_mark_as_junk(c.messages("junk at once"), is_junk=True, move_item=True)
    same(len(ids), 1)
    same(c.account.junk.filter(subject="junk at once").count(), 1)


@check("bulk: a fetch of some fields leaves the others unread, and a missing item is an error in its place")
def _(c):
    made = c.messages("a", "b")
    c.account.bulk_delete(made[:1])
    gone, found = c.account.fetch(made, only_fields=["subject"])
    same([type(gone), found.subject, found.body], [ErrorItemNotFound, "b", None])


@check("bulk: exported items are uploaded as they were")
def _(c):
    (made,) = c.messages("exported", categories=["kept"])
    (data,) = c.account.export([made])
    target = Messages(parent=c.folder, name="target").save()
    c.account.upload([(target, data)])
    same([(one.subject, one.categories) for one in target.all()], [("exported", ["kept"])])


@check("bulk: an upload of something else is refused")
def _(c):
    (result,) = list(c.account.upload([(c.folder, "bm90aGluZw==")]))
    same(isinstance(result, Exception), True)


# Search

@check("search: order_by sorts by several fields, also in reverse")
def _(c):
    for subject, importance in (("b", "Low"), ("a", "High"), ("a", "Low")):
        c.message(subject, importance=importance).save()
    rows = c.folder.all().order_by("subject", "-importance").values_list("subject", "importance")
    same(list(rows), [("a", "High"), ("a", "Low"), ("b", "Low")])
    same(list(c.folder.all().order_by("-subject").values_list("subject", flat=True))[0], "b")
    same(list(c.folder.all().order_by("subject").reverse().values_list("subject", flat=True))[0], "b")


@check("search: slices and indexes take a part of the result")
def _(c):
    c.messages(*"abcde")
    query = c.folder.all().order_by("subject")
    same([one.subject for one in query[1:3]], ["b", "c"])
    same(query[0].subject, "a")
    same(query[-1].subject, "e")
    same([one.subject for one in query[2:]], ["c", "d", "e"])


@check("search: get returns the only match, and refuses none or several")
def _(c):
    c.messages("a", "b", "b")
    same(c.folder.get(subject="a").subject, "a")
    raises(DoesNotExist, lambda: c.folder.get(subject="x"))
    raises(MultipleObjectsReturned, lambda: c.folder.get(subject="b"))


@check("search: values and values_list give rows, only() gives items")
def _(c):
    c.messages("a")
    same([(row["subject"], type(row["is_read"])) for row in c.folder.all().values("subject", "is_read")], [("a", bool)])
    same([one.subject for one in c.folder.all().only("subject")], ["a"])
    same(list(c.folder.all().values_list("subject", "size"))[0][1] > 0, True)


@check("search: count and exists agree with the items")
def _(c):
    c.messages("a", "b")
    same([c.folder.filter(subject="a").count(), c.folder.filter(subject="a").exists(), c.folder.filter(subject="x").exists()], [1, True, False])


@check("search: a query in small pages has every item once")
def _(c):
    c.messages(*[f"{n:02}" for n in range(25)])
    query = c.folder.all().order_by("subject")
    query.page_size = 4
    same([one.subject for one in query], [f"{n:02}" for n in range(25)])


@check("search: exclude and delete of a query")
def _(c):
    c.messages("a", "b", "c")
    same(c.subjects(c.folder.exclude(subject="b")), ["a", "c"])
    c.folder.filter(subject="a").delete()
    same(c.subjects(), ["b", "c"])


@check("search: none() asks nothing and finds nothing")
def _(c):
    c.messages("a")
    same(list(c.folder.none()), [])


@check("search: several folders are searched together")
def _(c):
    second = Messages(parent=c.folder, name="second").save()
    c.messages("a")
    Message(account=c.account, folder=second, subject="a", to_recipients=["who@example.org"]).save()
    same(FolderCollection(account=c.account, folders=[c.folder, second]).filter(subject="a").count(), 2)


@check("search: a query string finds words of the subject")
def _(c):
    c.messages("Rechnung 4711", "lunch")
    same([one.subject for one in c.folder.filter("subject:rechnung")], ["Rechnung 4711"])


def text_check(lookup, value, hits, misses):
    @check(f"restriction: {lookup} on a text")
    def _(c):
        c.messages("Alpha Beta", "Gamma")
        same(c.folder.filter(**{f"subject__{lookup}": value}).count(), hits)
        same(c.folder.filter(**{f"subject__{lookup}": misses}).count() if misses is not None else 0, 0)


text_check("exact", "Alpha Beta", 1, "alpha beta")
text_check("iexact", "alpha beta", 1, "alpha")
text_check("contains", "pha B", 1, "PHA B")
text_check("icontains", "PHA b", 1, "delta")
text_check("startswith", "Alpha", 1, "alpha")
text_check("istartswith", "ALPHA", 1, "beta")
text_check("not", "Alpha Beta", 1, None)
text_check("in", ["Alpha Beta", "x"], 1, ["x"])
text_check("exists", True, 2, None)


def compare_check(lookup, expected):
    @check(f"restriction: {lookup} on a time and on a size")
    def _(c):
        early, late = EWSDateTime(2026, 1, 1, tzinfo=UTC), EWSDateTime(2026, 2, 1, tzinfo=UTC)
        first, second = c.message("early"), c.message("late", body="x" * 5000)
        first.save(), second.save()
        # A reply shows whole seconds, so a time is compared with others than its own.
        (made, _) = sorted(c.folder.all().values_list("datetime_created", flat=True))
        for days, is_later in ((-1, True), (1, False)):
            hits = 2 if lookup.startswith("g") == is_later else 0
            same(c.folder.filter(**{f"datetime_created__{lookup}": made + datetime.timedelta(days=days)}).count(), hits)
        sizes = sorted(c.folder.all().values_list("size", flat=True))
        same(c.subjects(c.folder.filter(**{f"size__{lookup}": sizes[0]})), expected)
        same(c.folder.filter(datetime_created__range=(early, late)).count(), 0)


for _lookup, _expected in {"gt": ["late"], "gte": ["early", "late"], "lt": [], "lte": ["early"]}.items():
    compare_check(_lookup, _expected)


@check("restriction: range on a time")
def _(c):
    c.messages("a")
    (made,) = c.folder.all().values_list("datetime_created", flat=True)
    second = datetime.timedelta(seconds=2)
    same(c.folder.filter(datetime_created__range=(made - second, made + second)).count(), 1)
    same(c.folder.filter(datetime_created__range=(made + second, made + second * 2)).count(), 0)


@check("restriction: and, or, not and xor of Q objects")
def _(c):
    c.messages("a", "b", "c")
    same(c.subjects(c.folder.filter(Q(subject="a") | Q(subject="b"))), ["a", "b"])
    same(c.subjects(c.folder.filter(~Q(subject="a"))), ["b", "c"])
    same(c.subjects(c.folder.filter(Q(subject__in=["a", "b"]) & ~Q(subject="b"))), ["a"])


@check("restriction: categories, flags, importance and sensitivity")
def _(c):
    c.message("a", categories=["one", "two"], importance="High", sensitivity="Private", is_read=True).save()
    c.message("b", categories=["three"], is_read=False).save()
    same(c.subjects(c.folder.filter(categories__contains=["two"])), ["a"])
    same(c.subjects(c.folder.filter(categories__contains=["one", "two"])), ["a"])
    same(c.subjects(c.folder.filter(importance="High")), ["a"])
    same(c.subjects(c.folder.filter(sensitivity="Private")), ["a"])
    same(c.subjects(c.folder.filter(is_read=False)), ["b"])


@check("restriction: has_attachments, message_id, body and headers of delivery")
def _(c):
    with_file = c.message("with", body="needle in a body")
    with_file.attach(FileAttachment(name="a.txt", content=b"a"))
    with_file.save()
    c.messages("without")
    same(c.subjects(c.folder.filter(has_attachments=True)), ["with"])
    same(c.subjects(c.folder.filter(body__contains="needle")), ["with"])
    same(c.subjects(c.folder.filter(message_id=with_file.message_id or c.folder.get(subject="with").message_id)), ["with"])


# Attachments

@check("attachments: a file is read back byte by byte, and in a stream")
def _(c):
    content = bytes(range(256)) * 2000
    made = c.message("a")
    made.attach(FileAttachment(name="all.bin", content=content, content_type="application/octet-stream"))
    made.save()
    (found,) = c.folder.get(subject="a").attachments
    same(found.content, content)
    (again,) = c.folder.get(subject="a").attachments
    with again.fp as stream:
        same(stream.read(), content)


@check("attachments: a file is attached to a saved message and detached again")
def _(c):
    made = c.message("a").save()
    kept, dropped = FileAttachment(name="kept", content=b"1"), FileAttachment(name="dropped", content=b"2")
    made.attach([kept, dropped])
    same(sorted(a.name for a in c.folder.get(subject="a").attachments), ["dropped", "kept"])
    made.detach(dropped)
    same([a.name for a in c.folder.get(subject="a").attachments], ["kept"])


@check("attachments: a message and a message in it are read with their own attachments")
def _(c):
    inner = Message(subject="inner", body=HTMLBody("<p>in</p>"))
    inner.attach(FileAttachment(name="deep.txt", content=b"deep"))
    made = c.message("a")
    made.attach(ItemAttachment(name="item", item=inner))
    made.save()
    (found,) = c.folder.get(subject="a").attachments
    same([found.item.subject, [a.name for a in found.item.attachments]], ["inner", ["deep.txt"]])
    same(found.item.attachments[0].content, b"deep")


@check("attachments: an inline picture keeps its Content-ID and makes no paper clip")
def _(c):
    made = c.message("a", body=HTMLBody('<img src="cid:logo">'))
    made.attach(FileAttachment(name="logo.png", content=b"png", is_inline=True, content_id="logo"))
    made.save()
    found = c.folder.get(subject="a")
    same([found.has_attachments, found.attachments[0].content_id, found.attachments[0].is_inline], [False, "logo", True])


@check("attachments: an empty file is a file")
def _(c):
    made = c.message("a")
    made.attach(FileAttachment(name="empty", content=b""))
    made.save()
    same(c.folder.get(subject="a").attachments[0].content, b"")


# Extended properties

def property_check(title, attributes, value):
    kind = type("CheckProperty", (ExtendedProperty,), attributes)

    @check(f"extended property: {title}")
    def _(c):
        Message.register("check_property", kind)
        try:
            c.message("a", check_property=value).save()
            c.messages("b")
            same(c.folder.get(subject="a").check_property, value)
            same(c.folder.get(subject="b").check_property, None)
            if not isinstance(value, list):
                same(c.subjects(c.folder.filter(check_property=value)), ["a"])
            found = c.folder.get(subject="a")
            found.check_property = None
            found.save(update_fields=["check_property"])
            same(c.folder.get(subject="a").check_property, None)
        finally:
            Message.deregister("check_property")


SET = "deadbeaf-cafe-cafe-cafe-deadbeefcafe"
property_check("a named text in a set of one's own", {"property_set_id": SET, "property_name": "Check", "property_type": "String"}, "text")
property_check("a number in a distinguished set", {"distinguished_property_set_id": "PublicStrings", "property_name": "Score", "property_type": "Integer"}, 42)
property_check("a flag in the set Common", {"distinguished_property_set_id": "Common", "property_name": "Checked", "property_type": "Boolean"}, True)
property_check("bytes", {"property_set_id": SET, "property_name": "Bytes", "property_type": "Binary"}, b"\x00\xff")
property_check("several texts", {"property_set_id": SET, "property_name": "Texts", "property_type": "StringArray"}, ["a", "b"])
property_check("a floating-point number", {"property_set_id": SET, "property_name": "Double", "property_type": "Double"}, decimal.Decimal("1.5"))


@check("extended property: a tag that repeats a field is read")
def _(c):
    class Flag(ExtendedProperty):
        property_tag = 0x1000
        property_type = "String"

    Message.register("body_tag", Flag)
    try:
        c.message("a", body="told").save()
        same(c.folder.get(subject="a").body_tag.strip(), "told")
    finally:
        Message.deregister("body_tag")


@check("extended property: folders have them as well")
def _(c):
    class Note(ExtendedProperty):
        property_set_id = SET
        property_name = "Note"
        property_type = "String"

    Folder.register("check_note", Note)
    try:
        folder = Messages(parent=c.folder, name="noted").save()
        for value in ("first", "second"):
            folder.check_note = value
            folder.save(update_fields=["check_note"])
            folder.check_note = None
            folder.refresh()
            same(folder.check_note, value)
    finally:
        Folder.deregister("check_note")


# Folders

@check("folders: the tree is walked, and paths and globs find folders")
def _(c):
    Messages(parent=Messages(parent=c.folder, name="one").save(), name="two").save()
    same(sorted(f.name for f in c.folder.walk()), ["one", "two"])
    same((c.folder / "one" / "two").name, "two")
    same([f.name for f in c.folder.glob("*/two")], ["two"])
    same("two" in c.folder.tree(), True)


@check("folders: a folder is made once, renamed, moved and deleted")
def _(c):
    made = Messages(parent=c.folder, name="made").save()
    raises(ErrorFolderExists, lambda: Messages(parent=c.folder, name="made").save())
    made.name = "renamed"
    made.save()
    made.refresh()
    same(made.name, "renamed")
    target = Messages(parent=c.folder, name="target").save()
    made.move(to_folder=target)
    same([made.parent.id, (c.folder / "target" / "renamed").id], [target.id, made.id])
    made.delete()
    c.account.root.clear_cache()
    same([f.name for f in target.walk()], [])


@check("folders: soft and trashing deletions of folders")
def _(c):
    for mode in ("soft_delete", "move_to_trash"):
        made = Messages(parent=c.folder, name=f"{c.folder.name} {mode}").save()
        made.delete(delete_type={"soft_delete": "SoftDelete", "move_to_trash": "MoveToDeletedItems"}[mode])
        c.account.root.clear_cache()
        same([f.name for f in c.folder.walk()], [])
        same(made.name in [f.name for f in c.account.trash.walk()], mode == "move_to_trash")


@check("folders: a default folder cannot be deleted")
def _(c):
    raises(ErrorDeleteDistinguishedFolder, lambda: c.account.drafts.delete())


@check("folders: empty removes items, and with subfolders everything")
def _(c):
    sub = Messages(parent=c.folder, name="sub").save()
    c.messages("a", "b")
    Message(account=c.account, folder=sub, subject="c").save()
    c.folder.empty()
    same([c.folder.all().count(), sub.all().count()], [0, 1])
    c.folder.empty(delete_sub_folders=True)
    c.account.root.clear_cache()
    same(list(c.folder.walk()), [])


@check("folders: wipe leaves nothing")
def _(c):
    sub = Messages(parent=c.folder, name="sub").save()
    c.messages("a")
    Message(account=c.account, folder=sub, subject="b").save()
    c.folder.wipe()
    c.account.root.clear_cache()
    same([c.folder.all().count(), list(c.folder.walk())], [0, []])


@check("folders: counts follow what happens in them")
def _(c):
    c.messages("a", "b", is_read=False)
    c.folder.refresh()
    same([c.folder.total_count, c.folder.unread_count, c.folder.child_folder_count], [2, 2, 0])


@check("folders: the default folders have their classes and names")
def _(c):
    for folder in (c.account.inbox, c.account.drafts, c.account.sent, c.account.trash, c.account.junk, c.account.outbox):
        same(folder.folder_class, "IPF.Note")
    same([c.account.calendar.folder_class, c.account.contacts.folder_class], ["IPF.Appointment", "IPF.Contact"])


# Sync and notifications

@check("sync: creations, changes of the read flag, updates and deletions are told once")
def _(c):
    list(c.folder.sync_items())
    made = c.message("a", is_read=False).save()
    same([kind for kind, _ in c.folder.sync_items()], ["create"])
    made.is_read = True
    made.save(update_fields=["is_read"])
    same([kind for kind, _ in c.folder.sync_items()], ["read_flag_change"])
    made.subject = "b"
    made.save(update_fields=["subject"])
    same([(kind, one.subject) for kind, one in c.folder.sync_items()], [("update", "b")])
    made.delete()
    same([kind for kind, _ in c.folder.sync_items()], ["delete"])
    same(list(c.folder.sync_items()), [])


@check("sync: the folders of the mailbox are told")
def _(c):
    list(c.account.inbox.sync_hierarchy())
    made = Messages(parent=c.account.inbox, name=f"{c.folder.name} synced").save()
    same([(kind, one.name) for kind, one in c.account.inbox.sync_hierarchy()], [("create", made.name)])
    made.delete()
    same([kind for kind, _ in c.account.inbox.sync_hierarchy()], ["delete"])


@check("notifications: a pull tells of a new message, and a subscription that has ended is refused")
def _(c):
    subscription, watermark = c.folder.subscribe_to_pull()
    made = c.message("a").save()
    (told,) = list(c.folder.get_events(subscription, watermark))
    same([type(event).__name__ for event in told.events], ["CreatedEvent"])
    same(told.events[0].item_id.id, made.id)
    c.folder.unsubscribe(subscription)
    raises(Exception, lambda: list(c.folder.get_events(subscription, watermark)))


@check("notifications: a stream tells of what came since the subscription")
def _(c):
    with c.folder.streaming_subscription() as subscription:
        made = c.message("a").save()
        told = next(iter(c.folder.get_streaming_events(subscription, connection_timeout=1, max_notifications_returned=1)))
        same([type(event).__name__ for event in told.events], ["CreatedEvent"])
        same(told.events[0].item_id.id, made.id)


# Messages

@check("messages: every written field is read back")
def _(c):
    given = {
        "subject": "all", "body": HTMLBody("<html><body>text</body></html>"), "categories": ["x"], "importance": "Low", "sensitivity": "Personal",
        "cc_recipients": [Mailbox(name="Cee", email_address="cc@example.org")], "bcc_recipients": [Mailbox(name="Bee", email_address="bcc@example.org")],
        "reply_to": [Mailbox(name="Ree", email_address="reply@example.org")], "is_read_receipt_requested": True, "is_delivery_receipt_requested": True,
        "in_reply_to": "<1@example.org>", "references": "<0@example.org>", "is_read": True,
    }
    c.message(**given).save()
    found = c.folder.get(subject="all")
    wrong = {name: getattr(found, name) for name, value in given.items() if name != "body" and not name.endswith(("recipients", "reply_to")) and getattr(found, name) != value}
    same(wrong, {})
    same([found.cc_recipients[0].email_address, found.bcc_recipients[0].email_address, found.reply_to[0].email_address], ["cc@example.org", "bcc@example.org", "reply@example.org"])
    same("text" in found.body, True)


@check("messages: a message is made from MIME")
def _(c):
    mime = b"Subject: mime\r\nFrom: a@example.org\r\nTo: b@example.org\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\ntold\r\n"
    Message(account=c.account, folder=c.folder, mime_content=mime).save()
    found = c.folder.get(subject="mime")
    same([found.sender.email_address if found.sender else None, found.text_body.strip()], ["a@example.org", "told"])
    same(b"Subject: mime" in found.mime_content, True)


@check("messages: a text body and an HTML body are asked for by their kind")
def _(c):
    c.message("a", body=Body("plain")).save()
    found = c.folder.get(subject="a")
    same([found.text_body.strip(), str(found.body).strip()], ["plain", "plain"])


@check("messages: reply, reply to all and forward reach their recipients and quote the original")
def _(c):
    made = Message(account=c.other, folder=c.other.sent, subject=f"question {c.folder.name}", body="asked", to_recipients=[c.account.primary_smtp_address])
    made.send_and_save()
    got = c.account.inbox.get(subject=made.subject)
    got.reply(subject=f"RE {made.subject}", body="answered")
    got.reply_all(subject=f"REALL {made.subject}", body="answered")
    got.forward(subject=f"FW {made.subject}", body="look", to_recipients=[c.other.primary_smtp_address])
    for start in ("RE", "REALL", "FW"):
        found = c.other.inbox.get(subject=f"{start} {made.subject}")
        same("asked" in found.text_body, True)


@check("messages: a reply is kept as a draft and then sent")
def _(c):
    made = Message(account=c.other, folder=c.other.sent, subject=f"draft of {c.folder.name}", body="asked", to_recipients=[c.account.primary_smtp_address])
    made.send_and_save()
    got = c.account.inbox.get(subject=made.subject)
    reply = got.create_reply(subject=f"RE {made.subject}", body="answered")
    saved = reply.save(c.account.drafts)
    (draft,) = c.account.fetch([saved])
    draft.send()
    same(c.other.inbox.filter(subject=f"RE {made.subject}").count(), 1)


@check("messages: a message is sent without a copy")
def _(c):
    Message(account=c.account, subject=f"once {c.folder.name}", to_recipients=[c.other.primary_smtp_address]).send(save_copy=False)
    same([c.other.inbox.filter(subject=f"once {c.folder.name}").count(), c.account.sent.filter(subject=f"once {c.folder.name}").count()], [1, 0])


@check("messages: refresh reads what another wrote")
def _(c):
    mine = c.message("a").save()
    theirs = c.folder.get(subject="a")
    theirs.subject = "b"
    theirs.save(update_fields=["subject"])
    mine.refresh()
    same(mine.subject, "b")


@check("messages: three kinds of deletion put a message where Exchange puts it")
def _(c):
    for mode, folder in (("move_to_trash", "trash"), ("soft_delete", "recoverable_items_deletions"), ("delete", "recoverable_items_purges")):
        made = c.message(f"{mode} {c.folder.name}").save()
        getattr(made, mode)()
        same(getattr(c.account, folder).filter(subject=f"{mode} {c.folder.name}").count(), 1)


@check("messages: the headers of a delivered message are read")
def _(c):
    made = Message(account=c.other, folder=c.other.sent, subject=f"headers {c.folder.name}", to_recipients=[c.account.primary_smtp_address])
    made.send_and_save()
    got = c.account.inbox.get(subject=made.subject)
    same("Subject" in {header.name for header in got.headers}, True)


# Out of office

@check("out of office: enabled, scheduled and disabled are read back")
def _(c):
    start = datetime.datetime(2026, 12, 24, tzinfo=UTC)
    for given in (
        OofSettings(state=OofSettings.ENABLED, external_audience="Known", internal_reply="in", external_reply="out"),
        OofSettings(state=OofSettings.SCHEDULED, external_audience="All", internal_reply="in", external_reply="out", start=EWSDateTime.from_datetime(start), end=EWSDateTime.from_datetime(start + datetime.timedelta(days=3))),
        OofSettings(state=OofSettings.DISABLED, external_audience="All", internal_reply="", external_reply=""),
    ):
        c.account.oof_settings = given
        found = c.account.oof_settings
        same([found.state, found.internal_reply or "", found.external_reply or ""], [given.state, given.internal_reply, given.external_reply])
        if given.start:
            same([found.start, found.end], [given.start, given.end])


# Contacts

def contact(c, **more):
    return Contact(account=c.account, folder=c.account.contacts, **more).save()


@check("contacts: names, addresses and numbers are read back")
def _(c):
    name = f"contact {c.folder.name}"
    contact(
        c, given_name="Ada", surname="Example", display_name=name, company_name="Example", job_title="Engineer",
        email_addresses=[EmailAddress(label="EmailAddress1", email="ada@example.org"), EmailAddress(label="EmailAddress2", email="a@example.net")],
        phone_numbers=[PhoneNumber(label="MobilePhone", phone_number="123"), PhoneNumber(label="BusinessPhone", phone_number="456")],
        physical_addresses=[PhysicalAddress(label="Home", street="Street 1", city="Town", zipcode="0001", country="Country", state="State")],
    )
    found = c.account.contacts.get(display_name=name)
    same([found.given_name, found.surname, found.company_name, found.job_title], ["Ada", "Example", "Example", "Engineer"])
    same({a.label: a.email for a in found.email_addresses}, {"EmailAddress1": "ada@example.org", "EmailAddress2": "a@example.net"})
    same({p.label: p.phone_number for p in found.phone_numbers if p.phone_number}, {"MobilePhone": "123", "BusinessPhone": "456"})
    (home,) = found.physical_addresses
    same([home.street, home.city, home.zipcode, home.country, home.state], ["Street 1", "Town", "0001", "Country", "State"])


@check("contacts: several entries of its dictionaries are changed in one update")
def _(c):
    name = f"contact {c.folder.name}"
    made = contact(
        c, display_name=name, email_addresses=[EmailAddress(label="EmailAddress1", email="old@example.org")],
        phone_numbers=[PhoneNumber(label="MobilePhone", phone_number="1"), PhoneNumber(label="HomePhone", phone_number="2")],
        physical_addresses=[PhysicalAddress(label="Home", street="Old 1", city="Old", zipcode="0001", country="Old", state="Old")],
    )
    made.email_addresses = [EmailAddress(label="EmailAddress1", email="new@example.org"), EmailAddress(label="EmailAddress3", email="third@example.org")]
    made.phone_numbers = [PhoneNumber(label="MobilePhone", phone_number="3"), PhoneNumber(label="BusinessPhone", phone_number="4")]
    made.physical_addresses = [PhysicalAddress(label="Home", street="New 2", city="New", zipcode="0002", country="New", state="New")]
    made.save(update_fields=["email_addresses", "phone_numbers", "physical_addresses"])
    found = c.account.contacts.get(display_name=name)
    same({a.label: a.email for a in found.email_addresses}, {"EmailAddress1": "new@example.org", "EmailAddress3": "third@example.org"})
    same({p.label: p.phone_number for p in found.phone_numbers if p.phone_number}, {"MobilePhone": "3", "BusinessPhone": "4"})
    (home,) = found.physical_addresses
    same([home.street, home.city, home.zipcode], ["New 2", "New", "0002"])


@check("contacts: entries of dictionaries are searched by")
def _(c):
    name = f"contact {c.folder.name}"
    contact(
        c, display_name=name, email_addresses=[EmailAddress(label="EmailAddress1", email=f"{c.folder.name.replace(' ', '')}@example.org")],
        phone_numbers=[PhoneNumber(label="CarPhone", phone_number=f"7-{c.folder.name}")],
        physical_addresses=[PhysicalAddress(label="Business", street=f"Street {c.folder.name}", city="Town")],
    )
    same(c.account.contacts.filter(phone_numbers__CarPhone=f"7-{c.folder.name}").count(), 1)
    same(c.account.contacts.filter(email_addresses__EmailAddress1__contains=c.folder.name.replace(" ", "")).count(), 1)
    same(c.account.contacts.filter(physical_addresses__Business__street=f"Street {c.folder.name}").count(), 1)


@check("contacts: contacts are sorted by an entry, and deleted")
def _(c):
    for number in ("2", "1"):
        contact(c, display_name=f"{c.folder.name} {number}", phone_numbers=[PhoneNumber(label="CarPhone", phone_number=number)])
    found = c.account.contacts.filter(display_name__startswith=f"{c.folder.name} ").order_by("phone_numbers__CarPhone")
    same([one.display_name[-1] for one in found], ["1", "2"])
    found.delete()
    same(c.account.contacts.filter(display_name__startswith=f"{c.folder.name} ").count(), 0)


@check("contacts: a distribution list has its members")
def _(c):
    from exchangelib.properties import Member
    name = f"list {c.folder.name}"
    DistributionList(account=c.account, folder=c.account.contacts, display_name=name, members=[Member(mailbox=Mailbox(email_address="m@example.org", mailbox_type="OneOff"))]).save()
    found = c.account.contacts.get(display_name=name)
    same([one.mailbox.email_address for one in found.members], ["m@example.org"])


# Directory

@check("directory: a name is resolved, and a wrong one is not")
def _(c):
    found = c.account.protocol.resolve_names([c.other.primary_smtp_address])
    same([one.email_address for one in found], [c.other.primary_smtp_address])
    missing = c.account.protocol.resolve_names(["nobody-has-this-name"])
    same([type(one).__name__ for one in missing], ["ErrorNameResolutionNoResults"])


@check("directory: searchable mailboxes and time zones are listed")
def _(c):
    names = [one.primary_smtp_address for one in c.account.protocol.get_searchable_mailboxes(c.other.primary_smtp_address)]
    same(c.other.primary_smtp_address in names, True)
    same(len(list(c.account.protocol.get_timezones())) > 0, True)


@check("directory: ids are converted and converted back")
def _(c):
    from exchangelib.properties import AlternateId
    made = c.message("a").save()
    (there,) = c.account.protocol.convert_ids([AlternateId(id=made.id, format="EwsId", mailbox=c.account.primary_smtp_address)], destination_format="HexEntryId")
    (back,) = c.account.protocol.convert_ids([there], destination_format="EwsId")
    same(back.id, made.id)


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
            line = next((one.lineno for one in reversed(where) if one.filename == __file__ and one.name not in ("same", "raises")), 0)
            seen[claim] = f"line {line}: {type(error).__name__}: {error}"[:600]
    print(json.dumps(seen))


main()
