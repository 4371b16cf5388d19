/** The phishing campaign of the seeded organisation, for demo and tests. */
export const campaign = {
  messageId: "<invoice-4711@mailer.example.net>",
  sender: "billing@example.net",
  subject: "Overdue invoice 4711: settle today",
} as const;
