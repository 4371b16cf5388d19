"""Reads, writes and sends mail through DavMail over IMAP and SMTP, each as one check.

usage: drive_davmail.py --list                                prints the names of the checks as JSON
       drive_davmail.py '{"imap": PORT, "smtp": PORT, "user": ..., "password": ..., "other": ...}'
                                                              prints {name: null, or what was wrong} as JSON
"""
import email
import imaplib
import json
import smtplib
import socket
import sys
import time

CHECKS = {}


def check(claim):
    def add(function):
        CHECKS[claim] = function
        return function
    return add


def same(got, expected):
    if got != expected:
        raise AssertionError(f"{got!r} is not {expected!r}")


def ok(answer):
    kind, data = answer
    same(kind, "OK")
    return data


def mail(subject, to, text="told"):
    return f"From: {to}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n{text}\r\n"


def wait_for(port):
    for _ in range(240):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(f"nothing listens at port {port}")


def open_imap(told, user="user"):
    imap = imaplib.IMAP4("127.0.0.1", told["imap"], timeout=60)
    ok(imap.login(told[user], told["password"]))
    return imap


def found(imap, folder, *criteria):
    ok(imap.select(folder))
    return ok(imap.uid("SEARCH", *criteria))[0].split()


def appended(told, subject, folder="INBOX"):
    imap = open_imap(told)
    ok(imap.append(folder, "", None, mail(subject, told["user"]).encode()))
    (uid,) = found(imap, folder, "SUBJECT", f'"{subject}"')
    return imap, uid


@check("a person signs in, and not with a wrong password")
def _(told):
    open_imap(told).logout()
    imap = imaplib.IMAP4("127.0.0.1", told["imap"], timeout=60)
    try:
        imap.login(told["user"], "wrong")
    except imaplib.IMAP4.error:
        return
    raise AssertionError("signed in with a wrong password")


@check("the folders are listed")
def _(told):
    names = b" ".join(ok(open_imap(told).list()))
    for name in (b"INBOX", b"Drafts", b"Sent", b"Trash"):
        same((name, name in names), (name, True))


@check("a message is appended, found by its subject and fetched with its text")
def _(told):
    imap, uid = appended(told, "appended by davmail")
    parsed = email.message_from_bytes(ok(imap.uid("FETCH", uid, "(BODY.PEEK[])"))[0][1])
    same([parsed["Subject"], parsed.get_payload(decode=True).strip()], ["appended by davmail", b"told"])


@check("the seen flag is read and set")
def _(told):
    imap, uid = appended(told, "flagged by davmail")
    ok(imap.uid("STORE", uid, "+FLAGS", "(\\Seen)"))
    same(found(imap, "INBOX", "SEEN", "SUBJECT", '"flagged by davmail"'), [uid])
    ok(imap.uid("STORE", uid, "-FLAGS", "(\\Seen)"))
    same(found(imap, "INBOX", "UNSEEN", "SUBJECT", '"flagged by davmail"'), [uid])


@check("a message is copied to a folder that was created")
def _(told):
    imap, uid = appended(told, "copied by davmail")
    ok(imap.create("INBOX/davmail"))
    ok(imap.uid("COPY", uid, "INBOX/davmail"))
    same(len(found(imap, "INBOX/davmail", "ALL")), 1)
    same(found(imap, "INBOX", "SUBJECT", '"copied by davmail"'), [uid])


@check("a message is moved")
def _(told):
    imap, uid = appended(told, "moved by davmail")
    ok(imap.uid("MOVE", uid, "Drafts"))
    same(found(imap, "INBOX", "SUBJECT", '"moved by davmail"'), [])
    same(len(found(imap, "Drafts", "SUBJECT", '"moved by davmail"')), 1)


@check("a message is deleted and expunged")
def _(told):
    imap, uid = appended(told, "deleted by davmail")
    ok(imap.uid("STORE", uid, "+FLAGS", "(\\Deleted)"))
    ok(imap.expunge())
    same(found(imap, "INBOX", "SUBJECT", '"deleted by davmail"'), [])


@check("a search by sender, text and date finds what it names")
def _(told):
    imap, uid = appended(told, "searched by davmail")
    for criteria in (("FROM", f'"{told["user"]}"'), ("TEXT", '"told"'), ("SINCE", "1-Jan-2020")):
        same((criteria, uid in found(imap, "INBOX", *criteria)), (criteria, True))
    same(found(imap, "INBOX", "SUBJECT", '"nothing has this subject"'), [])


@check("a message is sent over SMTP, arrives, and is kept in Sent Items")
def _(told):
    with smtplib.SMTP("127.0.0.1", told["smtp"], timeout=60) as smtp:
        smtp.login(told["user"], told["password"])
        smtp.sendmail(told["user"], [told["other"]], mail("sent by davmail", told["other"]).replace("From: " + told["other"], "From: " + told["user"]))
    imap = open_imap(told, "other")
    for _ in range(240):
        if found(imap, "INBOX", "SUBJECT", '"sent by davmail"'):
            break
        time.sleep(0.25)
    else:
        raise AssertionError("it did not arrive")
    same(len(found(open_imap(told), "Sent", "SUBJECT", '"sent by davmail"')), 1)


@check("a folder is renamed and deleted")
def _(told):
    imap = open_imap(told)
    ok(imap.create('"INBOX/old name"'))
    ok(imap.rename('"INBOX/old name"', '"INBOX/new name"'))
    same(b"new name" in b" ".join(ok(imap.list())), True)
    ok(imap.delete('"INBOX/new name"'))
    same(b"new name" in b" ".join(ok(imap.list())), False)


def main():
    if sys.argv[1] == "--list":
        print(json.dumps(list(CHECKS)))
        return
    told = json.loads(sys.argv[1])
    wait_for(told["imap"])
    wait_for(told["smtp"])
    seen = {}
    for claim, function in CHECKS.items():
        try:
            function(told)
            seen[claim] = None
        except Exception as error:  # every check is tried, also after one that failed
            seen[claim] = f"{type(error).__name__}: {error}"[:600]
    print(json.dumps(seen))


main()
