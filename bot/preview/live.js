// The served page: follows what is saved, edits texts, signs off. Needs the token of this start of the
// program, which stands behind the # of the address; it is kept for this tab and sent with each request
// that changes something.
const byId = (id) => document.getElementById(id);
const live = {
  version: document.body.dataset.version,
  token: "",
  begin() {
    const given = new URLSearchParams(location.hash.slice(1)).get("token");
    if (given) {
      sessionStorage.setItem("token", given);
      history.replaceState(null, "", location.pathname);
    }
    live.token = sessionStorage.getItem("token") ?? "";
    document.body.classList.toggle("may-edit", Boolean(live.token));
    const events = new EventSource("events");
    events.onopen = () => live.tell("Live: this page follows every file that is saved.");
    events.onerror = () => live.tell("Not live: the program that serves this page has stopped or can’t be reached.", true);
    events.onmessage = (event) => event.data !== live.version && live.update();
  },
  tell(words, isBad = false) {
    const state = byId("link-state");
    if (state.textContent !== words) state.textContent = words;
    state.classList.toggle("bad", isBad);
  },
  say(words) { byId("said").textContent = words; },

  // Following -------------------------------------------------------------------------------------
  async update() {
    const nonce = byId("style").nonce; // what is parsed below stands under this page's policy
    const answer = await fetch(`now?${new URLSearchParams({ nonce })}`);
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (next.body.dataset.version === live.version) return;
    const focused = document.activeElement;
    const atTop = scrollY < 8;
    const [anchor, top] = live.place();
    morph.changed = 0;
    document.title = next.title;
    for (const id of ["style", "sum", "filters", "main"]) morph.node(byId(id), next.getElementById(id));
    document.body.dataset.version = live.version = next.body.dataset.version;
    page.count();
    if (anchor?.isConnected && !atTop) scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
    const stale = byId("stale");
    const posts = `${morph.changed} ${morph.changed === 1 ? "post" : "posts"} changed`;
    live.tell(stale ? "Live, but what was saved last has errors: the top of the page says which." : `Updated: ${posts}.`, Boolean(stale));
    pane.follow();
  },
  place() { // something in sight, and where it is, so that it can be put there again
    for (const part of [0.35, 0.6, 0.85, 0.15]) {
      const seen = document.elementFromPoint(innerWidth / 2, innerHeight * part)?.closest("main [id]");
      if (seen) return [seen, seen.getBoundingClientRect().top];
    }
    return [null, 0];
  },
  async send(path, what) {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Token": live.token },
      body: JSON.stringify(what),
    });
    const said = await answer.json();
    if (!answer.ok && !said.conflict) throw new Error(said.error);
    return said;
  },
  async sign(posts) {
    const by = byId("signer").value.trim();
    if (!by) {
      live.say("Write your name first: a sign-off says whose it is.");
      byId("signer").focus();
      return;
    }
    const wanted = posts.filter((post) => post.classList.contains("open"));
    try {
      const said = await live.send("sign", { by, posts: wanted.map((post) => [post.dataset.id, post.dataset.key]) });
      live.say(`${said.signed} ${said.signed === 1 ? "post" : "posts"} signed off by ${by}.`);
    } catch (error) { live.say(error.message); }
  },
};

