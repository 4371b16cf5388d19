"""Checks of the mail part of exchangelib's own suite: bulk and search."""
import datetime

from exchangelib import EWSDateTime, FileAttachment, Mailbox, Message, Q, UTC
from exchangelib.errors import DoesNotExist, ErrorItemNotFound, MultipleObjectsReturned
from exchangelib.folders import FolderCollection, Messages
from exchangelib.items import BulkCreateResult

from checks import check, raises, same

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
