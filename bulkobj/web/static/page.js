"use strict";
// The page works without this script but for editing cells: it adds the drop zone, live progress and the grid.

const one = (what, root = document) => root.querySelector(what);
const all = (what, root = document) => [...root.querySelectorAll(what)];
const plain = (text) => text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
const plural = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const ask = async (address, options = {}) => {
  const answer = await fetch(address, { ...options, headers: { Accept: "application/json", ...options.headers } });
  const said = await answer.json().catch(() => ({ error: "The page does not answer. Run bulkobj ui again" }));
  if (!answer.ok || said.error) throw new Error(said.error || "This can't be done");
  return said;
};

// Start: a file can be dropped anywhere on the form.
const upload = one("[data-upload]");
if (upload) {
  const input = one("input[type=file]", upload), fault = one("[data-fault]", upload);
  const over = (event, is) => { event.preventDefault(); upload.classList.toggle("over", is); };
  upload.addEventListener("dragover", (event) => over(event, true));
  upload.addEventListener("dragleave", (event) => over(event, false));
  upload.addEventListener("drop", (event) => { over(event, false); if (event.dataTransfer.files.length) input.files = event.dataTransfer.files; });
  upload.addEventListener("submit", (event) => {
    const file = input.files[0];
    if (file && file.size > 200e6) {
      event.preventDefault();
      fault.textContent = `${file.name} is larger than 200 MB. Save it as several smaller files`;
      fault.hidden = false;
    }
  });
}

// Progress: what the server says until the work asks or is done; a lost connection is opened again by the browser.
const work = one("[data-job]");
if (work) {
  const bar = one("progress", work), text = one("[data-text]", work), wait = one("[data-wait]", work), counts = one("[data-counts]", work);
  const source = new EventSource(`/jobs/${work.dataset.job}/events`);
  let began = null;
  source.addEventListener("error", () => { wait.textContent = "No connection. If it does not come back, run bulkobj ui again"; });
  source.addEventListener("message", (event) => {
    const now = JSON.parse(event.data);
    if (now.next) { source.close(); location.replace(now.next); return; }
    if (now.total) { bar.max = now.total; bar.value = now.done; } else bar.removeAttribute("value");
    if (!began || began.stage !== now.stage) began = { stage: now.stage, at: performance.now(), done: now.done };
    const speed = (now.done - began.done) / (performance.now() - began.at);
    const left = speed > 0 && now.done < now.total ? Math.ceil((now.total - now.done) / speed / 1000) : 0;
    const rest = left ? `, about ${left < 90 ? `${left} s` : `${Math.round(left / 60)} min`} left` : "";
    text.textContent = now.total ? `${now.stage}: ${now.done.toLocaleString("en")} of ${now.total.toLocaleString("en")}${rest}` : now.stage;
    wait.textContent = now.wait;
    counts.replaceChildren(...Object.entries(now.counts).map(([what, number]) =>
      element("li", {}, element("span", { className: "number", textContent: number.toLocaleString("en") }), ` ${what}`)));
  });
}

// Check: the grid.
const table = one("[role=grid]");
if (table) grid(table);

