// Evidence, alternatives and decisions of the selected item.

const panel = document.getElementById("panel");

function drawPanel(item, open = false) {
  panel.replaceChildren();
  panel.hidden = !item && !drawing?.article.items.length;
  panel.classList.toggle("hint", !item);
  if (!item) {
    const line = element("p");
    line.append("Press ", element("kbd", "", "j"), " or click a shaded phrase to see why it was changed and to decide. ",
      element("kbd", "", "?"), " lists all keys.");
    panel.append(line);
    return;
  }
  if (open) document.body.classList.add("opened");
  const head = element("div", "panel-head");
  const title = element("h2");
  title.append(quoted("del", item.before));
  const now = item.state === ACCEPTED ? item.choice : item.after;
  if (now !== null) title.append(" → ", quoted("ins", now === "" ? "(nothing)" : now));
  head.append(title, button("×", () => { document.body.classList.remove("opened"); select(null); }, "quiet icon close"));
  head.lastChild.setAttribute("aria-label", "Close");
  panel.append(head);
  const state = { open: "open", accepted: "accepted", rejected: "left as written" }[item.state];
  const badge = element("p", "facts");
  badge.append(element("span", "badge " + item.state, state), ` ${item.kind} · ${item.level === "edit" ? "confidence" : item.level + ","} ${percent(item.confidence)}`);
  panel.append(badge, actions(item), choices(item));
  panel.append(evidence(item));
}

function quoted(name, text) {
  const made = element(name, "", text);
  made.dir = "auto";
  return made;
}

function choices(item) {
  const list = element("ol", "choices");
  readings(item).forEach(([text, confidence], n) => {
    const made = button("", () => take(item, text));
    const chosen = item.state === ACCEPTED && item.choice === text;
    made.setAttribute("aria-pressed", String(chosen));
    made.disabled = !fits(item, text);
    if (made.disabled) made.title = "Markup runs through these words: it cannot be written there";
    made.append(element("kbd", "", String(n + 1)), element("span", "word", text === "" ? "(nothing)" : text));
    const share = element("span", "share");
    if (confidence > 0) {
      const track = element("span", "track");
      track.append(element("i"));
      track.firstChild.style.width = Math.max(3, confidence * 100) + "%";
      share.append(track, element("small", "", percent(confidence)));
    }
    made.append(share);
    const entry = element("li");
    entry.append(made);
    list.append(entry);
  });
  const entry = element("li");
  const stay = button("", () => take(item, null));
  stay.setAttribute("aria-pressed", String(item.state === REJECTED));
  stay.append(element("kbd", "", "r"), element("span", "word", item.before), element("span", "share", "as written"));
  entry.append(stay);
  list.append(entry);
  const own = element("form", "own");
  const field = element("input");
  field.type = "text";
  field.id = "own";
  field.placeholder = "your own wording (e)";
  field.setAttribute("aria-label", "Your own wording");
  field.autocomplete = "off";
  own.append(field, element("button", "", "Take it"));
  own.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value && fits(item, field.value)) take(item, field.value);
    else field.setAttribute("aria-invalid", "true");
  });
  const last = element("li");
  last.append(own);
  list.append(last);
  return list;
}

function actions(item) {
  const box = element("div", "actions");
  const accept = button("Accept", () => act(ACCEPTED), "yes");
  accept.disabled = item.after === null || !fits(item, item.after);
  box.append(accept, button("Reject", () => act(REJECTED), "no"));
  if (item.pair !== null) {
    const { places, articles: spread } = pairs[item.pair];
    const where = `all ${places}` + (spread > 1 ? ` in ${spread} articles` : " places");
    const wide = element("div", "everywhere");
    const all = button("Accept " + where, () => act(ACCEPTED, true), "yes");
    all.disabled = accept.disabled;
    wide.append(all, button("Reject " + where, () => act(REJECTED, true), "no"));
    box.append(wide);
  }
  return box;
}

function evidence(item) {
  const box = element("section", "evidence");
  box.append(element("h3", "", "Evidence"));
  if (item.evidence.length) {
    const table = element("table");
    const most = Math.max(8, ...item.evidence.map(([, value]) => Math.abs(value)));
    for (const [name, value] of item.evidence) {
      const row = element("tr");
      const cell = element("td", "scale");
      const bar = element("i", value >= 0 ? "for" : "against");
      bar.style.width = (Math.abs(value) / most) * 50 + "%";
      cell.append(bar);
      row.append(element("th", "", name), cell, element("td", "number", (value >= 0 ? "+" : "−") + Math.abs(value).toFixed(2)));
      row.firstChild.scope = "row";
      table.append(row);
    }
    const caption = element("caption", "unseen", "nats against leaving the words as written");
    table.prepend(caption);
    box.append(table, element("p", "small", "Nats against leaving the words as written: right speaks for the change, left against it."));
  }
  const words = item.level === "finding" ? "It looks wrong here, but no reading was sure enough to propose."
    : item.level === "suggestion" ? "Below the confidence that is applied: a suggestion only." : "";
  if (words) box.append(element("p", "small", words));
  if (item.source) box.append(element("p", "small", `Proposed by: ${item.source}. The document: ${item.article.verdict}.`));
  for (const note of item.notes) box.append(element("p", "small", "Also here: " + note));
  return box;
}
