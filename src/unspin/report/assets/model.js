// The articles, what was decided, and what is saved of it. Nothing here draws.

const data = JSON.parse(document.getElementById("data").textContent);
const files = data.files;
const articles = data.articles;
const LEVELS = { edit: "edits", suggestion: "suggestions", finding: "findings" };
const OPEN = "open", ACCEPTED = "accepted", REJECTED = "rejected";

const pairs = data.pairs; // substitutions that stand in several places
const undone = [];
const filter = { floor: 0, kinds: new Set(), levels: new Set(), state: "all" };

articles.forEach((article, number) => {
  article.number = number;
  article.items = null;
  article.name = files[article.file].path + (article.id ? ":" + article.id : "")
    + (article.field && article.id ? " " + article.field : "");
});
for (const pair of pairs) pair.items = [];

// An article's text and items, parsed when they are first needed.
function load(article) {
  if (article.items) return article;
  Object.assign(article, JSON.parse(document.getElementById("article-" + article.number).textContent));
  article.items.forEach((item, at) => {
    item.article = article;
    item.at = at;
    item.state = OPEN;
    item.choice = null;
    item.everywhere = false;
    item.elements = [];
    if (item.pair !== null) pairs[item.pair].items.push(item);
  });
  return article;
}

function allItems() {
  return articles.flatMap((article) => load(article).items);
}

// The items of a substitution, wherever it stands.
function everyPlace(pair) {
  if (pair.items.length < pair.places) articles.forEach(load);
  return pair.items;
}

function sameItems(item) {
  return item.pair === null ? [item] : everyPlace(pairs[item.pair]);
}

// What can stand in place of an item's words: the proposal first.
function readings(item) {
  const found = item.after === null ? [] : [[item.after, item.confidence]];
  for (const option of item.options) {
    if (!found.some(([text]) => text === option[0])) found.push(option);
  }
  return found.slice(0, 9);
}

// Whether a text can be written back where markup runs through the words.
function fits(item, text) {
  if (!item.article.raw || item.raw.length === 1) return true;
  return item.raw.length > 0 && text.split(" ").length === item.raw.length;
}

function shown(item) {
  if (item.confidence * 100 < filter.floor) return false;
  if (filter.kinds.has(item.kind) || filter.levels.has(item.level)) return false;
  return filter.state === "all" || (filter.state === "open") === (item.state === OPEN);
}

// A first letter as the place has it: "Mature" takes what was chosen for "mature".
function cased(choice, from, to) {
  const a = from.charAt(0), b = to.charAt(0), c = choice.charAt(0);
  if (a === a.toLowerCase() && b !== b.toLowerCase()) return c.toUpperCase() + choice.slice(1);
  if (a !== a.toLowerCase() && b === b.toLowerCase() && choice.slice(1) === choice.slice(1).toLowerCase()) {
    return c.toLowerCase() + choice.slice(1);
  }
  return choice;
}

// Changes items together, so that one undo takes them back; returns those changed.
function decide(changes) {
  const before = [];
  for (const [item, state, choice, everywhere] of changes) {
    if (state === ACCEPTED && (choice === null || !fits(item, choice))) continue;
    if (item.state === state && item.choice === choice && item.everywhere === everywhere) continue;
    before.push([item, item.state, item.choice, item.everywhere]);
    Object.assign(item, { state, choice, everywhere });
  }
  if (before.length) undone.push(before);
  keep();
  return before.map(([item]) => item);
}

function undo() {
  const before = undone.pop() || [];
  for (const [item, state, choice, everywhere] of before) {
    Object.assign(item, { state, choice, everywhere });
  }
  keep();
  return before.map(([item]) => item);
}

// How many edits are there, and what became of them. Suggestions and findings
// count once they are decided.
function counts(chosen) {
  const found = { total: 0, accepted: 0, rejected: 0, open: 0 };
  for (const article of chosen) {
    if (!article.items) {
      found.total += article.edits;
      found.open += article.edits;
      continue;
    }
    for (const item of article.items) {
      if (item.level !== "edit" && item.state === OPEN) continue;
      found.total += 1;
      found[item.state] += 1;
    }
  }
  return found;
}

// --- What stays in the browser ---------------------------------------------