function grid(table) {
  const { upload, sheet } = table.dataset, editable = "editable" in table.dataset;
  const body = one("tbody", table), box = table.closest(".gridbox"), editor = one("[data-editor]");
  const heads = all("thead th", table).slice(1), names = JSON.parse(one("#names").textContent);
  const sheetName = one("#names").dataset.sheet || null;
  const save = one("[data-save]"), fault = one("[data-fault]"), changes = one("[data-changes]"), only = one("[data-only]");
  const loaded = new Map(), edits = new Map();
  const key = (row, column) => `${row}:${column}`;
  let total = Number(table.dataset.total), filter = "", shownFrom = 0, height = 35, drawing = 0, active = null;

  // The rows that the server put into the page are the first that are known.
  all("tr", body).forEach((line, index) => {
    const cells = [...line.cells], found = {};
    cells.forEach((cell, place) => {
      const kind = cell.classList.contains("error") ? "error" : cell.classList.contains("warning") ? "warning" : "";
      if (kind) found[place - 1] = [kind, cell.title];
    });
    loaded.set(index, { i: index, n: Number(cells[0].textContent), c: cells.slice(1).map((cell) => cell.textContent), p: found });
  });

  const line = (row) => {
    const made = element("tr", { id: `row-${row.n}` });
    made.setAttribute("role", "row");
    made.setAttribute("aria-rowindex", row.i + 2);
    const head = element("th", { className: "n", scope: "row", textContent: row.n });
    head.setAttribute("role", "rowheader");
    if (row.p[-1]) { head.classList.add(row.p[-1][0]); head.title = row.p[-1][1]; }
    made.append(head, ...row.c.map((text, column) => cell(row, column, text)));
    return made;
  };

  const cell = (row, column, text) => {
    const made = element("td", { textContent: edits.get(key(row.n, column)) ?? text });
    dress(made, row, column);
    return made;
  };

  const dress = (td, row, column) => {
    td.setAttribute("role", "gridcell");
    const found = row.p[column], isEdited = edits.has(key(row.n, column));
    td.className = `${found ? found[0] : ""}${isEdited ? " edited" : ""}`;
    td.title = found ? found[1] : "";
    // A changed cell stays marked until it is checked again.
    if (found && found[0] === "error") td.setAttribute("aria-invalid", "true"); else td.removeAttribute("aria-invalid");
    td.tabIndex = -1;
    if (!editable) td.setAttribute("aria-readonly", "true");
    else {
      td.removeAttribute("aria-readonly");
      try { td.contentEditable = "plaintext-only"; } catch { td.contentEditable = "true"; } // older browsers know the second only
      td.spellcheck = false;
    }
    Object.assign(td.dataset, { row: row.i, column });
  };

  const spacer = (rows) => {
    const td = element("td"), made = element("tr", { className: "spacer", ariaHidden: "true" }, td);
    made.setAttribute("role", "presentation");
    td.colSpan = heads.length + 1;
    td.style.height = `${rows * height}px`;
    return made;
  };

  const virtual = () => total > 200;
  const address = (from, count) => `/files/${upload}/rows?sheet=${sheet}&from=${from}&count=${count}&only=${filter}`;
  const want = async (from, to) => {
    const missing = [];
    for (let index = from; index < to; index++) if (!loaded.has(index)) missing.push(index);
    for (let at = missing[0]; at < to; at += 500) {
      const said = await ask(address(at, Math.min(500, to - at)));
      said.rows.forEach((row, offset) => loaded.set(at + offset, row));
    }
  };

  // Only the rows in sight are in the page, between two spacers.
  const draw = async () => {
    const turn = ++drawing;
    const first = virtual() ? Math.max(Math.floor(box.scrollTop / height) - 30, 0) : 0;
    const last = virtual() ? Math.min(first + Math.ceil(box.clientHeight / height) + 60, total) : total;
    try { await want(first, last); } catch (error) { show(error); return; }
    if (turn !== drawing) return;
    shownFrom = first;
    const held = active && document.activeElement === active.td ? active : null;
    if (held && held.index >= first && held.index < last && one(`tr[id="row-${loaded.get(held.index)?.n}"]`, body)) commit(held.td);
    const lines = [];
    for (let index = first; index < last; index++) if (loaded.get(index)) lines.push(line(loaded.get(index)));
    body.replaceChildren(...(first ? [spacer(first)] : []), ...lines, ...(last < total ? [spacer(total - last)] : []));
    if (lines[0] && lines[0].offsetHeight) height = lines[0].offsetHeight;
    if (held) at(held.index, held.column)?.focus({ preventScroll: true });
    rest();
  };

  const at = (index, column) => loaded.has(index) ? one(`#row-${loaded.get(index).n}`, body)?.cells[column + 1] : null;
  const place = (td) => ({ td, index: [...body.children].filter((tr) => !tr.classList.contains("spacer")).indexOf(td.parentElement) + shownFrom, column: Number(td.dataset.column) });
  const rowOf = (td) => loaded.get(place(td).index);
  // One cell of the grid is in the order of the Tab key.
  const rest = (td = at(active?.index ?? shownFrom, active?.column ?? 0) || one("td[role=gridcell]", body)) => {
    all('td[tabindex="0"]', body).forEach((other) => { other.tabIndex = -1; });
    if (td) td.tabIndex = 0;
  };

  const go = async (index, column) => {
    index = Math.max(0, Math.min(index, total - 1)); column = Math.max(0, Math.min(column, heads.length - 1));
    if (!at(index, column)) {
      box.scrollTop = Math.max(0, index * height - box.clientHeight / 2);
      await draw();
    }
    const td = at(index, column);
    if (td) { td.focus(); td.scrollIntoView({ block: "nearest", inline: "nearest" }); }
  };

  const show = (error) => { fault.textContent = error.message; fault.hidden = false; };

  const tell = () => {
    changes.hidden = !edits.size;
    changes.textContent = edits.size ? `${plural(edits.size, "cell")} changed. Save the changes to check them` : "";
    const plan = one("[data-plan] button");
    if (edits.size) plan.disabled = true;
  };

  const commit = (td, text = td.textContent) => {
    const row = rowOf(td), column = Number(td.dataset.column);
    if (!row) return;
    text = plain(text);
    if (text === plain(row.c[column])) edits.delete(key(row.n, column)); else edits.set(key(row.n, column), text);
    if (td.textContent !== text) td.textContent = text;
    const tab = td.tabIndex;
    dress(td, row, column);
    td.tabIndex = tab;
    tell();
  };

  // The editor above the grid: what is wrong with the cell, and a list or a date field where one helps.
  const edit = (td) => {
    const row = rowOf(td), column = Number(td.dataset.column), head = heads[column];
    if (!row) return;
    const meaning = head.dataset.meaning, found = row.p[column], list = names[meaning];
    const label = `${head.textContent}, row ${row.n}`;
    const parts = [element("span", { className: "where", textContent: label })];
    const put = (text) => { commit(td, text); };
    if (editable && list && list.length) {
      const select = element("select", { ariaLabel: `Choose ${label}` }, element("option", { value: "", textContent: "choose …" }),
        ...list.map((name) => element("option", { textContent: name, selected: name === td.textContent })));
      select.addEventListener("change", () => { if (select.value) put(select.value); });
      parts.push(select);
    } else if (editable && /Date$/.test(meaning)) {
      const input = element("input", { type: "date", ariaLabel: `Choose ${label}`, value: /^\d{4}-\d\d-\d\d$/.test(td.textContent) ? td.textContent : "" });
      input.addEventListener("change", () => { if (input.value) put(input.value); });
      parts.push(input);
    }
    if (found) parts.push(element("span", { className: `said ${found[0]}`, textContent: found[1] }));
    editor.replaceChildren(...parts);
    editor.hidden = false;
  };

  const selectAll = (td) => {
    const range = document.createRange(), selection = getSelection();
    range.selectNodeContents(td);
    selection.removeAllRanges();
    selection.addRange(range);
  };

  body.addEventListener("focusin", (event) => {
    const td = event.target.closest("td[role=gridcell]");
    if (!td) return;
    active = { ...place(td), fresh: true, caret: false };
    rest(td);
    if (editable) selectAll(td);
    edit(td);
  });
  // The first click selects the text, as in a spreadsheet; the next one sets the caret.
  body.addEventListener("mouseup", (event) => {
    const td = event.target.closest("td[role=gridcell]");
    if (td && active?.td === td && active.fresh && editable) { selectAll(td); active.fresh = false; event.preventDefault(); } else if (active) active.caret = true;
  });
  body.addEventListener("focusout", (event) => {
    const td = event.target.closest("td[role=gridcell]");
    if (td && editable && td.isConnected) commit(td);
  });
  body.addEventListener("input", () => { if (active) active.caret = true; });
  body.addEventListener("paste", (event) => {
    event.preventDefault();
    document.execCommand("insertText", false, event.clipboardData.getData("text/plain"));
  });
  body.addEventListener("keydown", (event) => {
    const td = event.target.closest("td[role=gridcell]");
    if (!td || !active || event.isComposing) return;
    const { index, column } = active, page = Math.max(1, Math.floor(box.clientHeight / height) - 1);
    const moves = {
      ArrowUp: [index - 1, column], ArrowDown: [index + 1, column], PageUp: [index - page, column], PageDown: [index + page, column],
      ...(active.caret ? {} : { ArrowLeft: [index, column - 1], ArrowRight: [index, column + 1], Home: [event.ctrlKey ? 0 : index, 0], End: [event.ctrlKey ? total - 1 : index, heads.length - 1] }),
    };
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      if (editable) commit(td);
      go(index + 1, column);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (editable) document.execCommand("insertText", false, "\n");
    } else if (event.key === "F2") {
      event.preventDefault();
      active.caret = true;
      getSelection().collapseToEnd();
    } else if (event.key === "Escape") {
      const row = rowOf(td);
      td.textContent = edits.get(key(row.n, column)) ?? row.c[column];
      active.caret = false;
      selectAll(td);
    } else if (moves[event.key] && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      go(...moves[event.key]);
    }
  });

  box.addEventListener("scroll", () => { if (virtual()) requestAnimationFrame(draw); });
  addEventListener("resize", () => { if (virtual()) draw(); });

  // Problems lead to their cells.
  const jump = async (number, header) => {
    const column = Math.max(heads.findIndex((head) => head.textContent === header), 0);
    let index = [...loaded.values()].find((row) => row.n === number)?.i;
    if (index === undefined || filter) {
      if (filter) { one("input", only).checked = false; await refilter(""); }
      index = await find(number);
    }
    if (index !== undefined) go(index, column);
  };
  // Row numbers grow, so that the row is found by halving.
  const find = async (number) => {
    let low = 0, high = total - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      await want(middle, middle + 1);
      const row = loaded.get(middle);
      if (row.n === number) return middle;
      if (row.n < number) low = middle + 1; else high = middle - 1;
    }
    return undefined;
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-row]");
    if (!link || link.tagName !== "A") return;
    event.preventDefault();
    jump(Number(link.dataset.row), link.dataset.column);
  });

  const refilter = async (which) => {
    filter = which;
    loaded.clear();
    const said = await ask(address(0, 500));
    total = said.total;
    said.rows.forEach((row, index) => loaded.set(index, row));
    box.scrollTop = 0;
    active = null;
    await draw();
  };
  if (only) {
    only.hidden = false;
    one("input", only).addEventListener("change", (event) => refilter(event.target.checked ? "problems" : "").catch(show));
  }

  // One request at a time, in the order of the clicks; then the page shows what the new check found.
  let queue = Promise.resolve();
  const send = (work) => {
    queue = queue.then(() => (leaving ? {} : work())).then(({ next }) => { if (next) { leaving = true; location.assign(next); } }).catch(show);
    return queue;
  };
  let leaving = false;
  const saveEdits = () => {
    const list = [...edits].map(([where, text]) => ({ sheet: sheetName, row: Number(where.split(":")[0]), column: Number(where.split(":")[1]), text }));
    return ask(`/files/${upload}/save`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(list) })
      .then((said) => { edits.clear(); return said; });
  };
  if (save) {
    save.hidden = false;
    save.addEventListener("click", () => { fault.hidden = true; if (active) commit(active.td); send(saveEdits); });
  }
  all("[data-use]").forEach((form) => form.addEventListener("submit", (event) => {
    event.preventDefault();
    fault.hidden = true;
    const said = new URLSearchParams(new FormData(form));
    send(async () => {
      if (edits.size) await saveEdits();
      return ask(form.action, { method: "POST", body: said });
    });
  }));
  addEventListener("beforeunload", (event) => { if (edits.size && !leaving) event.preventDefault(); });
  // Until here a click on a cell had no effect, because what is typed then would be lost.
  draw().then(() => box.removeAttribute("aria-busy"));
}
