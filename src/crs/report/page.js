"use strict";

// A click on a heading sorts its table: by the number a cell stands for, or by its text.
function value(row, column) {
  const cell = row.cells[column];
  return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
}

function compare(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), undefined, { numeric: true });
}

function sort(heading) {
  const table = heading.closest("table");
  const headings = [...heading.parentElement.children];
  const column = headings.indexOf(heading);
  const first = heading.classList.contains("number") ? "descending" : "ascending";
  const second = first === "ascending" ? "descending" : "ascending";
  const order = heading.getAttribute("aria-sort") === first ? second : first;
  headings.forEach((other) => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", order);
  const sign = order === "ascending" ? 1 : -1;
  const rows = [...table.tBodies[0].rows];
  const empty = (row) => value(row, column) === "–";
  rows.sort((a, b) => empty(a) - empty(b) || sign * compare(value(a, column), value(b, column)));
  table.tBodies[0].append(...rows);
}

document.querySelectorAll("th button").forEach((button) => {
  button.addEventListener("click", () => sort(button.parentElement));
});

// Charts take the colours of the page, light or dark.
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function colours() {
  const style = getComputedStyle(document.documentElement);
  const [ink, line, paper] = ["--ink", "--line", "--paper"].map((n) => style.getPropertyValue(n).trim());
  return { ink, line, paper };
}

function styled(layout) {
  const { ink, line, paper } = colours();
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
  const menus = (layout.updatemenus || []).map((menu) => ({
    ...menu, bgcolor: paper, bordercolor: line, font: { color: ink },
  }));
  return {
    margin: { l: 60, r: 20, t: 20, b: 50 },
    hovermode: "closest",
    height: 380,
    ...layout,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 13, color: ink },
    hoverlabel: { bgcolor: paper, bordercolor: line, font: { color: ink } },
    legend: { orientation: "h", y: -0.25 },
    xaxis: { ...axis, ...layout.xaxis },
    yaxis: { ...axis, ...layout.yaxis },
    updatemenus: menus,
  };
}

function draw() {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  charts.forEach((chart, number) => {
    const place = document.getElementById(`chart-${number}`);
    // plotly.js has buttons that send a chart to a host; here there is one, and none of those.
    const options = { displaylogo: false, responsive: true, modeBarButtons: [["toImage"]] };
    Plotly.react(place, chart.data, styled(chart.layout), options);
  });
}

draw();
dark.addEventListener("change", draw);
