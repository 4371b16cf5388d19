import type { UndoState } from "../../state/sweep-states.ts";
import type { ClaimedMailbox } from "../../state/sweep-work.ts";
import { changeAudited } from "../audited-change.ts";
import type { KeptOutcome } from "../kept-outcome.ts";
import type { PlannedTarget, SweepRun } from "../sweep-run.ts";

/** Properties of the removed entry that the restored one lacks. */
const lost = ["organizer", "attendees", "body", "item_id"];

/** Creates the removed entry again as an appointment without attendees, so Exchange notifies nobody. The mark prevents a second entry. Throws Failure. */
export async function restoreCalendarEntry(
  target: PlannedTarget,
  claimed: ClaimedMailbox,
  run: SweepRun,
): Promise<readonly [UndoState, KeptOutcome]> {
  const { frozen, number } = target;
  const { starts_at: start, ends_at: end, is_series: isSeries, from } = frozen;
  if (isSeries === true) return ["impossible", { message: "It was a meeting of a series, which mailcordon does not enter again." }];
  if (start === undefined || end === undefined)
    return ["impossible", { message: "Exchange did not say when the meeting begins and ends, so it cannot be entered again." }];
  const mailbox = run.host.exchange.mailbox(claimed.address, { signal: run.host.signal });
  const organizer = from === undefined ? "" : ` The organiser was ${from}.`;
  const entered = await changeAudited("sweep undo", target, mailbox, run, () =>
    mailbox.addCalendarEntry({
      subject: frozen.subject ?? "",
      body: `Restored by mailcordon, without attendees.${organizer} The invitation has the text.`,
      ...{ start, end, location: frozen.location },
      mark: `${run.chunk.sweep}.${number}`,
    }),
  );
  if (!entered.ok) throw entered.failure;
  return ["undone", { action: "entered-again", new_item_id: entered.value.entryId, differs: lost }];
}
