/** The element that an item of this class is written as. @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/folders-and-items-in-ews-in-exchange */
export type ItemElement =
  | "Item"
  | "Message"
  | "SharingMessage"
  | "CalendarItem"
  | "Contact"
  | "DistributionList"
  | "MeetingMessage"
  | "MeetingRequest"
  | "MeetingResponse"
  | "MeetingCancellation"
  | "Task"
  | "PostItem";

/** Beginnings of message classes, longer ones first. */
const classes: readonly (readonly [string, ItemElement])[] = [
  ["ipm.schedule.meeting.request", "MeetingRequest"],
  ["ipm.schedule.meeting.canceled", "MeetingCancellation"],
  ["ipm.schedule.meeting.resp", "MeetingResponse"],
  ["ipm.schedule.meeting", "MeetingMessage"],
  ["ipm.appointment", "CalendarItem"],
  ["ipm.distlist", "DistributionList"],
  ["ipm.contact", "Contact"],
  ["ipm.sharing", "SharingMessage"],
  ["ipm.post", "PostItem"],
  ["ipm.task", "Task"],
  ["ipm.note", "Message"],
  ["report", "Message"],
];

export function elementOf(itemClass: string): ItemElement {
  const known = itemClass.toLowerCase();
  // A class is its ancestors' names joined by dots: IPM.Notebook is not an IPM.Note.
  return classes.find(([name]) => known === name || known.startsWith(`${name}.`))?.[1] ?? "Item";
}

/** The class of a new item if only its element is known. */
export const defaultClasses: Readonly<Record<ItemElement, string>> = {
  Item: "IPM.Note",
  Message: "IPM.Note",
  SharingMessage: "IPM.Sharing",
  CalendarItem: "IPM.Appointment",
  Contact: "IPM.Contact",
  DistributionList: "IPM.DistList",
  MeetingMessage: "IPM.Schedule.Meeting",
  MeetingRequest: "IPM.Schedule.Meeting.Request",
  MeetingResponse: "IPM.Schedule.Meeting.Resp.Pos",
  MeetingCancellation: "IPM.Schedule.Meeting.Canceled",
  Task: "IPM.Task",
  PostItem: "IPM.Post",
};

/** Whether it is written with the fields of t:MessageType. */
export function isMessage(element: ItemElement): boolean {
  return element === "Message" || element === "SharingMessage" || element.startsWith("Meeting");
}

/** Returns whether the item can be converted to MIME: messages, posts and calendar items. Others are ErrorUnsupportedMimeConversion. */
export function hasMime(element: ItemElement): boolean {
  return isMessage(element) || element === "PostItem" || element === "CalendarItem";
}
