// ---- tracks: what is drawn in the rows of a timeline, and its axis.

// A reference finds the first element of its name in the document, even a hidden one, so each view has its own.
function hatches(view) {
  const one = (id, path, size) =>
    draw(
      "pattern",
      { id: `hatch-${id}-${view.key}`, width: size, height: size, patternUnits: "userSpaceOnUse" },
      draw("rect", { width: size, height: size, class: `ground-${id}` }),
      draw("path", { d: path, class: `ink-${id}` }),
    );
  return draw(
    "defs",
    {},
    one("blocked", "M-2 2 L2 -2 M0 8 L8 0 M6 10 L10 6", 8),
    one("frozen", "M0 0 L6 6 M6 0 L0 6", 6),
    one("sleeping", "M1 3 h1.5 M5 7 h1.5", 8),
    one("wait", "M-1 1 L1 -1 M0 4 L4 0 M3 5 L5 3", 4),
  );
}

const fits = (text, width, size = 6.6) => text.length * size + 8 <= width;

function labelled(x, y, width, text, klass) {
  return fits(text, width) ? draw("text", { x: x + 5, y, class: klass }, text) : "";
}

function titled(element, text) {
  element.append(draw("title", {}, text));
  return element;
}

const states = (one) => (one.first === one.last ? `state ${one.first}` : `states ${one.first}–${one.last}`);

// Where in a span there is most room between the steps of its thread.
function widestGap(view, place, span) {
  let x = view.edges[span.first];
  let best = { x, width: 0 };
  const close = (right, next) => {
    if (right - x > best.width) best = { x, width: right - x };
    x = next;
  };
  for (let n = Math.max(span.first, 1); n <= span.last; n += 1) {
    const step = view.trace.steps[n];
    if (step.thread === place && !step.ticks) close(view.edges[n], view.edges[n] + blockWidth(view, n));
  }
  close(view.edges[span.last + 1], 0);
  return best;
}

function drawLane(view, row, group) {
  const { trace, edges } = view;
  const thread = trace.threads[row.place];
  group.append(
    draw("line", { x1: 0, x2: edges[edges.length - 1], y1: row.y + LANE / 2, y2: row.y + LANE / 2, class: "wire" }),
  );
  for (const span of thread.spans) {
    const x = edges[span.first];
    const width = edges[span.last + 1] - x;
    const box = { x: x + 0.5, y: row.y + 4.5, width: Math.max(width - 1, 1), height: LANE - 9, rx: 2 };
    const what = `${NAMES[span.view]}: ${span.text}`;
    const gap = widestGap(view, row.place, span);
    const short = [what, span.text, NAMES[span.view]].find((text) => fits(text, gap.width));
    const part = draw(
      "g",
      {},
      draw("rect", { ...box, class: `span-${span.view}`, fill: `url(#hatch-${span.view}-${view.key})` }),
    );
    if (short) part.append(draw("text", { x: gap.x + 5, y: row.y + 18, class: "on-span" }, short));
    group.append(titled(part, `${thread.name} ${what}, ${states(span)}`));
  }
  let boxes = "";
  const numbers = [];
  for (const step of trace.steps) {
    if (!step || step.ticks || step.thread !== row.place) continue;
    const width = blockWidth(view, step.number);
    const x = edges[step.number] + 0.5;
    boxes += `M${x} ${row.y + 5}h${Math.max(width - 1, 1)}v${LANE - 10}h${-Math.max(width - 1, 1)}z`;
    if (width >= 4 + String(step.number).length * 6.7)
      numbers.push(draw("text", { x: x + (width - 1) / 2, y: row.y + 18, class: "on-step" }, String(step.number)));
  }
  group.append(draw("path", { d: boxes, class: `fill-${thread.hue}` }), ...numbers);
  if (view.fault && trace.end.thread === row.place) {
    const x = edges[trace.last + 1];
    const part = draw(
      "g",
      {},
      draw("rect", {
        x: x + 1,
        y: row.y + 4,
        width: Math.max(edges[trace.last + 2] - x - 2, 5),
        height: LANE - 8,
        rx: 2,
        class: trace.bad ? "fault-box" : "outcome-box",
      }),
      draw("text", { x: (x + edges[trace.last + 2]) / 2, y: row.y + 18, class: "fault-mark" }, trace.bad ? "!" : "•"),
    );
    group.append(titled(part, `${thread.name}: ${trace.end.text}: ${trace.end.message}`));
  }
}

const blockWidth = (view, n) =>
  view.axis === "time" ? Math.min(view.block, view.edges[n + 1] - view.edges[n]) : view.edges[n + 1] - view.edges[n];

