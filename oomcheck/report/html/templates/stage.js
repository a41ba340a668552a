// ---- stage: the parts of the view of a trace, made once.

function transport(view) {
  const { trace } = view;
  const button = (label, text, key, act) =>
    make("button", { type: "button", "aria-label": label, title: `${label} (${key})`, onclick: act }, text);
  view.range = make("input", {
    type: "range",
    min: 0,
    max: trace.last,
    step: 1,
    "aria-label": "Step",
    oninput: () => view.go(Number(view.range.value)),
  });
  view.position = make("output", { class: "position" });
  const moves = [
    button("First state", "|◀", "Home", () => view.go(0)),
    button("Previous switch", "⇤", "[", () => view.hop(-1)),
    button("Previous step", "◀", "←", () => view.back()),
    button("Next step", "▶", "→", () => view.forth()),
    button("Next switch", "⇥", "]", () => view.hop(1)),
    button("Last state", "▶|", "End", () => view.go(trace.last)),
  ];
  const scales = [
    button("Squeeze", "−", "-", () => view.scale(1 / 1.5)),
    button("Fit", "fit", "0", () => view.scale(0)),
    button("Stretch", "+", "+", () => view.scale(1.5)),
  ];
  const group = (label, children) => make("span", { class: "seg", role: "group", "aria-label": label }, children);
  const extra = [trace.timed ? group("Axis", axes(view)) : null, group("Scale", scales), idleButton(view)];
  return make(
    "div",
    { class: "transport", role: "group", "aria-label": "Steps and scale" },
    group("Move", moves),
    view.position,
    view.range,
    make("span", { class: "extra" }, extra),
  );
}

function axes(view) {
  return ["steps", "time"].map((kind) => {
    const pressed = String(view.axis === kind);
    const act = () => view.setAxis(kind);
    return make("button", { type: "button", "data-axis": kind, "aria-pressed": pressed, onclick: act }, kind);
  });
}

function idleButton(view) {
  if (!view.trace.threads.some((thread) => !thread.active && !thread.clock)) return null;
  const act = (event) => view.toggleIdle(event.target);
  return make("button", { type: "button", "aria-pressed": "false", onclick: act }, "idle threads");
}

function part(title, kind, head, ...children) {
  const top = head ? make("div", { class: "panel-head" }, make("h2", {}, title), head) : null;
  return make("section", { class: `panel ${kind}-panel`, "aria-label": title }, top, children);
}

const scroller = (label, kind, ...children) =>
  make("div", { class: `${kind} scroll`, tabindex: "0", role: "group", "aria-label": label }, children);

function sourcePart(view) {
  const { trace } = view;
  view.code = scroller("Source", "code");
  const files = [...new Set([...trace.steps.slice(1).map((step) => step.file), trace.end.file])].filter(Boolean);
  const pick = () => {
    showFile(view, view.picker.value);
    markLines(view, view.n === trace.last && trace.end.file ? trace.end : null, trace.steps[view.n]);
  };
  const options = files.map((file) => make("option", { value: file }, file));
  view.picker = make("select", { "aria-label": "Model file", onchange: pick }, options);
  return part("Model", "source", view.picker, view.code);
}

const WHICH = { changing: "that change", all: "all", internals: "all, with internals" };

function statePart(view) {
  const search = () => {
    view.needle = view.search.value;
    stateRows(view);
    showState(view);
  };
  view.search = make("input", {
    type: "search",
    placeholder: "filter",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": "Filter variables",
    oninput: search,
  });
  const change = () => {
    view.which = which.value;
    stateRows(view);
    view.show();
  };
  const options = Object.entries(WHICH).map(([value, text]) => make("option", { value }, text));
  const which = make("select", { "aria-label": "Which variables", onchange: change }, options);
  const column = (text, attributes = {}) => make("th", { scope: "col", ...attributes }, text);
  const often = { class: "num", title: "how often it changes in this trace" };
  const head = make("tr", {}, column("Variable"), column("Value"), column("Changes", often));
  view.rowsBody = make("tbody");
  view.none = make("p", { class: "quiet pad", hidden: true }, "No variable matches.");
  const table = make("table", { class: "state" }, make("thead", {}, head), view.rowsBody);
  return part("State", "state", [view.search, which], scroller("Variables", "", table, view.none));
}

function stepsPart(view) {
  view.list = stepList(view);
  view.listBox = make("div", { class: "scroll" }, view.list);
  return part("Steps", "steps", legend(view.trace), view.listBox);
}

function buildStage(view) {
  view.box = make("div", { class: "timeline", tabindex: "0", role: "group", "aria-label": "Lanes and tracks" });
  view.card = make("div", { class: "card" });
  const left = make("div", { class: "column" }, part("Timeline", "time", null, view.box, key()), stepsPart(view));
  const now = part("This step", "now", null, view.card);
  const right = make("div", { class: "column" }, now, sourcePart(view), statePart(view));
  view.stage.replaceChildren(transport(view), make("div", { class: "grid" }, left, right));
  stateRows(view);
}

const legend = (trace) =>
  make(
    "span",
    { class: "who-is" },
    trace.threads.map((thread, place) =>
      thread.steps ? make("span", {}, chip(trace, place), " ", thread.name) : null,
    ),
  );

function key() {
  const item = (klass, text) =>
    make("span", {}, make("i", { class: `swatch ${klass}`, "aria-hidden": "true" }), " ", text);
  return make(
    "p",
    { class: "legend key" },
    item("sw-step", "step"),
    item("sw-blocked", "blocked"),
    item("sw-sleeping", "asleep"),
    item("sw-frozen", "frozen"),
    item("sw-held", "held, with the holder's letter"),
    item("sw-shared", "held to read"),
    item("sw-true", "true"),
    item("sw-false", "false"),
  );
}
