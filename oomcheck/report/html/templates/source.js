// ---- source: the text of the model with the line of the step, and where each thread is.

const KEYWORDS = new RegExp(
  "(?<![.>\\w])(?:" +
    [
      "model",
      "param",
      "enum",
      "struct",
      "flags",
      "rwsem",
      "spinlock",
      "mutex",
      "semaphore",
      "waitqueue",
      "completion",
      "timer",
      "refcount",
      "thread",
      "process",
      "softirq",
      "env",
      "ghost",
      "bool",
      "int",
      "void",
      "if",
      "else",
      "while",
      "for",
      "return",
      "break",
      "continue",
      "goto",
      "await",
      "atomic",
      "choose",
      "or",
      "and",
      "not",
      "in",
      "import",
      "true",
      "false",
      "NULL",
      "delay",
      "cost",
      "group",
      "freezer",
      "assert",
    ].join("|") +
    ")\\b",
  "g",
);

// One line of the model with comments, texts and keywords set apart; `open` tells whether a comment is open before it.
function codeLine(text, open) {
  const parts = [];
  let rest = text;
  while (rest) {
    if (open) {
      const end = rest.indexOf("*/");
      parts.push(make("i", {}, end < 0 ? rest : rest.slice(0, end + 2)));
      rest = end < 0 ? "" : rest.slice(end + 2);
      open = end < 0;
      continue;
    }
    const match = /\/\/.*|\/\*|"(?:[^"\\]|\\.)*"/.exec(rest);
    const plain = match ? rest.slice(0, match.index) : rest;
    let at = 0;
    for (const word of plain.matchAll(KEYWORDS)) {
      parts.push(plain.slice(at, word.index), make("b", {}, word[0]));
      at = word.index + word[0].length;
    }
    parts.push(plain.slice(at));
    if (!match) break;
    rest = rest.slice(match.index);
    if (match[0] === "/*") open = true;
    else {
      parts.push(make(match[0][0] === '"' ? "s" : "i", {}, match[0]));
      rest = rest.slice(match[0].length);
    }
  }
  return [parts, open];
}

function sourceFile(lines) {
  let open = false;
  return lines.map((text, i) => {
    const [parts, after] = codeLine(text, open);
    open = after;
    return make(
      "div",
      { class: "ln", "data-line": i + 1 },
      make("span", { class: "who" }),
      make("span", { class: "no" }, String(i + 1)),
      make("code", {}, parts),
    );
  });
}

function showFile(view, file) {
  if (view.file === file) return;
  view.file = file;
  if (!view.files.has(file)) {
    const lines = SOURCES[file] ? sourceFile(SOURCES[file]) : [];
    const none = make(
      "p",
      { class: "quiet pad" },
      file ? `The text of ${file} is not in this page.` : "No model line belongs to this state.",
    );
    view.files.set(file, { lines, body: lines.length ? make("div", { class: "file" }, lines) : none });
  }
  view.code.replaceChildren(view.files.get(file).body);
  view.picker.value = file;
}

// The place of each thread: the line of its last step, and that of the fault at the end.
function places(view) {
  const found = new Map();
  for (let n = view.n; n >= 1; n -= 1) {
    const step = view.trace.steps[n];
    if (step.file && !step.ticks && !found.has(step.thread)) found.set(step.thread, step);
  }
  return found;
}

function showSource(view) {
  const { trace, n } = view;
  const step = n > 0 ? trace.steps[n] : null;
  const faulty = n === trace.last && trace.end.file ? trace.end : null;
  const main = faulty || (step && step.file ? step : null);
  const file = main ? main.file : view.file || (trace.steps[1] && trace.steps[1].file) || "";
  showFile(view, file);
  markLines(view, faulty, step);
  view.line = (main && view.files.get(file).lines[main.line - 1]) || null;
}

function markLines(view, faulty, step) {
  const { trace } = view;
  const { lines } = view.files.get(view.file);
  for (const line of view.marked || []) {
    line.className = "ln";
    line.removeAttribute("aria-current");
    line.firstChild.replaceChildren();
  }
  view.marked = [];
  const mark = (place, klass, who) => {
    const line = place.file === view.file ? lines[place.line - 1] : null;
    if (!line) return;
    if (klass) line.classList.add(klass);
    line.firstChild.append(who);
    view.marked.push(line);
    if (klass) line.setAttribute("aria-current", "true");
  };
  if (faulty)
    mark(
      faulty,
      view.trace.bad ? "bad" : "cur",
      make("span", { class: "bang", title: "the end of the trace is about this line" }, view.trace.bad ? "!" : "•"),
    );
  for (const [thread, place] of places(view)) {
    const now = place === step;
    mark(place, now ? "cur" : "", chip(trace, thread));
  }
}