function drawLock(view, row, group) {
  const { trace, edges } = view;
  const bar = (one, level, held) => {
    const x = edges[one.first];
    const width = edges[one.last + 1] - x;
    const box = {
      x: x + 0.5,
      y: row.y + 3.5 + level * STACK,
      width: Math.max(width - 1, 1),
      height: STACK - 2,
      rx: 1,
    };
    const text = letterOf(trace, one.thread) + (one.text && fits(`A ${one.text}`, width, 6) ? ` ${one.text}` : "");
    const hue = hueOf(trace, one.thread);
    const shared = held && one.text.includes("read");
    const part = draw(
      "g",
      {},
      draw("rect", {
        ...box,
        fill: held ? null : `url(#hatch-wait-${view.key})`,
        class: !held ? `wait stroke-${hue}` : shared ? `shared stroke-${hue}` : `fill-${hue}`,
      }),
    );
    if (width >= 10)
      part.append(
        draw(
          "text",
          { x: x + 4, y: box.y + 9, class: `tiny ${held && !shared ? "on-fill" : "on-span"}` },
          held ? text : `${text} waits`.slice(0, fits(`${text} waits`, width, 6) ? 99 : 1),
        ),
      );
    group.append(
      titled(
        part,
        `${nameOf(trace, one.thread)} ${held ? "holds" : "waits for"} ${row.label}${one.text ? ` (${one.text})` : ""}, ${states(one)}`,
      ),
    );
  };
  for (const one of row.lock.held) bar(one, one.row, true);
  for (const one of row.lock.waits) bar(one, row.held + one.row, false);
}

function drawTimer(view, row, group) {
  for (const one of row.timer.bars) {
    const x = view.edges[one.first];
    const width = view.edges[one.last + 1] - x;
    const part = draw(
      "g",
      {},
      draw("rect", {
        x: x + 0.5,
        y: row.y + 4.5,
        width: Math.max(width - 1, 1),
        height: ROW - 9,
        rx: 1,
        class: "armed",
      }),
    );
    part.append(labelled(x, row.y + 14, width, one.text || "armed", "tiny on-span"));
    group.append(titled(part, `${row.label} ${one.text || "armed"}, ${states(one)}`));
  }
}

// A line of levels, and the area below it: booleans and numbers.
function drawPlot(view, row, group) {
  const { series } = row;
  const { edges } = view;
  const numbers = series.values.map((value) => (series.kind === "bool" ? Number(value === "true") : Number(value)));
  const low = Math.min(0, ...numbers);
  const high = Math.max(low + 1, ...numbers);
  const base = row.y + row.h - 4;
  const level = (value) => base - ((value - low) / (high - low)) * (row.h - 8);
  const end = edges[view.trace.last + 1];
  let line = "";
  let area = "";
  series.at.forEach((n, i) => {
    const x = edges[n];
    const next = i + 1 < series.at.length ? edges[series.at[i + 1]] : end;
    const y = level(numbers[i]);
    line += `${i ? "V" : `M${x} `}${y}H${next}`;
    if (numbers[i] > low) area += `M${x} ${base}V${y}H${next}V${base}Z`;
  });
  group.append(draw("path", { d: area, class: "plot-area" }), draw("path", { d: line, class: "plot-line" }));
  if (series.kind === "number") {
    series.at.forEach((n, i) => {
      const next = i + 1 < series.at.length ? edges[series.at[i + 1]] : end;
      group.append(labelled(edges[n] - 2, row.y + row.h - 7, next - edges[n], series.values[i], "tiny"));
    });
  }
}

function drawValues(view, row, group) {
  const { series } = row;
  series.at.forEach((n, i) => {
    const x = view.edges[n];
    const next = i + 1 < series.at.length ? view.edges[series.at[i + 1]] : view.edges[view.trace.last + 1];
    const part = draw(
      "g",
      {},
      draw("rect", {
        x: x + 0.5,
        y: row.y + 3.5,
        width: Math.max(next - x - 1, 1),
        height: row.h - 7,
        rx: 3,
        class: "value-box",
      }),
    );
    part.append(labelled(x, row.y + row.h - 8, next - x, series.values[i], "tiny"));
    group.append(titled(part, `${series.name} = ${series.values[i]} from state ${n}`));
  });
}