const STORE = "unspin-review-" + data.key;
let keeping = 0;

function keep() {
  clearTimeout(keeping);
  keeping = setTimeout(keepNow, 200);
}

function keepNow() {
  const kept = [];
  for (const article of articles) {
    for (const item of article.items || []) {
      if (item.state !== OPEN) kept.push([article.number, item.at, item.state, item.choice, item.everywhere]);
    }
  }
  try {
    localStorage.setItem(STORE, JSON.stringify(kept));
  } catch {
    // Private windows have no store; the decisions still live as long as the page.
  }
}

function recall() {
  let kept = [];
  try {
    kept = JSON.parse(localStorage.getItem(STORE) || "[]");
  } catch {
    return;
  }
  for (const [number, at, state, choice, everywhere] of kept) {
    const item = articles[number] && load(articles[number]).items[at];
    if (item) Object.assign(item, { state, choice, everywhere });
  }
}

// --- Files -------------------------------------------------------------------

function decisionsDocument() {
  const wanted = [];
  files.forEach((file, number) => {
    const decided = [];
    for (const article of articles) {
      if (article.file !== number || !article.items) continue;
      const decisions = article.items.filter((item) => item.state !== OPEN).map((item) => ({
        start: item.start,
        end: item.end,
        before: item.before,
        after: item.state === ACCEPTED ? item.choice : item.before,
        decision: item.state,
        proposed: item.after,
        confidence: item.confidence,
        kind: item.kind,
        everywhere: item.everywhere,
      }));
      if (decisions.length) decided.push({ id: article.id, field: article.field, decisions });
    }
    if (decided.length) {
      wanted.push({ path: file.path, sha256: file.sha256, encoding: file.asked, articles: decided });
    }
  });
  return { type: "decisions", version: 1, unspin: data.version, files: wanted };
}

function escaped(text, markup) {
  if (markup !== "html") return text;
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

// The article as it was read, markup and all, with the accepted edits made.
function decidedText(article) {
  const markup = files[article.file].markup;
  const parts = article.raw || article.gaps;
  let text = parts[0], gap = 1;
  for (const item of article.items) {
    const old = article.raw ? item.raw : [item.before];
    const words = item.before.split(" ");
    const chosen = item.state !== ACCEPTED ? null : old.length > 1 ? item.choice.split(" ") : [item.choice];
    old.forEach((word, n) => {
      const stays = chosen === null || (old.length > 1 && chosen[n] === words[n]);
      text += (stays ? word : escaped(chosen[n], markup)) + parts[gap];
      gap += 1;
    });
  }
  return text;
}

// The bytes of a text in a file's encoding. Bytes that were no UTF-8 are lone
// surrogates in the text and become bytes again.
function encoded(text, file) {
  const wide = file.codec === "utf-16-le" || file.codec === "utf-16-be";
  if (wide) {
    const view = new DataView(new ArrayBuffer(2 * text.length + 2));
    const little = file.codec === "utf-16-le";
    view.setUint16(0, 0xfeff, little);
    for (let n = 0; n < text.length; n++) view.setUint16(2 * n + 2, text.charCodeAt(n), little);
    return [new Uint8Array(view.buffer, file.bom ? 0 : 2)];
  }
  const parts = file.bom ? [new Uint8Array([0xef, 0xbb, 0xbf])] : [];
  const encoder = new TextEncoder();
  const lone = /(?<![\ud800-\udbff])[\udc80-\udcff]/g;
  let position = 0;
  for (const match of text.matchAll(lone)) {
    parts.push(encoder.encode(text.slice(position, match.index)));
    parts.push(new Uint8Array([match[0].charCodeAt(0) - 0xdc00]));
    position = match.index + 1;
  }
  parts.push(encoder.encode(text.slice(position)));
  return parts;
}

function download(name, parts, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function saveDecisions() {
  download("decisions.json", [JSON.stringify(decisionsDocument(), null, 1) + "\n"], "application/json");
}

function saveText(article) {
  const file = files[article.file];
  const base = file.path.split("/").pop();
  const name = article.id ? base + "." + article.id + ".txt" : base;
  download(name, encoded(decidedText(article), file), "application/octet-stream");
}
