/** A yearly change of the clock: in a month, on the nth such weekday (-1: the last), at minutes of local time. */
export interface Change {
  readonly month: number;
  readonly week: number;
  readonly day: "Sunday";
  readonly minute: number;
}

/** One of Windows' time zones, with the rules of today only. */
export interface TimeZone {
  readonly id: string;
  readonly name: string;
  /** Minutes east of UTC, in winter. */
  readonly offset: number;
  readonly summer?: { readonly begins: Change; readonly ends: Change } | undefined;
}

const sunday = (month: number, week: number, hour: number): Change => ({ month, week, day: "Sunday", minute: hour * 60 });

/** Zones in which all clocks change at 01:00 UTC; `hour` is that time in local winter time. */
const europe = (hour: number): TimeZone["summer"] => ({ begins: sunday(3, -1, hour), ends: sunday(10, -1, hour + 1) });
const america: TimeZone["summer"] = { begins: sunday(3, 2, 2), ends: sunday(11, 1, 2) };
const australia: TimeZone["summer"] = { begins: sunday(10, 1, 2), ends: sunday(4, 1, 3) };

/** A selection of zones, enough for clients that look up their own. */
export const timeZones: readonly TimeZone[] = [
  { id: "Hawaiian Standard Time", name: "(UTC-10:00) Hawaii", offset: -600 },
  { id: "Pacific Standard Time", name: "(UTC-08:00) Pacific Time (US & Canada)", offset: -480, summer: america },
  { id: "US Mountain Standard Time", name: "(UTC-07:00) Arizona", offset: -420 },
  { id: "Mountain Standard Time", name: "(UTC-07:00) Mountain Time (US & Canada)", offset: -420, summer: america },
  { id: "Central Standard Time", name: "(UTC-06:00) Central Time (US & Canada)", offset: -360, summer: america },
  { id: "Eastern Standard Time", name: "(UTC-05:00) Eastern Time (US & Canada)", offset: -300, summer: america },
  { id: "E. South America Standard Time", name: "(UTC-03:00) Brasilia", offset: -180 },
  { id: "UTC", name: "(UTC) Coordinated Universal Time", offset: 0 },
  { id: "GMT Standard Time", name: "(UTC+00:00) Dublin, Edinburgh, Lisbon, London", offset: 0, summer: europe(1) },
  { id: "W. Europe Standard Time", name: "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", offset: 60, summer: europe(2) },
  { id: "Romance Standard Time", name: "(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", offset: 60, summer: europe(2) },
  {
    id: "Central Europe Standard Time",
    name: "(UTC+01:00) Belgrade, Bratislava, Budapest, Ljubljana, Prague",
    offset: 60,
    summer: europe(2),
  },
  { id: "FLE Standard Time", name: "(UTC+02:00) Helsinki, Kyiv, Riga, Sofia, Tallinn, Vilnius", offset: 120, summer: europe(3) },
  { id: "South Africa Standard Time", name: "(UTC+02:00) Harare, Pretoria", offset: 120 },
  { id: "Arabian Standard Time", name: "(UTC+04:00) Abu Dhabi, Muscat", offset: 240 },
  { id: "India Standard Time", name: "(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi", offset: 330 },
  { id: "China Standard Time", name: "(UTC+08:00) Beijing, Chongqing, Hong Kong, Urumqi", offset: 480 },
  { id: "Singapore Standard Time", name: "(UTC+08:00) Kuala Lumpur, Singapore", offset: 480 },
  { id: "Tokyo Standard Time", name: "(UTC+09:00) Osaka, Sapporo, Tokyo", offset: 540 },
  { id: "AUS Eastern Standard Time", name: "(UTC+10:00) Canberra, Melbourne, Sydney", offset: 600, summer: australia },
];
