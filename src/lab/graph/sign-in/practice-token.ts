/** The token that the lab takes on the command line, for trying things with curl. It is for practice, on loopback. */
export const labToken = "lab-token";

/** What that token grants: everything that the lab's Graph asks for. */
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
