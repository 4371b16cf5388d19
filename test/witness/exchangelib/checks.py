"""What the checks share: their list, comparisons, and a folder of its own for each."""
from exchangelib import Mailbox, Message
from exchangelib.folders import Messages

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
