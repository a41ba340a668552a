// ---- matrix: the filter, and the rows as a list that keys walk through.

const matrix = { only: "all" };

const lines = () => $$(".line").filter((row) => !row.hidden && !row.closest(".spec").hidden);

function filterMatrix() {
  const needles = $("#filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const spec of $$(".spec")) {
    let here = 0;
    for (const row of $$(".line", spec)) {
      const kept =
        matrix.only === "all" ||
        (matrix.only === "odd" ? !row.classList.contains("tone-ok") : Boolean(row.dataset.trace));
      row.hidden = !(kept && needles.every((needle) => row.dataset.search.includes(needle)));
      here += Number(!row.hidden);
    }
    const broken = !$(".line", spec) || Boolean($("pre.alert", spec));
    spec.hidden = !here && !(broken && !needles.length && matrix.only !== "trace");
    shown += here;
  }
  $("#filter-count").textContent =
    needles.length || matrix.only !== "all" ? `${plural(shown, "result")} of ${$$(".line").length}` : "";
}

function walkMatrix(by) {
  const rows = lines();
  if (!rows.length) return;
  const here = rows.indexOf(document.activeElement.closest ? document.activeElement.closest(".line") : null);
  const next = here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(here + by, 0), rows.length - 1);
  rows[next].focus({ preventScroll: true });
  rows[next].scrollIntoView({ block: "nearest" });
}

// A link to a row shows it, whatever the filter says.
function showRow(id) {
  const row = $$(".line").find((one) => one.id === id);
  if (!row || !row.hidden) return;
  $("#filter").value = "";
  $('[data-only="all"]').click();
  row.scrollIntoView({ block: "center" });
}

// Enter on a row opens its trace, or else its details.
function openRow(row) {
  if (row.dataset.trace) location.hash = row.dataset.trace;
  else $("details", row).open = !$("details", row).open;
}

function setUpMatrix() {
  if (!$("#checks")) return;
  $("#filter-form").hidden = false;
  $("#filter-form").addEventListener("submit", (event) => event.preventDefault());
  $("#filter").addEventListener("input", filterMatrix);
  for (const button of $$("[data-only]")) {
    button.addEventListener("click", () => {
      matrix.only = button.dataset.only;
      for (const one of $$("[data-only]")) one.setAttribute("aria-pressed", String(one === button));
      filterMatrix();
    });
  }
}
