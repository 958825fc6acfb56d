// Draws the documentation from what data.js holds. Text only ever becomes text nodes: nothing of the data is read as HTML.
"use strict";

const { manifest, last, profiles, freshness, metric_days: metricDays } = window.WMSHOST;
const nodes = new Map(manifest.nodes.map((node) => [node.name, node]));
const main = document.getElementById("main");
const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; what is no element becomes text. */
function el(name, attributes, ...children) {
  const made = ["svg", "g", "path", "rect", "text", "title", "polyline", "line"].includes(name) || attributes?.svg
    ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== null && key !== "svg") made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

const layer = (node) => node.layer ?? "stream";
const link = (name, column) =>
  el("a", { href: `#/${encodeURIComponent(name)}${column ? `/${encodeURIComponent(column)}` : ""}` }, column ? `${name}.${column}` : name);
const count = (number) => (number === null || number === undefined ? "" : Number(number).toLocaleString("en"));
/** A table; on a phone each row becomes a card, and the head's words stand before its cells. */
function table(head, rows) {
  for (const row of rows) [...row.children].forEach((cell, at) => cell.setAttribute("data-label", head[at] ?? ""));
  return el("div", { class: "scroll" }, el("table", null,
    el("thead", null, el("tr", null, head.map((title) => el("th", null, title)))), el("tbody", null, rows)));
}
const tone = { passed: "good", succeeded: "good", fresh: "good", success: "good", warned: "warn", warn: "warn", failed: "bad", errored: "bad", error: "bad", never: "bad", fail: "bad", skipped: "warn" };
const said = (status) => el("span", { class: tone[status] ?? "soft" }, status ?? "not run");
const between = (items) => items.flatMap((item, at) => (at ? [", ", item] : [item]));

function age(seconds) {
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60]]) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return `${seconds} s`;
}

/** All that a node reads, or all that reads it, near and far. */
function reach(name, key) {
  const found = new Set();
  const open = [name];
  while (open.length) for (const next of nodes.get(open.pop())?.[key] ?? []) if (!found.has(next)) { found.add(next); open.push(next); }
  return found;
}