// High and full where true, low and hollow where false, dotted where the formula has no meaning.
function drawTruth(view, row, group) {
  const { signs } = row.truth;
  const paths = { 1: "", 0: "", "-": "" };
  const words = [];
  let first = 0;
  for (let n = 1; n <= signs.length; n += 1) {
    if (n < signs.length && signs[n] === signs[first]) continue;
    const x = view.edges[first];
    const width = Math.max(view.edges[n] - x - 1, 0.5);
    const [top, high] = signs[first] === "1" ? [3.5, 13] : [9.5, 7];
    paths[signs[first]] += `M${x + 0.5} ${row.y + top}h${width}v${high}h${-width}z`;
    if (signs[first] === "1" && fits("true", width, 6))
      words.push(draw("text", { x: x + 5, y: row.y + 14, class: "tiny on-truth" }, "true"));
    first = n;
  }
  group.append(
    draw("path", { d: paths[1], class: "truth-yes" }),
    draw("path", { d: paths[0], class: "truth-no" }),
    draw("path", { d: paths["-"], class: "truth-none" }),
    ...words,
  );
}

const DRAW = {
  lane: drawLane,
  lock: drawLock,
  timer: drawTimer,
  plot: drawPlot,
  values: drawValues,
  truth: drawTruth,
};

function drawAxis(view, group) {
  const { trace, edges } = view;
  const column = edges[edges.length - 1] / (edges.length - 1);
  const every = ROUND.find((one) => one * column >= 26) || 2000;
  let free = -1;
  for (let n = 0; n <= trace.last; n += 1) {
    const wanted = view.axis === "time" ? edges[n] >= free && !(n && trace.steps[n].ticks) : n % every === 0;
    if (!wanted) continue;
    free = edges[n] + 8 + String(n).length * 7;
    group.append(draw("text", { x: edges[n] + 3, y: view.axisHeight - 8, class: "tiny axis" }, String(n)));
    group.append(
      draw("line", { x1: edges[n], x2: edges[n], y1: view.axisHeight - 16, y2: view.axisHeight, class: "tick" }),
    );
  }
  let right = -1;
  const round = view.axis === "time" ? ROUND.find((one) => one * view.tick >= 40) || 10000 : 1;
  for (const [n, ticks, seconds] of trace.clock) {
    const x = edges[n];
    if (x < right || ticks % round || x + 40 > edges[edges.length - 1]) continue;
    const both = seconds && (view.axis !== "time" || round * view.tick >= 96);
    const text = ticks ? `${ticks}${both ? ` (${seconds})` : ""}` : "ticks";
    right = x + text.length * 6.4 + 14;
    const y = trace.loop === null ? 0 : 16;
    group.append(
      draw("line", { x1: x, x2: x, y1: y + 2, y2: y + 14, class: "tick" }),
      draw("text", { x: x + 3, y: y + 11, class: "tiny axis" }, text),
    );
  }
}

function drawLoop(view, group) {
  const { trace, edges } = view;
  if (trace.loop === null) return;
  const top = 0;
  const end = edges[trace.last + 1];
  if (trace.loop === trace.last) {
    group.append(
      draw("rect", {
        x: edges[trace.last],
        y: top + 14,
        width: end - edges[trace.last],
        height: view.height - top - 14,
        class: "loop-region",
      }),
    );
    group.append(draw("text", { x: end - 4, y: top + 11, class: "tiny loop-text end" }, "nothing moves any more"));
    return;
  }
  const start = edges[trace.loop + 1];
  group.append(
    draw("rect", { x: start, y: top + 14, width: end - start, height: view.height - top - 14, class: "loop-region" }),
  );
  group.append(
    draw("path", { d: `M${start + 1} ${top + 20}V${top + 4}H${end - 1}V${top + 20}`, class: "loop-bracket" }),
  );
  const text = `loop, for ever: back to step ${trace.loop + 1}`;
  const inner = fits(text, end - start, 6.2);
  group.append(
    draw(
      "text",
      { x: inner ? start + 6 : end, y: top + 15, class: `tiny loop-text${inner ? "" : " end"}` },
      inner ? text : "loop",
    ),
  );
}

// Lines from lane to lane where another thread goes on.
function drawSwitches(view, group) {
  const { trace, edges } = view;
  const lane = new Map(view.rows.filter((row) => row.type === "lane").map((row) => [row.place, row.y + LANE / 2]));
  let before = null;
  let path = "";
  for (const step of trace.steps.slice(1)) {
    if (step.ticks) continue;
    if (before !== null && before !== step.thread && lane.has(before) && lane.has(step.thread)) {
      path += `M${edges[step.number]} ${lane.get(before)}V${lane.get(step.thread)}`;
    }
    before = step.thread;
  }
  group.append(draw("path", { d: path, class: "switch-line" }));
}
