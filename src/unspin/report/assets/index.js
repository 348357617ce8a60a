// Several articles: scores, their histogram, the most frequent substitutions.

const SVG = "http://www.w3.org/2000/svg";
const SHOWN_PAIRS = 40;

function shape(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function drawIndex(main) {
  drawing = null;
  main.replaceChildren();
  const top = element("div", "overview");
  top.append(scores(), frequent());
  main.append(top, articleTable());
}

function scores() {
  const box = element("section", "card");
  box.append(element("h2", "", "How spun they are"));
  const bins = new Array(20).fill(0);
  for (const article of articles) bins[Math.min(19, Math.floor(article.score * 20))] += 1;
  const most = Math.max(...bins);
  const chart = shape("svg", { viewBox: "0 0 420 150", role: "img", class: "chart" });
  const label = bins.map((n, at) => n && `${n} from ${at * 5} to ${at * 5 + 5} %`).filter(Boolean).join(", ");
  chart.append(shape("title", {}, "Articles by spin score: " + label));
  bins.forEach((n, at) => {
    const height = n ? Math.max(2, (n / most) * 105) : 0;
    chart.append(shape("rect", { x: at * 21 + 1, y: 120 - height, width: 19, height, rx: 2, class: at >= 10 ? "bar spun" : "bar" }));
    if (n) chart.append(shape("text", { x: at * 21 + 10.5, y: 114 - height, class: "value" }, n));
  });
  chart.append(shape("line", { x1: 0, x2: 420, y1: 120.5, y2: 120.5, class: "axis" }));
  for (const tick of [0, 0.5, 1]) {
    chart.append(shape("text", { x: tick * 420, y: 138, class: tick ? tick === 1 ? "tick end" : "tick middle" : "tick" }, tick.toFixed(1)));
  }
  box.append(chart, element("p", "small", "Articles by spin score; from 0.5 on an article counts as spun."));
  return box;
}

function frequent() {
  const box = element("section", "card");
  box.append(element("h2", "", "Most frequent substitutions"));
  const holder = element("div", "scroll");
  const table = element("table", "pairs");
  for (const pair of pairs.filter((one) => one.edits > 0).slice(0, SHOWN_PAIRS)) {
    const row = element("tr");
    const cell = element("td");
    cell.append(quoted("del", pair.before), " → ", quoted("ins", pair.after || "(nothing)"));
    const act = element("td", "both");
    const decided = () => {
      const states = new Set(pair.items.map((item) => item.state));
      if (pair.items.length < pair.places) states.add(OPEN);
      act.dataset.state = states.size === 1 ? [...states][0] : "";
    };
    const all = (state) => {
      decide(everyPlace(pair).map((item) => [item, state, state === ACCEPTED ? item.after : null, true]));
      decided();
      progress();
    };
    const yes = button("Accept", () => all(ACCEPTED), "quiet yes");
    const no = button("Reject", () => all(REJECTED), "quiet no");
    yes.setAttribute("aria-label", `Accept ${pair.before} to ${pair.after} everywhere`);
    no.setAttribute("aria-label", `Reject ${pair.before} to ${pair.after} everywhere`);
    act.append(yes, no);
    decided();
    row.append(element("td", "number", pair.edits.toLocaleString("en") + " ×"), cell, act);
    table.append(row);
  }
  holder.append(table);
  box.append(holder);
  if (!table.children.length) box.append(element("p", "small", "No substitution stands in two places."));
  return box;
}

function articleTable() {
  const box = element("section", "card");
  box.append(element("h2", "", "Articles"));
  const table = element("table", "articles");
  const head = element("tr");
  const body = element("tbody");
  const columns = [
    ["Article", (a) => a.name], ["Spin score", (a) => -a.score], ["Words changed", (a) => -a.rate],
    ["Family", (a) => a.family || "~"], ["Words", (a) => -a.words],
    ["Edits", (a) => -counts([a]).total], ["Decided", (a) => counts([a]).open - counts([a]).total],
  ];
  const fill = (order) => {
    const sorted = articles.map((article) => [order(article), article]);
    sorted.sort(([x, a], [y, b]) => (x < y ? -1 : x > y ? 1 : a.number - b.number));
    body.replaceChildren(...sorted.map(([, article]) => articleRow(article)));
  };
  for (const [name, order] of columns) {
    const cell = element("th");
    cell.scope = "col";
    if (!["Article", "Spin score", "Family"].includes(name)) cell.className = "number";
    cell.append(button(name, () => {
      fill(order);
      for (const other of head.children) other.removeAttribute("aria-sort");
      cell.setAttribute("aria-sort", "ascending");
    }, "quiet"));
    head.append(cell);
  }
  const top = element("thead");
  top.append(head);
  table.append(top, body);
  fill(columns[1][1]);
  const holder = element("div", "scroll-x");
  holder.append(table);
  box.append(holder);
  return box;
}

function articleRow(article) {
  const row = element("tr");
  const name = element("th");
  name.scope = "row";
  const link = element("a");
  link.href = "#" + (article.number + 1);
  link.append(element("bdi", "", article.name));
  name.append(link);
  const score = element("td");
  const bar = element("span", "score" + (article.spun ? " spun" : ""));
  bar.append(element("i"));
  bar.firstChild.style.width = article.score * 100 + "%";
  score.append(bar, element("span", "number", article.score.toFixed(2)));
  const found = counts([article]);
  const done = found.total ? percent((found.total - found.open) / found.total) : "–";
  row.append(name, score, element("td", "number", article.spun ? percent(article.rate) : "–"),
    element("td", "", article.family || "–"), element("td", "number", article.words.toLocaleString("en")),
    element("td", "number", String(found.total)), element("td", "number", done));
  return row;
}