// Lineage: one column of boxes for each step from the streams, ordered so that lines cross little.
function graph(names, here) {
  const shown = new Set(names);
  const boxes = new Map();
  const origins = new Map();
  const columns = [];
  for (const name of names) (columns[nodes.get(name).level] ??= []).push(name);
  for (const name of names) {
    const origin = nodes.get(name).origin;
    if (!origin) continue;
    const [source, plugins] = [`source ${name}`, `plugins ${name}`];
    boxes.set(source, { level: 0, label: `${origin.source}.${origin.table}`, kind: "source", reads: [] });
    boxes.set(plugins, { level: 1, label: origin.plugins.join(" › "), kind: "plugin", reads: [source] });
    origins.set(name, plugins);
  }
  const shift = origins.size ? 2 : 0;
  const readers = manifest.exposures.filter((reader) => reader.reads.some((name) => shown.has(name)));
  const levels = columns.filter(Boolean);
  const place = (name) => boxes.get(name)?.row ?? 0;
  levels.forEach((column, level) => {
    const weight = (name) => {
      const reads = nodes.get(name).reads.filter((read) => boxes.has(read));
      return reads.length ? reads.reduce((sum, read) => sum + place(read), 0) / reads.length : 0;
    };
    if (level) column.sort((a, b) => weight(a) - weight(b) || a.localeCompare(b));
    column.forEach((name, row) => boxes.set(name, { level: level + shift, row, label: name, kind: layer(nodes.get(name)), href: `#/${encodeURIComponent(name)}` }));
  });
  for (const [name, plugins] of origins) for (const origin of [plugins, `source ${name}`]) boxes.get(origin).row = place(name);
  readers.forEach((reader, row) => boxes.set(`reader ${reader.name}`, { level: levels.length + shift, row, label: reader.name, kind: "reader", reads: reader.reads }));
  const widths = [];
  for (const box of boxes.values()) widths[box.level] = Math.max(widths[box.level] ?? 0, box.label.length * 7.4 + 20);
  const lefts = widths.map((_, at) => 12 + widths.slice(0, at).reduce((sum, width) => sum + width + 56, 0));
  const deepest = Math.max(...[...boxes.values()].map((box) => box.row)) + 1;
  const rows = (level) => [...boxes.values()].filter((box) => box.level === level).length;
  const top = (box) => 12 + (box.row + (deepest - rows(box.level)) / 2) * 40;
  const picture = el("svg", {
    class: "graph", role: "img", "aria-label": "Lineage: what reads what",
    width: lefts.at(-1) + widths.at(-1) + 12, height: deepest * 40 + 16,
  });
  for (const [name, box] of boxes) {
    for (const read of box.reads ?? [...nodes.get(name).reads, ...(origins.has(name) ? [origins.get(name)] : [])]) {
      const from = boxes.get(read);
      if (!from) continue;
      const [x1, y1] = [lefts[from.level] + widths[from.level], top(from) + 14];
      const [x2, y2] = [lefts[box.level], top(box) + 14];
      const bend = Math.max(28, (x2 - x1) / 2);
      picture.append(el("path", { class: [name, read].includes(here) ? "near" : "", d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` }));
    }
  }
  for (const [name, box] of boxes) {
    const [x, y] = [lefts[box.level], top(box)];
    const group = el("a", { svg: true, class: `${box.kind}${name === here ? " here" : ""}`, href: box.href },
      el("rect", { x, y, width: widths[box.level], height: 28, rx: 7 }),
      el("text", { x: x + 10, y: y + 18 }, box.label), el("title", null, `${box.kind} ${box.label}`));
    picture.append(group);
  }
  const key = ["source", "plugin", "stream", "staging", "intermediate", "mart", "reader"].map((kind) => el("span", null, el("i", { style: `border-color: var(--${kind})` }), kind));
  return [el("div", { class: "scroll" }, picture), el("div", { class: "key" }, key)];
}

const WORDS = new Set(("select from where group by order having join left right inner outer cross on as and or not in is null case when then else end " +
  "with recursive union all distinct over partition rows between unbounded preceding following current row exists like limit cast desc asc values filter").split(" "));

/** SQL with words, texts, placeholders and comments distinguished. */
function code(sql) {
  const parts = sql.split(/('(?:[^']|'')*'|\{[^}]*\}|--[^\n]*|[A-Za-z_][A-Za-z0-9_]*)/);
  return el("pre", null, parts.map((part) => {
    const kind = part.startsWith("'") ? "s" : part.startsWith("{") ? "p" : part.startsWith("--") ? "c" : WORDS.has(part.toLowerCase()) ? "k" : null;
    return kind ? el("span", { class: kind }, part) : part;
  }));
}

function spark(days) {
  const values = days.map(([, value]) => value).filter((value) => value !== null);
  if (values.length < 2) return null;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const points = values.map((value, at) => `${(at / (values.length - 1)) * 100},${28 - ((value - least) / (most - least || 1)) * 26}`);
  return el("svg", { viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" },
    el("polyline", { points: points.join(" "), fill: "none", stroke: "var(--link)", "stroke-width": 1.5, "vector-effect": "non-scaling-stroke" }));
}

function metrics() {
  const cards = manifest.metrics.map((metric, at) => {
    const days = metricDays[at]?.days ?? [];
    const latest = days.at(-1);
    const goal = metric.goal && (metric.goal.at_least !== undefined ? `goal: ≥ ${metric.goal.at_least}` : `goal: ≤ ${metric.goal.at_most}`);
    const met = !latest || latest[1] === null || !metric.goal ? "" : (metric.goal.at_least !== undefined ? latest[1] >= metric.goal.at_least : latest[1] <= metric.goal.at_most) ? "good" : "bad";
    return el("div", { class: "card" }, metric.name,
      el("b", { class: met }, latest && latest[1] !== null ? `${latest[1].toLocaleString("en", { maximumFractionDigits: 2 })} ${metric.unit}` : "–"),
      el("div", { class: "soft" }, [latest?.[0], goal].filter(Boolean).join(" · ")), spark(days));
  });
  return cards.length ? [el("h2", null, "Numbers"), el("div", { class: "cards" }, cards)] : [];
}

function testsOf(name) {
  const all = Object.values(last[name]?.tests ?? {});
  const bad = all.filter((test) => test.status !== "passed").length;
  const worst = all.some((test) => tone[test.status] === "bad") ? "bad" : bad ? "warn" : "good";
  return all.length ? el("span", { class: worst }, bad ? `${bad} of ${all.length} not passed` : `${all.length} passed`) : el("span", { class: "soft" }, "not run");
}

function overview() {
  const rows = manifest.nodes.map((node) => el("tr", null,
    el("td", { class: "name" }, link(node.name)), el("td", null, layer(node)), el("td", null, node.materialized ?? ""),
    el("td", { class: "number" }, count(last[node.name]?.rows ?? profiles[node.name]?.rows)), el("td", null, testsOf(node.name)),
    el("td", null, freshness[node.name] ? said(freshness[node.name].status) : ""), el("td", { class: "words" }, (node.summary ?? "").split("\n")[0])));
  const plugins = [...new Set(manifest.nodes.map((node) => node.plugin).filter(Boolean))];
  main.replaceChildren(el("h1", null, `Models of ${manifest.pipeline}`),
    el("p", { class: "summary soft" }, `${manifest.nodes.length} nodes of ${plugins.join(", ")}; written ${manifest.made_at.slice(0, 19).replace("T", " ")} UTC`),
    ...metrics(), el("h2", null, "Lineage"), ...graph(manifest.nodes.map((node) => node.name)),
    el("h2", null, "All"), table(["name", "layer", "built as", "rows", "tests", "freshness", "summary"], rows));
}

function columnRows(node, wanted) {
  const uses = new Map();
  for (const reader of manifest.nodes) for (const column of reader.columns) for (const from of column.from) uses.set(from, [...(uses.get(from) ?? []), [reader.name, column.name]]);
  const profile = new Map((profiles[node.name]?.columns ?? []).map((column) => [column.name, column]));
  return node.columns.map((column) => {
    const filled = profile.get(column.name);
    const full = filled ? 100 - filled.null_pct : 0;
    const split = (from) => [from.slice(0, from.indexOf(".")), from.slice(from.indexOf(".") + 1)];
    return el("tr", { class: column.name === wanted ? "hit" : null }, el("td", { class: "name" }, column.name), el("td", null, column.type), el("td", { class: "words" }, column.summary),
      el("td", null, between(column.from.map((from) => link(...split(from))))),
      el("td", null, between((uses.get(`${node.name}.${column.name.toLowerCase()}`) ?? []).map(([name, used]) => link(name, used)))),
      el("td", { class: "number" }, filled ? [el("span", { class: "bar" }, el("i", { style: `width: ${full}%` })), `${full.toFixed(full === 100 ? 0 : 2)} %`] : ""),
      el("td", { class: "number" }, filled ? count(filled.distinct) : ""), el("td", null, filled && filled.least !== "" ? `${filled.least.slice(0, 26)} … ${filled.most.slice(0, 26)}` : ""));
  });
}

function testRows(node) {
  return node.tests.map((test) => {
    const went = last[node.name]?.tests?.[test.name];
    const rows = went?.rows ?? [];
    const failing = rows.length ? el("details", null, el("summary", null, `${went.at_most ? "at most " : ""}${count(went.failing)} failing rows`),
      table(Object.keys(rows[0]), rows.map((row) => el("tr", null, Object.values(row).map((value) => el("td", null, value === null ? "NULL" : String(value))))))) : null;
    return el("tr", null, el("td", { class: "name" }, test.name), el("td", null, `${test.assertion}${test.severity === "warn" ? " (warns)" : ""}`), el("td", null, said(went?.status)),
      el("td", null, test.summary, went?.measured !== null && went?.measured !== undefined ? ` measured ${went.measured}` : "", failing, el("details", null, el("summary", null, "SQL"), code(test.sql))));
  });
}

function page(node, column) {
  const built = last[node.name];
  const fresh = freshness[node.name];
  const origin = node.origin && `from ${node.origin.source}.${node.origin.table} through ${node.origin.plugins.join(", ")}`;
  const facts = [layer(node), origin, node.materialized, node.table && `${node.materialized === "view" ? "view" : "table"} ${node.table}`, node.plugin && `plugin ${node.plugin}`, node.owner && `owner ${node.owner}`, ...(node.tags ?? []).map((tag) => `#${tag}`),
    built?.rows !== undefined && built?.rows !== null && `${count(built.rows)} rows`, built?.built_at && `built ${built.built_at.slice(0, 19).replace("T", " ")} UTC`].filter(Boolean).map((fact) => el("li", null, fact));
  if (fresh) facts.push(el("li", { class: tone[fresh.status] }, fresh.seconds === null ? "never loaded" : `${fresh.status}: ${age(fresh.seconds)} old, by ${fresh.by}`));
  const near = [...reach(node.name, "reads"), node.name, ...reach(node.name, "read_by")];
  const order = manifest.nodes.map((known) => known.name).filter((name) => near.includes(name));
  const parts = [el("h1", null, node.name), el("p", { class: "summary" }, node.summary ?? ""), el("ul", { class: "facts" }, facts), el("h2", null, "Lineage"), ...graph(order, node.name)];
  if (node.columns.length) parts.push(el("h2", null, "Columns"), table(["column", "type", "summary", "made of", "goes into", "filled", "distinct", "from … to"], columnRows(node, column)));
  if (node.tests.length) parts.push(el("h2", null, "Tests"), table(["test", "asserts", "last", ""], testRows(node)));
  if (node.unit_tests?.length) parts.push(el("h2", null, "Unit tests"), el("ul", null, node.unit_tests.map((name) => el("li", null, name))));
  if (node.sql) parts.push(el("h2", null, "SQL"), code(node.sql));
  if (node.changes_sql) parts.push(el("h2", null, "Changes"), code(node.changes_sql));
  if (node.compiled) parts.push(el("details", null, el("summary", null, "As it is run"), code(node.compiled)));
  if (node.compiled_changes) parts.push(el("details", null, el("summary", null, "What it finds changed"), code(node.compiled_changes)));
  if (node.compiled_incremental) parts.push(el("details", null, el("summary", null, "As it is run, incremental"), code(node.compiled_incremental)));
  main.replaceChildren(...parts);
  // The picture may be wider than the screen: the model itself is in its middle.
  main.querySelector("svg a.here")?.scrollIntoView({ block: "nearest", inline: "center" });
  main.querySelector("tr.hit")?.scrollIntoView({ block: "center" });
}

/** Names first, then columns and tests, then what is written in summaries and SQL. */
function search(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (text) => wanted.every((word) => (text ?? "").toLowerCase().includes(word));
  const found = [];
  for (const node of manifest.nodes) {
    if (has(node.name)) found.push([0, link(node.name), node.summary]);
    else if (has(`${node.name} ${node.summary} ${(node.tags ?? []).join(" ")} ${node.sql ?? ""}`)) found.push([3, link(node.name), node.summary]);
    for (const column of node.columns) if (has(`${node.name}.${column.name} ${column.summary}`) && !has(node.name)) found.push([1, link(node.name, column.name), column.summary]);
    for (const test of node.tests) if (has(`${test.name} ${test.summary}`) && !has(node.name)) found.push([2, el("span", null, link(node.name), ` test ${test.name}`), test.summary]);
  }
  found.sort((a, b) => a[0] - b[0]);
  main.replaceChildren(el("h1", null, `${found.length} found`), table(["where", "summary"], found.slice(0, 200).map(([, where, summary]) => el("tr", null, el("td", { class: "name" }, where), el("td", null, summary ?? "")))));
}

function navigate() {
  const [name, column] = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
  if (name.startsWith("?")) { box.value = name.slice(1); return search(box.value); }
  const node = nodes.get(name);
  list(node);
  document.title = node ? `${node.name} – ${manifest.pipeline}` : `Models of ${manifest.pipeline}`;
  if (node) page(node, column); else overview();
  if (!column) scrollTo(0, 0);
}

/** All that there is, by layer. */
function list(node) {
  const kinds = ["mart", "intermediate", "staging", "stream"];
  document.getElementById("nav").replaceChildren(...kinds.flatMap((kind) => {
    const links = manifest.nodes.filter((known) => layer(known) === kind).map((known) => { const made = link(known.name); if (known === node) made.setAttribute("aria-current", "page"); return made; });
    return links.length ? [el("h2", null, kind), ...links] : [];
  }));
}

document.getElementById("pipeline").textContent = manifest.pipeline;
const box = document.getElementById("search");
box.addEventListener("input", () => { history.replaceState(null, "", box.value.trim() ? `#/?${encodeURIComponent(box.value)}` : "#/"); navigate(); });
addEventListener("hashchange", () => { box.value = ""; navigate(); });
list();
navigate();
