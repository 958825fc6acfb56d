// The exports of a transform, made of a function of one row:
//
//     export const { about, transformation } = transform({ name, version, summary, reads, writes, settings, row });
//
// `reads` and `writes` are columns by name, each with its type: text, int64, float64, boolean, date, timestamp, timestampUtc,
// binary or decimal(precision, scale). A column that is read as a decimal may have any precision and scale, or be whole numbers.
// `settings` are names, each with its default and one sentence. The function gets columns and settings by name in one object,
// and returns its outputs by name, or `reject(rule, reason)`; an output of an input's name replaces that column. What it throws
// fails the row.

import { get } from "wmshost:plugin/settings@0.1.0";
import { read, write } from "./columns.js";
import { Reject } from "./reject.js";

export const text = { tag: "utf8" };
export const binary = { tag: "binary" };
export const boolean = { tag: "boolean" };
export const int64 = { tag: "int64" };
export const float64 = { tag: "float64" };
export const date = { tag: "date" };
export const timestamp = { tag: "timestamp", val: "none" };
export const timestampUtc = { tag: "timestamp", val: "utc" };
export const decimal = (precision, scale) => ({ tag: "decimal", val: { precision, scale } });

const SETTING_KINDS = { string: "text", bigint: "integer", number: "number", boolean: "flag", object: "texts" };

const literal = value => (typeof value === "bigint" ? String(value) : JSON.stringify(value));

export function transform({ name, version, summary, reads, writes, row, settings = {} }) {
  const described = Object.entries(settings).map(([key, [fallback, about]]) => (
    { name: key, kind: SETTING_KINDS[typeof fallback], summary: about, fallback: literal(fallback), choices: [] }
  ));
  let kinds = [];
  return {
    about: { describe: () => ({ name, version, summary, settings: described }) },
    transformation: {
      outputSchema(input) {
        kinds = Object.entries(reads).map(([column, kind]) => [column, kindOf(column, kind, input)]);
        const written = new Map(Object.entries(writes).map(([name, kind]) => [name, { name, kind, nullable: true }]));
        const kept = input.map(column => {
          const replaced = written.get(column.name);
          written.delete(column.name);
          return replaced ?? column;
        });
        return [...kept, ...written.values()];
      },
      keepsState: () => false,
      process(rows) {
        const given = Object.fromEntries(Object.keys(settings).map(key => [key, get(key).val]));
        const columns = kinds.map(([column, kind]) => [column, valuesOf(rows, column, kind, reads[column])]);
        const made = [];
        const rejected = new Map();
        for (let number = 0; number < rows.rowCount(); number++) {
          const values = Object.fromEntries(columns.map(([column, values]) => [column, values[number]]));
          const outputs = tried(`row ${number + 1} of the batch`, () => row({ ...values, ...given }));
          made.push(outputs);
          if (outputs instanceof Reject) {
            const key = JSON.stringify([outputs.rule, outputs.reason]);
            if (!rejected.has(key)) rejected.set(key, []);
            rejected.get(key).push(number);
          }
        }
        for (const [column, kind] of Object.entries(writes)) {
          tried(`column ${column}`, () => write(rows, column, kind, made.map(outputs => outputs[column] ?? null)));
        }
        rejectAll(rows, rejected);
      },
    },
  };
}

/** The type of a column that is read as `wanted`. */
function kindOf(name, wanted, columns) {
  const kind = columns.find(column => column.name === name)?.kind;
  if (kind === undefined) throw { tag: "invalid-config", val: `column ${name} does not exist` };
  const isNumber = wanted.tag === "decimal" && ["decimal", "int64"].includes(kind.tag);
  if (!isNumber && (kind.tag !== wanted.tag || kind.val !== wanted.val)) {
    throw { tag: "invalid-config", val: `column ${name} is ${kind.tag}, and ${wanted.tag} is read` };
  }
  return kind;
}

/** The values of a column, whole numbers as decimals where these are read. */
function valuesOf(rows, column, kind, wanted) {
  const values = read(rows, column, kind);
  return kind.tag === wanted.tag ? values : values.map(value => (value === null ? null : String(value)));
}

/** What a function returns; what it throws becomes a failure of the contract, with its place in the plugin. */
function tried(where, what) {
  try {
    return what();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const place = error.stack?.split("\n", 1)[0].trim() ?? "";
    throw { tag: "permanent", val: `${where}: ${place}: ${error.name}: ${error.message}` };
  }
}

/** Rejects rows, which are numbered as in the whole batch. */
function rejectAll(rows, rejected) {
  let gone = [];
  for (const [key, numbers] of rejected) {
    let before = 0;
    const moved = numbers.map(number => {
      while (before < gone.length && gone[before] < number) before++;
      return number - before;
    });
    rows.reject(Uint32Array.from(moved), ...JSON.parse(key));
    gone = [...gone, ...numbers].sort((a, b) => a - b);
  }
}
