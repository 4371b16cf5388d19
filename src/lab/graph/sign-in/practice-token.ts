/** A token that the lab accepts, for tests with curl. It is for practice, on loopback. */
export const labToken = "lab-token";

/** The permissions of that token: all that the lab's Graph requires. */
export const labPermissions: readonly string[] = [
  "Mail.ReadWrite",
  "Mail.Send",
  "Mail-Advanced.ReadWrite.All",
  "Contacts.ReadWrite",
  "Calendars.ReadWrite",
  "MailboxSettings.ReadWrite",
  "User.Read.All",
  "MailboxItem.ImportExport.All",
  "Group.ReadBasic.All",
  "OrgContact.Read.All",
  "ExchangeMessageTrace.Read.All",
];
