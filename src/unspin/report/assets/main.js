// What keys, buttons and the address do.

const main = document.getElementById("main");
const help = document.getElementById("help");
const several = articles.length > 1;

function say(text) {
  document.getElementById("said").textContent = text;
}

function progress() {
  const found = counts(drawing ? [drawing.article] : articles);
  const meter = document.getElementById("meter");
  meter.setAttribute("aria-valuemax", String(found.total));
  meter.setAttribute("aria-valuenow", String(found.total - found.open));
  meter.children[0].style.width = (found.total ? (found.accepted / found.total) * 100 : 0) + "%";
  meter.children[1].style.width = (found.total ? (found.rejected / found.total) * 100 : 0) + "%";
  const hidden = drawing ? drawing.article.items.filter((item) => !shown(item)).length : 0;
  document.getElementById("counts").textContent =
    `${found.total} edits: ${found.accepted} accepted, ${found.rejected} rejected, ${found.open} open`
    + (hidden ? `; ${hidden} hidden by the filter` : "");
}

function redraw(items) {
  for (const item of items) refresh(item);
  progress();
}

// Takes a reading of the current item, or with null leaves it as written.
function take(item, choice) {
  redraw(decide([[item, choice === null ? REJECTED : ACCEPTED, choice, false]]));
  goOn(item);
}

function act(state, everywhere = false) {
  const item = current;
  if (!item || (state === ACCEPTED && item.after === null)) return;
  const items = everywhere ? sameItems(item) : [item];
  // What was picked here before is what is accepted everywhere.
  const picked = everywhere && item.state === ACCEPTED ? item.choice : item.after;
  const changed = decide(items.map((one) => [
    one, state, state === ACCEPTED ? (one === item ? picked : picked === item.after ? one.after : cased(picked, item.before, one.before)) : null, everywhere,
  ]));
  redraw(changed);
  if (everywhere) say(`${changed.length} places ${state}`);
  goOn(item);
}

function goOn(item) {
  const next = step(1, true);
  if (next) select(next);
  else {
    select(item);
    const left = item.article.items.filter((one) => one.level === "edit" && one.state === OPEN).length;
    say(left ? `End of the article, ${left} still open` : "Everything in this article is decided");
  }
}

function takeBack() {
  const items = undo();
  redraw(items);
  const here = items.find((item) => drawing && item.article === drawing.article);
  if (here) select(here);
  say(items.length ? `Undone: ${items.length}` : "Nothing to undo");
  if (!drawing) drawIndex(main);
}

function allShown(state) {
  const items = drawing ? drawing.article.items : allItems();
  const wanted = items.filter((item) => shown(item) && item.state === OPEN && item.after !== null);
  const changed = decide(wanted.map((item) => [item, state, state === ACCEPTED ? item.after : null, false]));
  redraw(changed);
  if (current) drawPanel(current);
  if (!drawing) drawIndex(main);
  say(`${changed.length} ${state}`);
}

// --- Where we are --------------------------------------------------------------

function show() {
  const number = several ? Number(location.hash.slice(1)) : 1;
  const article = articles[number - 1];
  current = null;
  document.body.classList.remove("opened");
  document.body.dataset.page = article ? "article" : "index";
  document.getElementById("to-index").hidden = !several || !article;
  document.getElementById("title").replaceChildren(element("bdi", "", article ? article.name : `${articles.length} articles`));
  const spun = articles.filter((one) => one.spun).length;
  document.getElementById("verdict").textContent = article ? article.verdict : `${spun} spun, ${articles.length - spun} clean`;
  if (article) drawArticle(load(article), main);
  else drawIndex(main);
  drawPanel(null);
  progress();
  scrollTo(0, 0);
}

function neighbour(direction) {
  const number = Number(location.hash.slice(1)) + direction;
  if (several && articles[number - 1]) location.hash = "#" + number;
}