// Puts one state of the page in place of another, touching only what differs: whatever stays keeps what
// the browser knows of it, as open details, chosen filters, focus and loaded pictures.
const morph = {
  changed: 0,
  node(old, next) {
    if (old.nodeType === Node.ELEMENT_NODE) {
      if (old.isEqualNode(next)) return;
      if (old.localName === "article" && !morph.bare(old).isEqualNode(next)) morph.changed += 1;
      morph.attributes(old, next);
      morph.children(old, next);
    } else if (old.data !== next.data) old.data = next.data;
  },
  bare(node) { // without what a reader opened
    const copy = node.cloneNode(true);
    for (const details of copy.querySelectorAll("details[open]")) details.removeAttribute("open");
    return copy;
  },
  attributes(old, next) {
    if (old.id === "link-state") return;
    const kept = (name) => name === "nonce" || (name === "open" && old.localName === "details")
      || (name === "hidden" && ["count", "none-fits"].includes(old.id));
    for (const { name } of [...old.attributes]) if (!next.hasAttribute(name) && !kept(name)) old.removeAttribute(name);
    for (const { name, value } of next.attributes) {
      if (!kept(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
  },
  children(old, next) {
    if (old.id === "count" || old.id === "link-state") return; // what the scripts say themselves
    const wanted = [...next.childNodes];
    const ids = new Set(wanted.map((node) => node.id).filter(Boolean));
    const known = new Map();
    for (const child of [...old.childNodes]) {
      if (child.id && ids.has(child.id)) known.set(child.id, child);
      else if (child.id) child.remove();
    }
    let at = old.firstChild;
    for (const node of wanted) {
      const same = node.id ? known.get(node.id) : at && !at.id && at.nodeName === node.nodeName ? at : null;
      if (!same) old.insertBefore(document.importNode(node, true), at);
      else {
        if (same === at) at = at.nextSibling;
        else old.insertBefore(same, at);
        morph.node(same, node);
        continue;
      }
      if (node.localName === "article") morph.changed += 1;
    }
    while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
  },
};

// Editing -----------------------------------------------------------------------------------------
const pane = {
  box: byId("pane"), text: byId("pane-text"), what: byId("pane-what"),
  draft: null, timer: 0, turn: 0, loads: 0, theirs: null,
  get isDirty() { return pane.draft !== null && pane.text.value !== pane.draft.text; },
  async open(name) {
    const groups = await (await fetch("files")).json();
    pane.what.replaceChildren(...groups.map(([label, names]) => {
      const group = document.createElement("optgroup");
      group.label = label;
      group.append(...names.map(([value, shown]) => new Option(shown, value)));
      return group;
    }));
    pane.box.showModal();
    await pane.load(name || pane.what.value);
    pane.text.focus();
  },
  async fetch(name) {
    const answer = await fetch(`draft?${new URLSearchParams({ name })}`);
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error);
    return said;
  },
  async load(name) {
    const wanted = ++pane.loads;
    try {
      const draft = await pane.fetch(name);
      if (wanted === pane.loads) pane.take(draft); // unless another was chosen meanwhile
    } catch (error) { pane.state(error.message, true); }
  },
  take(draft) {
    pane.draft = draft;
    pane.what.value = draft.name;
    pane.text.value = draft.text;
    pane.draft.text = pane.text.value; // as a textarea gives it back
    const isTemplate = !draft.words;
    byId("pane-note").textContent = isTemplate ? draft.path
      : `${draft.path}: one short form a line, the longest first; … stands for words that are left out. The whole passage:`;
    byId("pane-words").hidden = isTemplate;
    byId("pane-words").textContent = draft.words;
    byId("pane-label").textContent = isTemplate ? "Template" : "Short forms";
    pane.settle();
    pane.state("");
    pane.attempt();
  },
  state(words, isBad = false) {
    const state = byId("pane-state");
    if (state.textContent !== words) state.textContent = words;
    state.classList.toggle("bad", isBad);
    byId("pane-save").disabled = byId("pane-undo").disabled = !pane.isDirty;
  },
  typed() {
    pane.state(pane.isDirty ? "Not saved yet." : "");
    clearTimeout(pane.timer);
    pane.timer = setTimeout(pane.attempt, 150);
  },
  async attempt() {
    const turn = ++pane.turn;
    try {
      const said = await live.send("try", { name: pane.draft.name, text: pane.text.value });
      if (turn !== pane.turn) return; // typed on meanwhile
      const next = new DOMParser().parseFromString(`<section>${said.html}</section>`, "text/html");
      morph.children(byId("pane-made"), next.querySelector("section"));
      byId("pane-made").dataset.of = pane.text.value;
    } catch (error) { pane.state(error.message, true); }
  },
  async save() {
    pane.state("Saving …");
    try {
      const said = await live.send("save", { name: pane.draft.name, text: pane.text.value, version: pane.draft.version });
      if (said.conflict) pane.conflict(said.draft);
      else {
        pane.draft = said.draft;
        pane.text.value = said.draft.text;
        pane.draft.text = pane.text.value;
        pane.settle();
        pane.state("Saved.");
      }
    } catch (error) { pane.state(error.message, true); }
  },
  conflict(theirs) {
    pane.theirs = theirs;
    byId("pane-theirs").value = theirs.text;
    byId("pane-conflict").hidden = false;
    pane.state("Not saved: the file was changed elsewhere.", true);
  },
  settle() {
    pane.theirs = null;
    byId("pane-conflict").hidden = true;
  },
  async follow() { // something was saved: is it what is being edited here?
    if (!pane.box.open || !pane.draft) return;
    try {
      const now = await pane.fetch(pane.draft.name);
      if (now.version === pane.draft.version) pane.attempt();
      else if (!pane.isDirty) pane.take(now);
      else pane.conflict(now);
    } catch (error) { pane.state(error.message, true); }
  },
  mayLeave() { return !pane.isDirty || confirm("Leave without saving? Your changes are lost."); },
  close() {
    if (!pane.mayLeave()) return;
    pane.draft = null;
    pane.settle();
    pane.box.close();
  },
};
pane.text.addEventListener("input", pane.typed);
byId("pane-save").addEventListener("click", pane.save);
byId("pane-undo").addEventListener("click", () => { pane.text.value = pane.draft.text; pane.typed(); });
byId("pane-close").addEventListener("click", pane.close);
byId("pane-take").addEventListener("click", () => pane.take(pane.theirs));
byId("pane-keep").addEventListener("click", () => {
  const mine = pane.text.value;
  pane.draft = pane.theirs;
  pane.text.value = mine;
  pane.settle();
  pane.typed();
  pane.text.focus();
});
pane.what.addEventListener("change", () => {
  const name = pane.what.value;
  if (pane.mayLeave()) pane.load(name);
  else pane.what.value = pane.draft.name;
});
pane.box.addEventListener("cancel", (event) => { event.preventDefault(); pane.close(); });
addEventListener("beforeunload", (event) => pane.isDirty && event.preventDefault());
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s" && pane.box.open) {
    event.preventDefault();
    if (pane.isDirty) pane.save();
  }
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.edit !== undefined) pane.open(button.dataset.edit);
  else if (button?.dataset.sign) live.sign([button.closest("article")]);
  else if (button?.id === "sign-shown") live.sign(page.shown());
});
live.begin();
