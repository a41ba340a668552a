// ---- timeline: lanes, locks, timers, flags and truths over states. Column n is the state after step n.

const LANE = 28;
const ROW = 20;
const TITLE = 24;
const STACK = 13;
const AXIS = 24;
const WIDE_LABEL = 248;
const NARROW = 700;
const ROUND = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const MAX_BLOCK = 24; // pixels of a step on the axis of time
const BLOCK = 14; // and of the last state
const MIN_COLUMN = 7;
const MAX_COLUMN = 44;

const NAMES = { blocked: "blocked", sleeping: "asleep", frozen: "frozen" };

function timelineRows(view) {
  const { trace } = view;
  const rows = [];
  const title = (text, note = "") => rows.push({ type: "title", label: text, note, h: TITLE });
  const lanes = trace.threads
    .map((thread, place) => ({ thread, place }))
    .filter(({ thread }) => thread.active || (view.idle && !thread.clock));
  const idle = trace.threads.filter((thread) => !thread.active && !thread.clock).length;
  title("Threads", idle && !view.idle ? `${idle} idle` : "");
  for (const { thread, place } of lanes) rows.push({ type: "lane", place, label: thread.name, h: LANE });
  if (trace.locks.length) title("Locks");
  for (const lock of trace.locks) {
    const held = Math.max(0, ...lock.held.map((bar) => bar.row + 1));
    const waits = Math.max(0, ...lock.waits.map((bar) => bar.row + 1));
    rows.push({ type: "lock", lock, label: lock.name, held, h: Math.max(ROW, (held + waits) * STACK + 6) });
  }
  if (trace.timers.length) title("Timers");
  for (const timer of trace.timers) rows.push({ type: "timer", timer, label: timer.name, h: ROW });
  for (const { word, bits, constant } of trace.flags) {
    title(word, constant ? `${constant} never change${constant === 1 ? "s" : ""}` : "");
    for (const { bit, place } of bits)
      rows.push({ type: "plot", series: trace.vars[place], place, label: bit, h: ROW });
  }
  if (trace.costs.length) title("Costs");
  for (const series of trace.costs) rows.push({ type: "plot", series, place: -1, label: series.name, h: ROW + 4 });
  if (trace.truths.length) title("Formulas");
  for (const truth of trace.truths) rows.push({ type: "truth", truth, label: truth.text, role: truth.role, h: ROW });
  const watched = [...view.watched].map((place) => trace.vars[place]);
  if (watched.length) title("Watched");
  for (const series of watched) {
    const type = series.kind === "word" ? "values" : "plot";
    rows.push({ type, series, place: series.place, label: series.name, h: series.kind === "bool" ? ROW : ROW + 4 });
  }
  return rows;
}

// Left edges of the columns, and one more for the right edge of the last.
function columnEdges(view, room) {
  const { trace } = view;
  const count = trace.last + 1 + (view.fault ? 1 : 0);
  const weights = [];
  if (view.axis === "time") {
    const total = Math.max(1, trace.clock.length ? trace.clock[trace.clock.length - 1][1] : 1);
    const events = trace.steps.filter((step) => step && !step.ticks).length + (view.fault ? 1 : 0);
    view.block = Math.min(MAX_BLOCK, Math.max(MIN_COLUMN, (room * 0.7) / Math.max(events, 1))) * view.zoom;
    view.tick =
      Math.min(Math.max((room - BLOCK - ((events + 1) * view.block) / view.zoom) / total, 6), 160) * view.zoom;
    for (let n = 0; n < count; n += 1) {
      const own = n > 0 && n <= trace.last && trace.steps[n].ticks ? 0 : view.block;
      const passing = n < trace.last ? trace.steps[n + 1].ticks * view.tick : 0;
      weights.push(Math.max(own + passing, n < trace.last ? 2 : BLOCK));
    }
  } else {
    const column = Math.min(MAX_COLUMN, Math.max(MIN_COLUMN, room / count)) * view.zoom;
    for (let n = 0; n < count; n += 1) weights.push(Math.max(column, 1));
  }
  const edges = [0];
  for (const weight of weights) edges.push(edges[edges.length - 1] + weight);
  return edges;
}

// What a row says about state n, for the right end of its label.
function rowNow(view, row, n) {
  const { trace } = view;
  if (row.type === "lane") {
    const span = trace.threads[row.place].spans.find((one) => inside(one, n));
    const moved = n > 0 && trace.steps[n].thread === row.place && !trace.steps[n].ticks;
    return span ? NAMES[span.view] : moved ? "moved" : "";
  }
  if (row.type === "lock") {
    const names = (bars) =>
      bars
        .filter((bar) => inside(bar, n))
        .map((bar) => letterOf(trace, bar.thread))
        .join("");
    const waiting = names(row.lock.waits);
    return (names(row.lock.held) || "free") + (waiting ? ` ← ${waiting}` : "");
  }
  if (row.type === "timer") return row.timer.bars.some((bar) => inside(bar, n)) ? "armed" : "";
  if (row.type === "truth") return { 1: "true", 0: "false" }[row.truth.signs[n]] || "–";
  return row.series ? valueAt(row.series, n) : "";
}

