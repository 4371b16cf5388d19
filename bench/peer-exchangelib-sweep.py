"""A straightforward sweep with exchangelib: threads, each of which searches a mailbox for a Message-ID, keeps the exact bytes of each message, and soft-deletes it.
usage: peer-exchangelib-sweep.py URL USER PASSWORD MESSAGE-ID THREADS FILE-OF-ADDRESSES. Prints the number of deleted messages."""
import sys
from concurrent.futures import ThreadPoolExecutor

from exchangelib import BASIC, IMPERSONATION, Account, Configuration, Credentials, EWSTimeZone, FaultTolerance, Version
from exchangelib.folders import FolderCollection
from exchangelib.items import SOFT_DELETE
from exchangelib.version import EXCHANGE_2019

url, user, password, message_id, threads, file = sys.argv[1:]
# Version and kind of authentication are given, so that it need not probe for them.
config = Configuration(service_endpoint=url, credentials=Credentials(user, password), auth_type=BASIC, version=Version(build=EXCHANGE_2019), retry_policy=FaultTolerance(max_wait=60), max_connections=int(threads))


def sweep(address):
    account = Account(primary_smtp_address=address, config=config, autodiscover=False, access_type=IMPERSONATION, default_timezone=EWSTimeZone("UTC"))
    # Every folder of the mailbox in which people keep messages, as a sweep of ours looks there.
    folders = [folder for folder in account.msg_folder_root.walk() if folder.folder_class in ("IPF.Note", None)]
    found = list(FolderCollection(account=account, folders=folders).filter(message_id=message_id).only("mime_content"))
    kept = [len(item.mime_content) for item in found]
    if found:
        account.bulk_delete(found, delete_type=SOFT_DELETE)
    return len(kept)


with ThreadPoolExecutor(int(threads)) as pool:
    print(sum(pool.map(sweep, open(file).read().split())))