function setView(view) {
  document.body.dataset.view = view;
  document.getElementById("view-inline").setAttribute("aria-pressed", String(view === "inline"));
  document.getElementById("view-sides").setAttribute("aria-pressed", String(view === "sides"));
  if (!drawing) return;
  const item = current;
  drawArticle(drawing.article, main);
  if (item) select(item);
}

function toggleFilter() {
  const box = document.getElementById("filters");
  box.hidden = !box.hidden;
  document.getElementById("filter-button").setAttribute("aria-expanded", String(!box.hidden));
  if (!box.hidden) document.getElementById("floor").focus();
}

function choiceBoxes(place, values, names, off) {
  const holder = document.getElementById(place);
  for (const value of values) {
    const label = element("label");
    const box = element("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => {
      if (box.checked) off.delete(value);
      else off.add(value);
      refilter();
    });
    label.append(box, " " + names(value));
    holder.append(label);
  }
  holder.hidden = values.length < 2;
}

function refilter() {
  if (drawing) for (const item of drawing.article.items) if (item.elements.length) refresh(item);
  progress();
}

// --- Keys ----------------------------------------------------------------------

const KEYS = {
  j: () => drawing && select(step(1) || current),
  k: () => drawing && select(step(-1) || current),
  a: () => act(ACCEPTED),
  r: () => act(REJECTED),
  A: () => act(ACCEPTED, true),
  R: () => act(REJECTED, true),
  u: takeBack,
  v: () => setView(document.body.dataset.view === "sides" ? "inline" : "sides"),
  f: toggleFilter,
  i: () => { if (several) location.hash = ""; },
  s: saveDecisions,
  "[": () => neighbour(-1),
  "]": () => neighbour(1),
  "?": () => help.showModal(),
  e: () => {
    if (!current) return;
    document.body.classList.add("opened");
    document.getElementById("own").focus();
  },
  Enter: () => {
    if (!current) return;
    document.body.classList.add("opened");
    panel.querySelector(".choices button")?.focus();
  },
  Escape: () => {
    if (document.body.classList.contains("opened")) {
      document.body.classList.remove("opened");
      current?.elements[0]?.focus();
    } else select(null);
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  const inside = event.target.closest?.("input, select, textarea");
  if (inside && event.key !== "Escape" && (inside.type !== "checkbox" || event.key === "Enter")) return;
  if (event.key === "Enter" && event.target.closest?.("button, a")) return;
  if (event.key === " " && event.target.item) {
    event.preventDefault();
    select(event.target.item, { open: true });
  } else if (/^[1-9]$/.test(event.key) && current) {
    const reading = readings(current)[Number(event.key) - 1];
    if (reading && fits(current, reading[0])) take(current, reading[0]);
  } else if (Object.hasOwn(KEYS, event.key)) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

function on(id, action) {
  document.getElementById(id).addEventListener("click", action);
}

on("to-index", () => { location.hash = ""; });
on("view-inline", () => setView("inline"));
on("view-sides", () => setView("sides"));
on("filter-button", toggleFilter);
on("save-decisions", saveDecisions);
on("save-text", () => drawing && saveText(drawing.article));
on("help-button", () => help.showModal());
on("accept-shown", () => allShown(ACCEPTED));
on("reject-shown", () => allShown(REJECTED));
on("theme", () => {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
});
document.getElementById("floor").addEventListener("input", (event) => {
  filter.floor = Number(event.target.value);
  document.getElementById("floor-value").textContent = filter.floor + " %";
  refilter();
});
document.getElementById("state-choice").addEventListener("change", (event) => {
  filter.state = event.target.value;
  refilter();
});
addEventListener("hashchange", show);
addEventListener("pagehide", keepNow);

choiceBoxes("level-choice", Object.keys(LEVELS), (level) => LEVELS[level], filter.levels);
choiceBoxes("kind-choice", data.kinds, (kind) => kind, filter.kinds);
recall();
document.body.dataset.view = "inline";
show();
