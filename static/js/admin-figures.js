// Draws the charts of the figures. Each stands beside its table, which says the same without this script.
"use strict";

(() => {
  // Told apart by lightness as well; the first is the pages' own colour.
  const LIGHT = ["#0b5f59", "#c2410c", "#7c8b99"];
  const DARK = ["#63d0c3", "#fdba74", "#aab7c2"];
  const drawn = [];

  function draw(box) {
    const told = JSON.parse(document.getElementById(box.dataset.chart).textContent);
    const dark = document.documentElement.classList.contains("dark");
    const ink = dark ? "#e5e7eb" : "#1f2937";
    const grid = dark ? "#374151" : "#e5e7eb";
    const colours = dark ? DARK : LIGHT;
    const across = told.kind === "across";
    const axis = { ticks: { color: ink }, grid: { color: grid } };
    const counted = { ...axis, beginAtZero: true };
    return new Chart(box.querySelector("canvas"), {
      type: told.kind === "line" ? "line" : "bar",
      data: {
        labels: told.labels,
        datasets: told.series.map((series, at) => ({
          label: series.label, data: series.values.map((value) => (value === null ? null : Number(value))), backgroundColor: colours[at], borderColor: colours[at],
          borderWidth: told.kind === "line" ? 2 : 0, spanGaps: true,
        })),
      },
      options: {
        animation: false, maintainAspectRatio: false, indexAxis: across ? "y" : "x",
        scales: across ? { x: counted, y: axis } : { x: axis, y: counted },
        plugins: { legend: { display: told.series.length > 1, labels: { color: ink } } },
      },
    });
  }

  function all() {
    while (drawn.length) drawn.pop().destroy();
    for (const box of document.querySelectorAll("[data-chart]")) drawn.push(draw(box));
  }

  all();
  // Light and dark are switched without a reload.
  new MutationObserver(all).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
})();
