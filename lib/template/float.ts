/** Floats as Go's `strconv.FormatFloat` writes them: exact decimal expansion, rounded half to even. */

/** Digits without a point, and where the point stands: value = 0.DIGITS × 10^point. Zero has no digits. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/** A double has at most 1074 decimals; zeros follow. */
const MOST_DECIMALS = 1100;

/**
 * @param verb "e", "f" or "g" (lower case), for finite `value` without its sign
 * @param precision digits after the point ("g": significant digits), -1 for the shortest text that reads back the same
 */
export function formatFloat(value: number, verb: "e" | "f" | "g", precision: number): string {
  const shortest = precision < 0;
  if (verb === "f") return fixed(value, shortest ? shortestDecimal(value) : roundAt(value, precision), precision);
  if (verb === "e") {
    const decimal = shortest ? shortestDecimal(value) : roundSignificant(value, precision + 1);
    return exponential(decimal, shortest ? decimal.digits.length - 1 : precision);
  }
  return general(value, precision);
}

function general(value: number, precision: number): string {
  const shortest = precision < 0;
  const significant = precision === 0 ? 1 : precision;
  const decimal = shortest ? shortestDecimal(value) : roundSignificant(value, significant);
  const digits = decimal.digits.replace(/0+$/, "");
  const exponent = decimal.point - 1;
  const limit = shortest
    ? 6
    : significant > digits.length && digits.length >= decimal.point
      ? digits.length
      : significant;
  if (exponent < -4 || exponent >= limit) {
    return exponential({ ...decimal, digits }, Math.max(0, digits.length - 1));
  }
  return fixed(value, { ...decimal, digits }, Math.max(0, digits.length - decimal.point));
}

function fixed(value: number, { digits, point }: Decimal, precision: number): string {
  if (value === 0 || digits === "") return precision > 0 ? `0.${"0".repeat(precision)}` : "0";
  const decimals = precision < 0 ? Math.max(0, digits.length - point) : precision;
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  if (decimals === 0) return whole;
  const fraction = (point > 0 ? digits.slice(point) : "0".repeat(-point) + digits).padEnd(decimals, "0");
  return `${whole}.${fraction.slice(0, decimals)}`;
}

function exponential({ digits, point }: Decimal, precision: number): string {
  const [first = "0", ...rest] = digits;
  const exponent = digits === "" ? 0 : point - 1;
  const fraction = rest.join("").padEnd(precision, "0");
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${first}${precision > 0 ? `.${fraction}` : ""}e${exponent < 0 ? "-" : "+"}${power}`;
}

function shortestDecimal(value: number): Decimal {
  if (value === 0) return { digits: "", point: 0 };
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  return { digits: mantissa.replace(".", ""), point: Number(exponent) + 1 };
}

/** The value rounded to `decimals` places after the point. */
function roundAt(value: number, decimals: number): Decimal {
  const { numerator, shift } = exact(value);
  const digits = rounded(numerator, shift, Math.min(decimals, MOST_DECIMALS)).toString();
  if (digits === "0") return { digits: "", point: 0 };
  return { digits, point: digits.length - Math.min(decimals, MOST_DECIMALS) };
}

function roundSignificant(value: number, count: number): Decimal {
  if (value === 0) return { digits: "", point: 0 };
  const wanted = Math.min(count, MOST_DECIMALS);
  const magnitude = shortestDecimal(value).point;
  const { numerator, shift } = exact(value);
  const digits = rounded(numerator, shift, wanted - magnitude).toString();
  return { digits: digits.slice(0, wanted), point: magnitude + (digits.length - wanted) };
}

/** value = numerator × 2^shift, exactly. */
function exact(value: number): { numerator: bigint; shift: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0) & (2n ** 63n - 1n);
  const exponent = Number(bits >> 52n);
  const fraction = bits & (2n ** 52n - 1n);
  return exponent === 0
    ? { numerator: fraction, shift: -1074 }
    : { numerator: fraction + 2n ** 52n, shift: exponent - 1075 };
}

/** numerator × 2^shift × 10^places as an integer, half to even. */
function rounded(numerator: bigint, shift: number, places: number): bigint {
  const up = (shift > 0 ? 2n ** BigInt(shift) : 1n) * (places > 0 ? 10n ** BigInt(places) : 1n);
  const down = (shift < 0 ? 2n ** BigInt(-shift) : 1n) * (places < 0 ? 10n ** BigInt(-places) : 1n);
  const scaled = numerator * up;
  const whole = scaled / down;
  const twice = (scaled % down) * 2n;
  return twice > down || (twice === down && whole % 2n === 1n) ? whole + 1n : whole;
}
