// ---- panels: the step and what it changed, the list of steps, the table of variables.

// Where a box has to be scrolled to for an element to be seen; null if it is.
function scrollFor(box, element, share) {
  const outer = box.getBoundingClientRect();
  const inner = element.getBoundingClientRect();
  const seen = inner.top >= outer.top + 24 && inner.bottom <= outer.bottom - 24;
  return seen ? null : inner.top - outer.top + box.scrollTop - outer.height * share;
}

// All reading comes before all writing, so that the browser lays the page out once.
function scrollAll(view) {
  const { box, edges, n } = view;
  const left = box.scrollLeft;
  const room = box.clientWidth - view.lead;
  const list = scrollFor(view.listBox, view.items[n], 0.4);
  const code = view.line ? scrollFor(view.code, view.line, 0.35) : null;
  if (edges[n] < left + 20) box.scrollLeft = Math.max(0, edges[n] - room * 0.3);
  else if (edges[n + 1] > left + room - 20) box.scrollLeft = edges[n] - room * 0.6;
  if (list !== null) view.listBox.scrollTop = list;
  if (code !== null) view.code.scrollTop = code;
}

const diff = (change) => [
  make("del", {}, change.old),
  make("span", { class: "arrow" }, " → "),
  make("ins", {}, change.new),
];

function showStep(view) {
  const { trace, n } = view;
  const step = n > 0 ? trace.steps[n] : null;
  const parts = [];
  const time = trace.timed ? make("span", { class: "quiet" }, `at ${timeAt(trace, n)}`) : null;
  if (step) {
    parts.push(
      make(
        "p",
        { class: "what" },
        step.ticks ? null : chip(trace, step.thread),
        " ",
        make("b", {}, step.ticks ? `time passes: ${plural(step.ticks, "tick")}` : nameOf(trace, step.thread)),
        " ",
        time,
      ),
    );
    if (!step.ticks) parts.push(make("p", { class: "mono statement" }, step.text));
    const where = [step.source, step.file ? `${step.file}:${step.line}` : ""].filter(Boolean).join("   ");
    if (where) parts.push(make("p", { class: "quiet mono where" }, where));
  } else parts.push(make("p", { class: "what" }, make("b", {}, "Initial state"), " ", time));
  const list = make("dl", { class: "changes" });
  for (const change of step ? step.changes.filter((one) => !one.quiet || view.which === "internals") : []) {
    list.append(make("div", {}, make("dt", {}, change.name), make("dd", {}, diff(change))));
  }
  for (const [name, value] of step ? step.reads : [])
    list.append(make("div", { class: "read" }, make("dt", {}, "read ", name), make("dd", {}, value)));
  for (const [name, amount] of step ? step.costs : [])
    list.append(make("div", {}, make("dt", {}, "cost ", name), make("dd", {}, `+${amount}`)));
  if (step && !list.children.length)
    list.append(make("div", { class: "quiet" }, make("dt", {}, "no variable changes"), make("dd", {})));
  parts.push(list, nowLine(view));
  if (n === trace.last) parts.push(...ending(view));
  view.card.replaceChildren(...parts);
}

function ending(view) {
  const { trace } = view;
  const parts = [];
  if (trace.end.message) {
    const who =
      trace.end.thread >= 0
        ? [chip(trace, trace.end.thread), " ", make("span", { class: "mono" }, trace.end.text), " "]
        : [];
    parts.push(
      make(
        "p",
        { class: trace.bad ? "fault" : "outcome" },
        make("b", { "aria-hidden": "true" }, trace.bad ? "!" : "•"),
        " ",
        who,
        trace.end.message,
      ),
    );
  }
  if (trace.loop !== null) {
    parts.push(
      make(
        "p",
        { class: "loop-note" },
        trace.loop === trace.last
          ? "From here nothing moves any more."
          : `From here the loop again: → goes back to step ${trace.loop + 1}.`,
      ),
    );
  }
  return parts;
}

