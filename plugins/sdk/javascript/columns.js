// Columns as arrays of JavaScript's values, null for NULL. A value stays exact: whole numbers are BigInt, decimals text ("12.50");
// dates are days (a number) and timestamps microseconds (BigInt) since 1970-01-01.

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const DECIMAL_BYTES = 16;

const isSet = (bits, row) => Boolean((bits[row >> 3] >> (row & 7)) & 1);

/** One bit for each flag. */
function bitmap(flags) {
  const bits = new Uint8Array((flags.length + 7) >> 3);
  flags.forEach((flag, row) => { if (flag) bits[row >> 3] |= 1 << (row & 7); });
  return bits;
}

/** `unscaled / 10^scale` as text. */
function shown(unscaled, scale) {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return (unscaled < 0n ? "-" : "") + whole + (scale > 0 ? "." + digits.slice(-scale) : "");
}

/** The digits of a number at the scale of a column. */
function unscaled(value, { precision, scale }) {
  const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value));
  if (parts === null) throw new TypeError("a value is not a decimal: a text as \"12.50\", or a BigInt");
  const [, sign, whole, fraction = ""] = parts;
  const beyond = fraction.slice(scale);
  const digits = BigInt(whole + fraction.slice(0, scale).padEnd(scale, "0"));
  if (/[1-9]/.test(beyond) || digits >= 10n ** BigInt(precision)) {
    throw new RangeError(`a value does not fit decimal(${precision}, ${scale})`);
  }
  return sign ? -digits : digits;
}

const slices = ({ offsets, values }) =>
  Array.from({ length: offsets.length - 1 }, (_, row) => values.subarray(offsets[row], offsets[row + 1]));

function joined(parts, validity) {
  const offsets = new Int32Array(parts.length + 1);
  parts.forEach((part, row) => { offsets[row + 1] = offsets[row] + part.length; });
  const values = new Uint8Array(offsets[parts.length]);
  parts.forEach((part, row) => values.set(part, offsets[row]));
  return { offsets, values, validity };
}

function decimals({ kind, values }) {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  return Array.from({ length: values.length / DECIMAL_BYTES }, (_, row) => {
    const at = row * DECIMAL_BYTES;
    return shown((view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true), kind.scale);
  });
}

function decimalBytes(values, kind) {
  const view = new DataView(new ArrayBuffer(values.length * DECIMAL_BYTES));
  values.forEach((value, row) => {
    const number = unscaled(value, kind);
    view.setBigUint64(row * DECIMAL_BYTES, BigInt.asUintN(64, number), true);
    view.setBigInt64(row * DECIMAL_BYTES + 8, number >> 64n, true);
  });
  return new Uint8Array(view.buffer);
}

/** Of each type: the method that reads it, and the values of what that returns. */
const READS = {
  utf8: ["readTexts", data => slices(data).map(part => decoder.decode(part))],
  binary: ["readBinaries", slices],
  boolean: ["readBooleans", (data, count) => Array.from({ length: count }, (_, row) => isSet(data.values, row))],
  int64: ["readInt64s", data => Array.from(data.values)],
  float64: ["readFloat64s", data => Array.from(data.values)],
  date: ["readDates", data => Array.from(data.values)],
  timestamp: ["readTimestamps", data => Array.from(data.values)],
  decimal: ["readDecimals", decimals],
};

/** The values of a column of this type. */
export function read(rows, name, kind) {
  const [method, valuesOf] = READS[kind.tag];
  const data = rows[method](name);
  const values = valuesOf(data, rows.rowCount());
  return data.validity === undefined ? values : values.map((value, row) => (isSet(data.validity, row) ? value : null));
}

/** Writes a column of this type. */
export function write(rows, name, kind, values) {
  const validity = values.includes(null) ? bitmap(values.map(value => value !== null)) : undefined;
  const filled = absent => values.map(value => value ?? absent);
  const numbers = (absent, array) => ({ values: array.from(filled(absent)), validity });
  switch (kind.tag) {
    case "utf8": return rows.writeTexts(name, joined(filled("").map(text => encoder.encode(text)), validity));
    case "binary": return rows.writeBinaries(name, joined(filled(new Uint8Array(0)), validity));
    case "boolean": return rows.writeBooleans(name, { values: bitmap(filled(false)), validity });
    case "int64": return rows.writeInt64s(name, numbers(0n, BigInt64Array));
    case "float64": return rows.writeFloat64s(name, numbers(0, Float64Array));
    case "date": return rows.writeDates(name, numbers(0, Int32Array));
    case "timestamp": return rows.writeTimestamps(name, { zone: kind.val, ...numbers(0n, BigInt64Array) });
    case "decimal":
      return rows.writeDecimals(name, { kind: kind.val, values: decimalBytes(filled("0"), kind.val), validity });
  }
}