function labelOf(view, row) {
  const { trace } = view;
  if (row.type === "title")
    return make(
      "div",
      { class: "label title" },
      make("b", {}, row.label),
      row.note ? make("span", { class: "quiet" }, row.note) : null,
    );
  const now = make("span", { class: "now" });
  row.nowCell = now;
  const name =
    row.place >= 0 && row.series
      ? make(
          "button",
          {
            type: "button",
            class: "name",
            "data-var": row.place,
            title: `Select ${row.series.name}`,
            onclick: () => view.select(row.place),
          },
          row.label,
        )
      : make("span", { class: "name", title: row.label }, row.label);
  const lead =
    row.type === "lane"
      ? chip(trace, row.place)
      : row.type === "truth"
        ? make(
            "span",
            { class: "role", title: `${row.role} of the check` },
            { property: "▸", part: "·", other: " " }[row.role],
          )
        : null;
  return make(
    "div",
    { class: `label ${row.type}${row.type === "lane" && trace.threads[row.place].env ? " env" : ""}` },
    lead,
    name,
    now,
  );
}

const pixels = (element, sizes) => {
  for (const [name, size] of Object.entries(sizes)) element.style.setProperty(name, `${size}px`);
};

// Where each row lies; on narrow screens its label stands above it, `over` pixels high.
function placeRows(view, over) {
  view.rows = timelineRows(view);
  view.axisHeight = AXIS + (view.trace.timed ? 14 : 0) + (view.trace.loop === null ? 0 : 16);
  let y = view.axisHeight;
  for (const row of view.rows) {
    row.top = y;
    row.y = y + (row.type === "title" ? 0 : over);
    y = row.y + row.h;
  }
  view.height = y + 4;
}

function drawCanvas(view, width) {
  const label = `Timeline of ${plural(view.trace.last, "step")}; the list of steps says the same in words`;
  const canvas = draw("svg", { width, height: view.height, role: "img", "aria-label": label });
  const ground = draw("g");
  const marks = draw("g");
  canvas.append(hatches(view), ground, marks, draw("title"));
  for (const row of view.rows) {
    const bottom = row.y + row.h - 0.5;
    if (row.type === "title") ground.append(draw("rect", { y: row.top, width, height: row.h, class: "band" }));
    else ground.append(draw("line", { x1: 0, x2: width, y1: bottom, y2: bottom, class: "rule" }));
  }
  drawLoop(view, ground);
  drawSwitches(view, ground);
  drawAxis(view, marks);
  for (const row of view.rows) if (DRAW[row.type]) DRAW[row.type](view, row, marks);
  canvas.addEventListener("pointerdown", (event) => point(view, canvas, event));
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse" && event.buttons === 1) point(view, canvas, event);
    else canvas.lastChild.textContent = hint(view, columnAt(view, canvas, event));
  });
  return canvas;
}

function drawLabels(view, over) {
  const labels = make("div", { class: over ? "labels over" : "labels" });
  for (const row of view.rows) {
    const label = labelOf(view, row);
    pixels(label, { top: row.top, height: over && row.type !== "title" ? over : row.h });
    label.classList.toggle("selected", Boolean(row.series) && row.place >= 0 && row.place === view.selected);
    labels.append(label);
  }
  return labels;
}

function drawTimeline(view) {
  const { box } = view;
  const narrow = document.documentElement.clientWidth < NARROW;
  const over = narrow ? 15 : 0;
  view.lead = narrow ? 0 : WIDE_LABEL;
  placeRows(view, over);
  view.edges = columnEdges(view, Math.max(box.clientWidth - view.lead - 8, 200));
  const width = view.edges[view.edges.length - 1] + 8;
  const canvas = drawCanvas(view, width);
  const labels = drawLabels(view, over);
  view.cursor = make("div", { class: "cursor" }, make("span", { class: "cursor-head" }));
  const inner = make("div", { class: "tl-inner" }, labels, canvas, view.cursor);
  pixels(view.cursor, { left: view.lead, top: view.axisHeight - 20, height: view.height - view.axisHeight + 20 });
  pixels(inner, { width: view.lead + width, height: view.height });
  pixels(labels, { width: narrow ? box.clientWidth : view.lead, height: view.height });
  pixels(canvas, { left: view.lead });
  box.replaceChildren(inner);
}

function columnAt(view, canvas, event) {
  const x = event.clientX - canvas.getBoundingClientRect().left;
  const n = view.edges.findIndex((edge) => edge > x) - 1;
  return n < 0 || n > view.trace.last ? view.trace.last : n;
}

const point = (view, canvas, event) => view.go(columnAt(view, canvas, event));

function hint({ trace }, n) {
  const step = n > 0 ? trace.steps[n] : null;
  if (!step) return "0: initial state";
  return `${n} ${nameOf(trace, step.thread)}: ${step.text}`;
}

function moveCursor(view) {
  const { n, edges } = view;
  const x = edges[n];
  const width = Math.max(edges[n + 1] - x, 2);
  view.cursor.style.setProperty("transform", `translateX(${x}px)`);
  pixels(view.cursor, { width });
  view.cursor.firstChild.textContent = String(n);
  for (const row of view.rows) {
    if (!row.nowCell) continue;
    const text = rowNow(view, row, n);
    if (row.nowText !== text) row.nowCell.textContent = text;
    row.nowText = text;
  }
}
