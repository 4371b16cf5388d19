"""Checks of the mail part of exchangelib's own suite: content."""
import decimal

from exchangelib import Body, ExtendedProperty, FileAttachment, Folder, HTMLBody, ItemAttachment, Mailbox, Message
from exchangelib.folders import Messages

from checks import check, same

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
property_check("a flag by its id", {"distinguished_property_set_id": "Common", "property_id": 0x8599, "property_type": "Boolean"}, True)
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
