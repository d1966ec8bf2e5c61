const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = "January February March April May June July August September October November December".split(
  " ",
);

/**
 * A time as text, in UTC. Letters of the format stand for parts of it, as in the older dialects: `Y y m n d j H G i s v
 * U D l M F c`. A backslash takes the next letter as it is; everything else is text.
 *
 * @example formatDate("Y-m-d", 0) // "1970-01-01"
 */
export function formatDate(format: string, ms: number): string {
  const at = new Date(ms);
  return format.replace(/\\?[\s\S]/gu, (one) =>
    one.length > 1 && one[0] === "\\" ? one.slice(1) : part(one, at),
  );
}

function part(letter: string, at: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  switch (letter) {
    case "Y":
      return String(at.getUTCFullYear()).padStart(4, "0");
    case "y":
      return two(at.getUTCFullYear() % 100);
    case "m":
      return two(at.getUTCMonth() + 1);
    case "n":
      return String(at.getUTCMonth() + 1);
    case "d":
      return two(at.getUTCDate());
    case "j":
      return String(at.getUTCDate());
    case "H":
      return two(at.getUTCHours());
    case "G":
      return String(at.getUTCHours());
    case "i":
      return two(at.getUTCMinutes());
    case "s":
      return two(at.getUTCSeconds());
    case "v":
      return String(at.getUTCMilliseconds()).padStart(3, "0");
    case "U":
      return String(Math.floor(at.getTime() / 1000));
    case "D":
      return (weekdays[at.getUTCDay()] ?? "").slice(0, 3);
    case "l":
      return weekdays[at.getUTCDay()] ?? "";
    case "M":
      return (months[at.getUTCMonth()] ?? "").slice(0, 3);
    case "F":
      return months[at.getUTCMonth()] ?? "";
    case "c":
      return formatDate("Y-m-d\\TH:i:sP", at.getTime());
    case "P":
      return "+00:00";
    default:
      return letter;
  }
}
