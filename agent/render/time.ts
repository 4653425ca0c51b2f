/** Go's `time.Format` for UTC. Source: https://pkg.go.dev/time#pkg-constants (layouts are the date 2006-01-02 15:04:05). */
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const ELEMENT =
  /January|Jan|Monday|Mon|MST|2006|002|__2|_2(?!006)|-07:00:00|-07:00|-070000|-0700|-07|Z07:00:00|Z07:00|Z070000|Z0700|Z07|0[1-6]|15|PM|pm|[.,](?:0+|9+)(?![0-9])|[1-5]/g;

/** @param ms since the epoch */
export function formatGoTime(ms: number, layout: string): string {
  const time = new Date(ms);
  return layout.replace(ELEMENT, (element, at: number) => {
    // "Jan" begins "Janitor" too: Go takes a short name only where no lower-case letter follows.
    const next = layout[at + element.length] ?? "";
    if ((element === "Jan" || element === "Mon") && /[a-z]/.test(next)) return element;
    return format(time, element);
  });
}

function format(time: Date, element: string): string {
  if (/^[.,]/.test(element)) return fraction(time, element);
  if (element.startsWith("-07")) return element.replace(/[0-9]/g, "0").replace("-", "+");
  if (element.startsWith("Z07")) return "Z";
  return (FORMATS.get(element) ?? (() => element))(time);
}

function fraction(time: Date, element: string): string {
  const digits = String(time.getUTCMilliseconds())
    .padStart(3, "0")
    .padEnd(element.length - 1, "0");
  const shown = digits.slice(0, element.length - 1);
  if (element[1] === "0") return element.slice(0, 1) + shown;
  const trimmed = shown.replace(/0+$/, "");
  return trimmed === "" ? "" : element.slice(0, 1) + trimmed;
}

function dayOfYear(time: Date): number {
  return Math.floor((time.getTime() - Date.UTC(time.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
}

const pad = (value: number, width = 2, filler = "0"): string => String(value).padStart(width, filler);
const hour12 = (time: Date): number => time.getUTCHours() % 12 || 12;
const month = (time: Date): string => MONTHS[time.getUTCMonth()] ?? "";
const day = (time: Date): string => DAYS[time.getUTCDay()] ?? "";

const FORMATS: ReadonlyMap<string, (time: Date) => string> = new Map<string, (time: Date) => string>([
  ["January", month],
  ["Jan", (t) => month(t).slice(0, 3)],
  ["Monday", day],
  ["Mon", (t) => day(t).slice(0, 3)],
  ["MST", () => "UTC"],
  ["2006", (t) => pad(t.getUTCFullYear(), 4)],
  ["06", (t) => pad(t.getUTCFullYear() % 100)],
  ["01", (t) => pad(t.getUTCMonth() + 1)],
  ["1", (t) => String(t.getUTCMonth() + 1)],
  ["02", (t) => pad(t.getUTCDate())],
  ["_2", (t) => pad(t.getUTCDate(), 2, " ")],
  ["2", (t) => String(t.getUTCDate())],
  ["002", (t) => pad(dayOfYear(t), 3)],
  ["__2", (t) => pad(dayOfYear(t), 3, " ")],
  ["15", (t) => pad(t.getUTCHours())],
  ["03", (t) => pad(hour12(t))],
  ["3", (t) => String(hour12(t))],
  ["04", (t) => pad(t.getUTCMinutes())],
  ["4", (t) => String(t.getUTCMinutes())],
  ["05", (t) => pad(t.getUTCSeconds())],
  ["5", (t) => String(t.getUTCSeconds())],
  ["PM", (t) => (t.getUTCHours() < 12 ? "AM" : "PM")],
  ["pm", (t) => (t.getUTCHours() < 12 ? "am" : "pm")],
]);
