import { matches } from "./routes.ts";

/**
 * Requests of Microsoft Graph that the lab does not have; docs/lab.md lists them. `*` at the end stands for the rest of a path, which may be empty. A
 * request for one is refused with a sentence that says so.
 */
export const notOffered: readonly string[] = [
  ...["/applications/*", "/chats/*", "/communications/*", "/devices/*", "/directory/*", "/directoryObjects/*", "/domains/*", "/drives/*"],
  ...["/identity/*", "/organization/*", "/places/*", "/reports/*", "/roleManagement/*", "/search/*", "/security/*", "/servicePrincipals/*"],
  ...["/sites/*", "/solutions/*", "/subscribedSkus/*", "/subscriptions/*", "/teams/*"],
  ...["/groups/{group}", "/groups/{group}/members/*", "/groups/{group}/conversations/*", "/groups/{group}/threads/*"],
  ...["/users/delta", "/users/{user}/assignLicense", "/users/{user}/revokeSignInSessions", "/users/{user}/authentication/*"],
  ...["/users/{user}/calendar/*", "/users/{user}/calendarGroups/*", "/users/{user}/calendarView/*", "/users/{user}/calendars/*"],
  ...["/users/{user}/contacts/*", "/users/{user}/contactFolders/*", "/users/{user}/events/*"],
  ...["/users/{user}/directReports/*", "/users/{user}/drive/*", "/users/{user}/extensions/*", "/users/{user}/findMeetingTimes"],
  ...["/users/{user}/getMailTips", "/users/{user}/inferenceClassification/*", "/users/{user}/insights/*", "/users/{user}/joinedTeams/*"],
  ...["/users/{user}/licenseDetails/*", "/users/{user}/manager/*", "/users/{user}/memberOf/*", "/users/{user}/onenote/*"],
  ...["/users/{user}/onlineMeetings/*", "/users/{user}/outlook/*", "/users/{user}/people/*", "/users/{user}/photo/*"],
  ...["/users/{user}/photos/*", "/users/{user}/planner/*", "/users/{user}/presence/*", "/users/{user}/reminderView/*"],
  ...["/users/{user}/settings/*", "/users/{user}/todo/*", "/users/{user}/transitiveMemberOf/*"],
  ...["/users/{user}/messages/delta", "/users/{user}/messages/{message}/extensions/*"],
  ...["/users/{user}/mailFolders/{folder}/messages/{message}/extensions/*"],
  ...["/users/{user}/mailFolders/{folder}/userConfigurations/*", "/admin/*"],
];

const templates = notOffered.map((path) => path.split("/").filter((segment) => segment !== ""));

/** Whether the segments of a path are those of a request that Graph has and the lab does not. */
export function isNotOffered(segments: readonly string[]): boolean {
  return templates.some((template) => {
    if (template.at(-1) !== "*") return matches(template, segments);
    const start = template.slice(0, -1);
    return segments.length >= start.length && matches(start, segments.slice(0, start.length));
  });
}
