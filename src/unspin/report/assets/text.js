// Draws an article's text, a screenful at a time, with its items marked.

const FIRST = 60000; // characters drawn at once; more follow as they are scrolled to
const LONGEST = 3000; // a longer paragraph is cut for the browser's sake

let current = null; // the selected item
let drawing = null; // the article being drawn, and how far

function element(name, classes, text) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(text, action, classes) {
  const made = element("button", classes, text);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

function percent(value) {
  return Math.round(value * 100) + " %";
}

// The article as blocks: lists of strings and items, cut at blank lines.
function* blocks(article) {
  let block = [], size = 0;
  for (let at = 0; at < article.gaps.length; at++) {
    const gap = article.gaps[at].replace(/\r\n?/g, "\n");
    let position = 0;
    const breaks = /\n[^\S\n]*\n\s*/g;
    for (;;) {
      const found = breaks.exec(gap);
      const end = found ? found.index : gap.length;
      while (position < end) {
        let stop = Math.min(end, position + LONGEST);
        if (stop < end) {
          const space = gap.lastIndexOf(" ", stop);
          if (space > position) stop = space + 1;
          else if (/[\udc00-\udfff]/.test(gap.charAt(stop))) stop += 1;
        }
        block.push(gap.slice(position, stop));
        size += stop - position;
        position = stop;
        if (position < end || size >= LONGEST) {
          yield block;
          block = [];
          size = 0;
        }
      }
      if (!found) break;
      if (block.length) yield block;
      block = [];
      size = 0;
      position = found.index + found[0].length;
    }
    if (at < article.items.length) {
      block.push(article.items[at]);
      size += article.items[at].before.length;
    }
  }
  if (block.length) yield block;
}

function drawArticle(article, main) {
  for (const item of article.items) item.elements = [];
  main.replaceChildren();
  const sides = document.body.dataset.view === "sides";
  const holder = element("article", sides ? "prose sides" : "prose");
  holder.lang = "en";
  if (sides) {
    const head = element("div", "row heads");
    head.append(element("h2", "", "Spun, as found"), element("h2", "", "Restored, as decided"));
    holder.append(head);
  }
  const more = element("div", "more");
  main.append(holder, more);
  drawing = { article, holder, more, source: blocks(article), sides, done: false, drawnTo: -1 };
  drawMore();
  new IntersectionObserver((entries, watcher) => {
    if (!more.isConnected) return watcher.disconnect();
    if (entries.some((entry) => entry.isIntersecting)) drawMore();
    if (drawing.done) watcher.disconnect();
  }, { rootMargin: "1500px" }).observe(more);
}

function drawMore(until = -1) {
  const part = document.createDocumentFragment();
  let size = 0;
  while (!drawing.done && (size < FIRST || drawing.drawnTo < until)) {
    const { value: block, done } = drawing.source.next();
    if (done) {
      drawing.done = true;
      drawing.more.remove();
      break;
    }
    for (const piece of block) size += typeof piece === "string" ? piece.length : 40;
    part.append(drawing.sides ? sidesRow(block) : inlineRow(block));
  }
  drawing.holder.append(part);
}

function inlineRow(block) {
  const row = element("p", "row");
  row.dir = "auto";
  for (const piece of block) row.append(typeof piece === "string" ? piece : mark(piece, "both"));
  return row;
}

function sidesRow(block) {
  const row = element("div", "row");
  const cells = [element("p", "spun"), element("p", "restored")];
  for (const piece of block) {
    if (typeof piece === "string") cells.forEach((cell) => cell.append(piece));
    else cells.forEach((cell, n) => cell.append(mark(piece, n ? "after" : "before")));
  }
  cells.forEach((cell) => { cell.dir = "auto"; });
  row.append(...cells);
  return row;
}

function mark(item, side) {
  drawing.drawnTo = item.at;
  const made = element("span");
  made.dataset.side = side;
  made.item = item;
  made.tabIndex = -1;
  made.setAttribute("role", "button");
  if (side !== "after") made.append(element("del", "", item.before));
  if (side === "both") made.append(element("span", "gap", " "));
  if (side !== "before") made.append(element("ins"));
  made.addEventListener("click", () => select(item, { open: true }));
  item.elements.push(made);
  refresh(item);
  return made;
}

// What stands there now: the choice, or while it is open the proposal.
function outcome(item) {
  if (item.state === ACCEPTED) return item.choice;
  if (item.state === OPEN && item.level === "edit") return item.after;
  return null;
}

function refresh(item) {
  const now = outcome(item);
  const sure = [0.5, 0.7, 0.85, 0.95].filter((floor) => item.confidence >= floor).length;
  const classes = ["item", item.level, item.state, "c" + sure];
  if (!shown(item)) classes.push("out");
  if (item === current) classes.push("current");
  if (now === "") classes.push("deletes");
  const states = { open: "open", accepted: "accepted", rejected: "left as written" };
  const about = `${item.level === "edit" ? "proposal" : item.level}, ${percent(item.confidence)}, ${states[item.state]}`;
  for (const made of item.elements) {
    made.className = classes.join(" ");
    made.tabIndex = item === current && made.dataset.side !== "after" ? 0 : -1;
    if (item === current) made.setAttribute("aria-current", "true");
    else made.removeAttribute("aria-current");
    // The name of the place begins with the words that are seen there.
    const seen = made.dataset.side === "before" || (made.dataset.side === "both" && item.state !== ACCEPTED);
    const words = [seen ? item.before : "", made.dataset.side === "before" ? "" : now ?? ""].filter(Boolean).join(" ");
    const named = item.state === ACCEPTED && !seen ? `for “${item.before}”, ` : "";
    made.setAttribute("aria-label", `${words || item.before}, ${named}${about}`);
    const ins = made.querySelector("ins");
    if (!ins) continue;
    const alone = made.dataset.side === "after" && now === null;
    ins.textContent = alone ? item.before : now === "" ? "⌫" : now ?? "";
    ins.hidden = ins.textContent === "";
    const gap = made.querySelector(".gap");
    if (gap) gap.hidden = ins.hidden || item.state !== OPEN;
  }
}

function select(item, { open = false, scroll = true } = {}) {
  const previous = current;
  current = item;
  if (previous) refresh(previous);
  if (!item) {
    drawPanel(null);
    return;
  }
  if (item.article !== drawing?.article) return;
  if (drawing.drawnTo < item.at) drawMore(item.at);
  refresh(item);
  const target = item.elements[0];
  target.focus({ preventScroll: true });
  drawPanel(item, open);
  if (scroll) target.scrollIntoView({ block: "center", behavior: "auto" });
}

// The next or previous item that the filter shows, from the current one on.
function step(direction, onlyOpen = false) {
  const items = drawing.article.items;
  let at = current && current.article === drawing.article ? current.at : direction > 0 ? -1 : items.length;
  for (at += direction; at >= 0 && at < items.length; at += direction) {
    if (shown(items[at]) && (!onlyOpen || items[at].state === OPEN)) return items[at];
  }
  return null;
}
