import { el, textEl } from "../../xml.ts";
import { type Operation, type RequestContext, responses } from "../operation.ts";
import { type Change, type TimeZone, timeZones } from "../time-zones.ts";

/** Minutes as an xs:duration. */
function duration(minutes: number): string {
  const size = Math.abs(minutes);
  const parts = `${size >= 60 ? `${Math.floor(size / 60)}H` : ""}${size % 60 === 0 && size !== 0 ? "" : `${size % 60}M`}`;
  return `${minutes < 0 ? "-" : ""}PT${parts}`;
}

function changeXml(period: string, change: Change): string {
  return el(
    "t:RecurringDayTransition",
    {},
    el("t:To", { Kind: "Period" }, period),
    textEl("t:TimeOffset", duration(change.minute)),
    textEl("t:Month", change.month),
    textEl("t:DayOfWeek", change.day),
    textEl("t:Occurrence", change.week),
  );
}

function zoneXml(zone: TimeZone, full: boolean): string {
  const attributes = { Id: zone.id, Name: zone.name };
  if (!full) return el("t:TimeZoneDefinition", attributes);
  const period = (name: string): string => `trule:Microsoft/Registry/${zone.id}/1-${name}`;
  const { summer } = zone;
  const changes = summer && changeXml(period("Daylight"), summer.begins) + changeXml(period("Standard"), summer.ends);
  const only = el("t:Transition", {}, el("t:To", { Kind: "Period" }, period("Standard")));
  return el(
    "t:TimeZoneDefinition",
    attributes,
    el(
      "t:Periods",
      {},
      el("t:Period", { Bias: duration(-zone.offset), Name: "Standard", Id: period("Standard") }),
      summer && el("t:Period", { Bias: duration(-zone.offset - 60), Name: "Daylight", Id: period("Daylight") }),
    ),
    el("t:TransitionsGroups", {}, el("t:TransitionsGroup", { Id: "0" }, changes ?? only)),
    el("t:Transitions", {}, el("t:Transition", {}, el("t:To", { Kind: "Group" }, "0"))),
  );
}

function list({ request }: RequestContext): string {
  const ids = request.child("Ids")?.children.map(({ text }) => text.trim());
  // Ids that the server does not know are left out of its answer.
  const wanted = ids === undefined ? timeZones : timeZones.filter(({ id }) => ids.includes(id));
  const full = !["false", "0"].includes(request.attributes.get("ReturnFullTimeZoneData") ?? "true");
  return el("m:TimeZoneDefinitions", {}, ...wanted.map((zone) => zoneXml(zone, full)));
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getservertimezones-operation */
export const getServerTimeZones: Operation = {
  name: "GetServerTimeZones",
  handle: (context) => responses("GetServerTimeZones", [() => list(context)], context, { empty: "<m:TimeZoneDefinitions/>" }),
};
