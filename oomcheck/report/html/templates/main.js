// ---- main: which view is shown, addresses such as #SPEC/CHECK/PROPERTY/step=7, and the keys.

const SOURCES = JSON.parse($("#sources").textContent);
const title = document.title;
const views = new Map();
let current = null;
let timer = 0;

function openView(article) {
  const trace = readTrace(article);
  const view = {
    article,
    trace,
    key: views.size,
    n: trace.last,
    laps: 0,
    zoom: 1,
    idle: false,
    selected: -1,
    watched: new Set(),
    which: "changing",
    needle: "",
    axis: trace.timed ? "time" : "steps",
    fault: trace.end.thread >= 0 && Boolean(trace.end.text),
    files: new Map(),
    file: null,
    stage: $(".stage", article),
    switches: switches(trace),
  };
  view.show = () => showView(view);
  view.go = (n, laps = 0) => {
    view.n = n;
    view.laps = laps;
    showView(view);
  };
  view.forth = () => {
    if (view.n < trace.last) view.go(view.n + 1, view.laps);
    else if (trace.loop !== null && trace.loop < trace.last) view.go(trace.loop + 1, view.laps + 1);
  };
  view.back = () => {
    if (view.laps && view.n === trace.loop + 1) view.go(trace.last, view.laps - 1);
    else if (view.n > 0) view.go(view.n - 1, view.laps);
  };
  const jump = (places, by) => {
    const found = by > 0 ? places.find((n) => n > view.n) : places.filter((n) => n < view.n).pop();
    if (found !== undefined) view.go(found);
  };
  view.hop = (by) => jump(view.switches, by);
  view.next = (by) => view.selected >= 0 && jump(trace.vars[view.selected].at.slice(1), by);
  view.select = (place) => selectVariable(view, place);
  view.scale = (by) => {
    view.zoom = by ? Math.min(Math.max(view.zoom * by, 0.1), 12) : 1;
    redraw(view);
  };
  view.setAxis = (kind) => {
    view.axis = kind;
    for (const button of $$("[data-axis]", view.stage))
      button.setAttribute("aria-pressed", String(button.dataset.axis === kind));
    redraw(view);
  };
  view.toggleIdle = (button) => {
    view.idle = !view.idle;
    button.setAttribute("aria-pressed", String(view.idle));
    redraw(view);
  };
  view.stage.hidden = false;
  $(".as-text", article).open = false;
  buildStage(view);
  return view;
}

// Selecting a variable lets n and p go along its changes, and draws it unless a plot of it is there already.
function selectVariable(view, place) {
  const drawn = view.trace.flags.some((word) => word.bits.some((bit) => bit.place === place));
  if (view.selected === place) {
    view.selected = -1;
    view.watched.delete(place);
  } else {
    view.selected = place;
    if (!drawn) view.watched.add(place);
  }
  redraw(view);
}

function redraw(view) {
  const at = view.box.scrollLeft;
  const focused = view.box.contains(document.activeElement) ? document.activeElement.dataset.var : undefined;
  drawTimeline(view);
  if (focused !== undefined)
    ($(`.label [data-var="${focused}"]`, view.box) || view.box).focus({ preventScroll: true });
  view.box.scrollLeft = at;
  showView(view);
}

function showView(view) {
  const { trace, n } = view;
  const step = n > 0 ? trace.steps[n] : null;
  moveCursor(view);
  showStep(view);
  showState(view);
  showItem(view);
  showSource(view);
  scrollAll(view);
  const lap = view.laps ? `, lap ${view.laps + 1}` : "";
  view.position.textContent = `step ${n} of ${trace.last}${lap}`;
  view.range.value = String(n);
  const said = step ? (step.ticks ? "time passes" : `${nameOf(trace, step.thread)}: ${step.text}`) : "initial state";
  view.range.setAttribute("aria-valuetext", `step ${n} of ${trace.last}${lap}: ${said}`);
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (current === view) history.replaceState(null, "", `#${trace.id}/step=${n}`);
    $("#announce").textContent = `Step ${n}, ${said}`;
  }, 250);
}

function route() {
  const [, slug, number] = /^#?(.*?)(?:\/step=(\d+))?$/.exec(decoded(location.hash));
  const article = $$(".trace").find((one) => one.id === slug) || ($("#checks") ? null : $(".trace"));
  for (const one of $$(".trace")) one.classList.toggle("current", one === article);
  if ($("#checks")) $("#checks").hidden = Boolean(article);
  clearTimeout(timer);
  if (!article) {
    current = null;
    document.title = title;
    showRow(slug);
    $("#crumb").textContent = "";
    return;
  }
  if (!views.has(article)) views.set(article, openView(article));
  const before = current;
  current = views.get(article);
  document.title = `${current.trace.title} - oomcheck`;
  if (number !== undefined) current.n = Math.min(Number(number), current.trace.last);
  $("#crumb").replaceChildren(
    ...($("#checks") ? [make("a", { href: "#" }, "All checks"), " / "] : []),
    make("span", { class: "mono" }, current.trace.title),
  );
  redraw(current);
  if (before !== current && $("#checks")) {
    article.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

function decoded(hash) {
  try {
    return decodeURIComponent(hash);
  } catch {
    return hash;
  }
}

function leave() {
  const slug = current.trace.id;
  location.hash = "";
  const row = $$(".line").find((one) => one.dataset.trace === slug);
  if (row)
    setTimeout(() => {
      row.scrollIntoView({ block: "center" });
      row.focus({ preventScroll: true });
    }, 0);
}

const TRACE_KEYS = {
  ArrowRight: (view) => view.forth(),
  j: (view) => view.forth(),
  ArrowLeft: (view) => view.back(),
  k: (view) => view.back(),
  Home: (view) => view.go(0),
  End: (view) => view.go(view.trace.last),
  "]": (view) => view.hop(1),
  "[": (view) => view.hop(-1),
  n: (view) => view.next(1),
  p: (view) => view.next(-1),
  "+": (view) => view.scale(1.5),
  "=": (view) => view.scale(1.5),
  "-": (view) => view.scale(1 / 1.5),
  0: (view) => view.scale(0),
  "/": (view) => view.search.focus(),
  Escape: () => $("#checks") && leave(),
};
const MATRIX_KEYS = {
  ArrowDown: () => walkMatrix(1),
  j: () => walkMatrix(1),
  ArrowUp: () => walkMatrix(-1),
  k: () => walkMatrix(-1),
  "/": () => $("#filter").focus(),
};

function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || $("#help").open) return;
  const target = event.target;
  if (target.matches("input[type=search], select, textarea")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (event.key === "?") $("#help").showModal();
  else if (event.key === "Enter" && !current && target.matches(".line")) openRow(target);
  else {
    const inList =
      current && target.closest(".steps") && { ArrowDown: TRACE_KEYS.j, ArrowUp: TRACE_KEYS.k }[event.key];
    const act = inList || (current ? TRACE_KEYS[event.key] : $("#checks") && MATRIX_KEYS[event.key]);
    if (!act) return;
    act(current);
  }
  event.preventDefault();
}

document.documentElement.classList.add("js");
$("#help-open").hidden = false;
$("#help-open").addEventListener("click", () => $("#help").showModal());
$("#home").addEventListener("click", (event) => !$("#checks") && event.preventDefault());
document.addEventListener("keydown", onKey);
addEventListener("hashchange", route);
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth !== width && current) redraw(current);
  width = innerWidth;
});
setUpMatrix();
route();
