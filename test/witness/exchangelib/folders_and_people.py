"""Checks of the mail part of exchangelib's own suite: folders and people."""
import datetime

from exchangelib import Contact, DistributionList, EWSDateTime, Mailbox, Message, OofSettings, UTC
from exchangelib.errors import ErrorDeleteDistinguishedFolder, ErrorFolderExists
from exchangelib.folders import Messages
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress

from checks import check, raises, same

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