// Who holds, waits, sleeps or is frozen in this state.
function nowLine(view) {
  const { trace, n } = view;
  const list = make("dl", { class: "held" });
  const add = (title, texts) =>
    texts.length && list.append(make("div", {}, make("dt", {}, title), make("dd", {}, texts.join(", "))));
  const named = (one, text) => `${nameOf(trace, one.thread)} ${text}`.trim();
  const way = (bar) => (bar.text ? ` (${bar.text})` : "");
  add(
    "held",
    trace.locks.flatMap((lock) =>
      lock.held.filter((bar) => inside(bar, n)).map((bar) => named(bar, lock.name + way(bar))),
    ),
  );
  for (const kind of Object.keys(NAMES))
    add(
      NAMES[kind],
      trace.spans.filter((span) => span.view === kind && inside(span, n)).map((span) => named(span, span.text)),
    );
  add(
    "timer",
    trace.timers.filter((timer) => timer.bars.some((bar) => inside(bar, n))).map((timer) => timer.name),
  );
  for (const truth of trace.truths) add({ 1: "true", 0: "false" }[truth.signs[n]] || "undefined", [truth.text]);
  if (n === trace.last && !trace.locks.length && !trace.spans.length)
    for (const [title, text] of trace.facts) add(title, [text]);
  return list;
}

function stepList(view) {
  const { trace } = view;
  const rows = [];
  for (let n = 0; n <= trace.last; n += 1) {
    const step = trace.steps[n];
    const looped = trace.loop !== null && n > trace.loop;
    const text = !step ? "initial state" : step.ticks ? `time passes: ${plural(step.ticks, "tick")}` : step.text;
    const who =
      step && !step.ticks ? make("span", { class: "visually-hidden" }, `${nameOf(trace, step.thread)}: `) : null;
    const note = step && step.notes.length ? make("span", { class: "quiet" }, step.notes.join("; ")) : null;
    const button = make(
      "button",
      { type: "button", tabindex: "-1", "data-n": n, onclick: () => view.go(n) },
      make("span", { class: "num" }, String(n)),
      step && !step.ticks
        ? chip(trace, step.thread)
        : make("span", { class: "chip none", "aria-hidden": "true" }, step ? "·" : ""),
      make("span", { class: "said" }, who, make("span", { class: "mono" }, text), " ", note),
    );
    const first = looped && n === trace.loop + 1 ? make("span", { class: "loop-tag" }, "loop") : null;
    rows.push(make("li", { class: looped ? "looped" : "" }, button, first));
  }
  if (trace.end.message) {
    const who = trace.end.thread >= 0 ? chip(trace, trace.end.thread) : make("span", { class: "chip none" });
    const said = trace.end.text ? [make("span", { class: "mono" }, trace.end.text), " "] : [];
    rows.push(
      make(
        "li",
        { class: trace.bad ? "last" : "last good" },
        make(
          "button",
          { type: "button", tabindex: "-1", onclick: () => view.go(trace.last) },
          make("span", { class: "num bang" }, trace.bad ? "!" : "•"),
          who,
          make("span", { class: "said" }, said, trace.end.message),
        ),
      ),
    );
  }
  view.items = rows;
  return make("ol", { class: "steps", start: 0 }, rows);
}

function showItem(view) {
  const old = $("[aria-current]", view.list);
  if (old) {
    old.removeAttribute("aria-current");
    old.setAttribute("tabindex", "-1");
  }
  const button = view.items[view.n].firstChild;
  if (old && old === document.activeElement) button.focus({ preventScroll: true });
  button.setAttribute("aria-current", "step");
  button.setAttribute("tabindex", "0");
}

// ---- the table of variables

function stateRows(view) {
  const wanted = view.needle.toLowerCase();
  const shown = view.trace.vars.filter((one) => {
    if (one.quiet && view.which !== "internals") return false;
    if (view.which === "changing" && one.at.length === 1 && !wanted) return false;
    return one.name.toLowerCase().includes(wanted);
  });
  view.cells = shown.map((one) => {
    const value = make("td", { class: "mono" });
    const name = make(
      "button",
      { type: "button", class: "name mono", "data-var": one.place, onclick: () => view.select(one.place) },
      one.name,
    );
    const count = make("td", { class: "num quiet" }, one.at.length > 1 ? String(one.at.length - 1) : "");
    const row = make("tr", {}, make("th", { scope: "row" }, name), value, count);
    return { one, value, row, name };
  });
  view.rowsBody.replaceChildren(...view.cells.map((cell) => cell.row));
  view.none.hidden = shown.length > 0;
}

function showState(view) {
  for (const { one, value, row, name } of view.cells) {
    const place = indexAt(one, view.n);
    const changed = one.at[place] === view.n && view.n > 0;
    if (changed && place > 0) value.replaceChildren(...diff({ old: one.values[place - 1], new: one.values[place] }));
    else value.textContent = one.values[place];
    row.className = `${changed ? "changed" : ""}${one.place === view.selected ? " selected" : ""}`;
    name.setAttribute("aria-pressed", String(one.place === view.selected));
  }
}
