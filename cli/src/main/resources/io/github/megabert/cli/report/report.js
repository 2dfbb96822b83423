// Draws the curves: [{title, series: [{label, x, y}]}].
const charts = JSON.parse(document.getElementById("curves").textContent);
const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colours = ["--first", "--second"];
const number = (value) =>
  value === null || value === undefined
    ? "–"
    : value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)
      ? value.toExponential(2)
      : String(Number(value.toPrecision(5)));

const drawn = [];
for (const chart of charts) {
  const series = chart.series.filter((one) => one.x.length > 0);
  if (series.length === 0) {
    continue;
  }
  const card = document.createElement("div");
  card.className = "chart";
  const title = document.createElement("h2");
  title.textContent = chart.title;
  card.append(title);
  document.getElementById("charts").append(card);
  const data = uPlot.join(series.map((one) => [one.x, one.y]));
  const axis = {
    stroke: colour("--faint"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
  };
  const options = {
    width: card.clientWidth - 32,
    height: 230,
    scales: { x: { time: false } },
    axes: [axis, { ...axis, size: 64, values: (_, ticks) => ticks.map(number) }],
    series: [
      { label: "step" },
      ...series.map((one, i) => ({
        label: one.label,
        stroke: colour(colours[i]),
        width: 2,
        spanGaps: true,
        points: { show: one.x.length < 40 },
        value: (_, value) => number(value),
      })),
    ],
  };
  drawn.push({ plot: new uPlot(options, data, card), card });
}
addEventListener("resize", () => {
  for (const { plot, card } of drawn) {
    plot.setSize({ width: card.clientWidth - 32, height: 230 });
  }
});
