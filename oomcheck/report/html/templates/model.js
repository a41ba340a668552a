// ---- model: a trace as the page holds it, and small makers of elements. Texts become text nodes, never markup.

const SVG = "http://www.w3.org/2000/svg";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const HUES = 8;
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== ""));
  return element;
}

const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const plural = (count, one) => (count === 1 ? `1 ${one}` : `${count} ${one}s`);

// A series of values: at[i] is the state from which values[i] is the value; at[0] is 0.
function indexAt(series, n) {
  let low = 0;
  let high = series.at.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (series.at[middle] <= n) low = middle;
    else high = middle - 1;
  }
  return low;
}

const valueAt = (series, n) => series.values[indexAt(series, n)];

function kindOf(series) {
  if (series.values.every((value) => value === "true" || value === "false")) return "bool";
  return series.values.every((value) => /^-?\d{1,9}$/.test(value)) ? "number" : "word";
}

function seriesOf(name, initial, changes) {
  const series = { name, at: [0], values: [initial] };
  for (const [n, value] of changes) {
    if (series.at[series.at.length - 1] === n) series.values[series.values.length - 1] = value;
    else {
      series.at.push(n);
      series.values.push(value);
    }
  }
  series.kind = kindOf(series);
  return series;
}

// Pairs of a flat list of word numbers.
function pairs(flat, words) {
  const found = [];
  for (let i = 0; i < flat.length; i += 2) found.push([words[flat[i]], words[flat[i + 1]]]);
  return found;
}

function readStep(raw, number, words) {
  const [thread, text, file, line, source, ticks, notes, reads, costs] = raw;
  const paid = [];
  for (let i = 0; i < costs.length; i += 2) paid.push([words[costs[i]], costs[i + 1]]);
  return {
    number,
    thread,
    line,
    ticks,
    costs: paid,
    changes: [],
    text: words[text],
    file: words[file],
    source: words[source],
    notes: notes.map((one) => words[one]),
    reads: pairs(reads, words),
  };
}

const readBar =
  (words) =>
  ([thread, text, first, last, row]) => ({ thread, text: words[text], first, last, row });

function readTrace(article) {
  const raw = JSON.parse($(".data", article).textContent);
  const words = raw.words;
  const steps = [null, ...raw.steps.map((one, i) => readStep(one, i + 1, words))];
  const vars = raw.vars.map(([name, initial, quiet, changes], place) => {
    const series = seriesOf(
      name,
      words[initial],
      changes.map(([n, value]) => [n, words[value]]),
    );
    let old = words[initial];
    for (const [n, value] of changes) {
      steps[n].changes.push({ place, name, old, new: words[value], quiet: quiet === 1 });
      old = words[value];
    }
    return { ...series, place, quiet: quiet === 1 };
  });
  const trace = {
    id: raw.id,
    title: raw.title,
    steps,
    vars,
    last: raw.steps.length,
    loop: raw.loop,
    clock: raw.clock,
    timed: raw.timed,
    bad: raw.bad,
    threads: raw.threads.map(([name, env]) => ({ name, env: env === 1, steps: 0, spans: [], letter: "" })),
    spans: raw.spans.map(([thread, view, text, first, last]) => ({ thread, view, text: words[text], first, last })),
    locks: raw.locks.map(([name, held, waits]) => ({
      name,
      held: held.map(readBar(words)),
      waits: waits.map(readBar(words)),
    })),
    timers: raw.timers.map(([name, bars]) => ({ name, bars: bars.map(readBar(words)) })),
    flags: raw.flags.map(([word, bits, constant]) => ({
      word,
      bits: bits.map(([bit, place]) => ({ bit, place })),
      constant,
    })),
    truths: raw.truths.map(([text, role, signs]) => ({ text, role, signs })),
    facts: raw.facts,
    end: { ...raw.end, file: words[raw.end.file] },
    costs: costSeries(steps),
  };
  nameThreads(trace);
  return trace;
}

// What each cost counter has come to; the steps say only what they add.
function costSeries(steps) {
  const sums = new Map();
  for (const step of steps.slice(1)) {
    for (const [name, amount] of step.costs) {
      if (!sums.has(name)) sums.set(name, { sum: 0, changes: [] });
      const one = sums.get(name);
      one.sum += amount;
      one.changes.push([step.number, String(one.sum)]);
    }
  }
  return [...sums].map(([name, one]) => seriesOf(name, "0", one.changes));
}

// Letters and hues for threads that do something; the thread of time is an axis, not a lane.
function nameThreads(trace) {
  for (const step of trace.steps.slice(1)) if (step.thread >= 0 && !step.ticks) trace.threads[step.thread].steps += 1;
  for (const span of trace.spans) trace.threads[span.thread].spans.push(span);
  let count = 0;
  trace.threads.forEach((thread, place) => {
    const clock = trace.steps.some((step) => step && step.ticks && step.thread === place) && !thread.steps;
    const named =
      thread.steps ||
      trace.end.thread === place ||
      [...trace.locks, ...trace.timers].some((lock) =>
        [...(lock.held || []), ...(lock.waits || [])].some((bar) => bar.thread === place),
      );
    thread.clock = clock;
    thread.active = !clock && Boolean(named || thread.spans.some((span) => span.view !== "sleeping"));
    if (!clock && (named || thread.spans.length)) {
      thread.letter = LETTERS[count] || String(count + 1);
      thread.hue = count % HUES;
      count += 1;
    }
  });
}

const letterOf = (trace, place) => (trace.threads[place] && trace.threads[place].letter) || "·";
const hueOf = (trace, place) => (trace.threads[place] && trace.threads[place].hue) || 0;
const nameOf = (trace, place) => (trace.threads[place] ? trace.threads[place].name : "");

const chip = (trace, place) =>
  make("span", { class: `chip hue-${hueOf(trace, place)}`, "aria-hidden": "true" }, letterOf(trace, place));

const inside = (one, n) => one.first <= n && n <= one.last;

// The states entered by a thread other than the one that moved before; time that passes is no thread.
function switches(trace) {
  const found = [];
  let before = null;
  for (const step of trace.steps.slice(1)) {
    if (step.ticks) continue;
    if (before !== null && before !== step.thread) found.push(step.number);
    before = step.thread;
  }
  return found;
}

// The time at a state, in words.
function timeAt(trace, n) {
  let found = [0, 0, ""];
  for (const one of trace.clock) if (one[0] <= n) found = one;
  return plural(found[1], "tick") + (found[2] ? ` (${found[2]})` : "");
}
