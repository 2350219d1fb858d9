// Filters of the rows. The page is whole without them, so they are revealed here. What is filtered stands in the
// address (#result=failed&account=ACME&search=text), so that a link can be sent.
(() => {
  "use strict";
  const FIRST_ACCOUNTS = 12;
  const form = document.querySelector(".filter");
  const rows = [...document.querySelectorAll(".rows > li")];
  if (!form || !rows.length) return;

  const { result, account, search } = form.elements;
  const status = document.querySelector(".shown");
  const words = new Map();
  const inWords = (row) => {
    if (!words.has(row)) words.set(row, row.textContent.toLowerCase());
    return words.get(row);
  };
  // A value of its own, because a row may have no account at all.
  const ofAccount = (name) => `=${name}`;

  const wanted = () => {
    const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    return (row) =>
      (!result.value || result.value === row.dataset.result || (result.value === "not-done" && "notDone" in row.dataset)) &&
      (!account.value || account.value === ofAccount(row.dataset.account)) &&
      terms.every((term) => inWords(row).includes(term));
  };

  const counted = (number) => `${number.toLocaleString("en")} ${number === 1 ? "row" : "rows"}`;

  const filter = () => {
    const isWanted = wanted();
    let shown = 0;
    for (const row of rows) {
      const hidden = !isWanted(row);
      if (row.hidden !== hidden) row.hidden = hidden;
      if (!hidden) shown += 1;
    }
    const all = counted(rows.length);
    status.textContent = shown === rows.length ? all : `${shown.toLocaleString("en")} of ${all}`;
  };

  const toAddress = () => {
    const said = new URLSearchParams();
    if (result.value) said.set("result", result.value);
    if (account.value) said.set("account", account.value.slice(1));
    if (search.value.trim()) said.set("search", search.value.trim());
    history.replaceState(null, "", `#${said}`);
  };

  // The keyboard goes on from there.
  const arriveAt = (place) => {
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
    place.scrollIntoView();
  };

  // The address may ask for a filter, or for a row, which must not be hidden then.
  const fromAddress = () => {
    const said = location.hash.slice(1);
    const row = said.startsWith("row-") ? document.getElementById(said) : null;
    const asked = new URLSearchParams(said);
    if (!row && !["result", "account", "search"].some((name) => asked.has(name))) return;
    result.value = asked.get("result") ?? "";
    account.value = asked.has("account") ? ofAccount(asked.get("account")) : "";
    search.value = asked.get("search") ?? "";
    filter();
    arriveAt(row ?? document.getElementById("rows"));
  };

  const offerAccounts = () => {
    const names = [...new Set(rows.map((row) => row.dataset.account))].sort();
    account.append(...names.map((name) => new Option(name || "(no account)", ofAccount(name))));
  };

  const linkFilters = () => {
    for (const link of document.querySelectorAll("a[data-filter]")) link.href = `#${link.dataset.filter}`;
  };

  // Many accounts are folded, so that the rows are not far away; on paper all are there.
  const foldAccounts = () => {
    const more = [...document.querySelectorAll(".accounts tbody tr")].slice(FIRST_ACCOUNTS);
    if (more.length < 4) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "more";
    button.setAttribute("aria-controls", "account-table");
    const fold = (folded) => {
      for (const line of more) line.hidden = folded;
      button.setAttribute("aria-expanded", String(!folded));
      button.textContent = folded ? `Show ${more.length.toLocaleString("en")} more accounts` : "Show fewer accounts";
    };
    button.addEventListener("click", () => fold(button.getAttribute("aria-expanded") === "true"));
    fold(true);
    document.getElementById("account-table").after(button);
  };

  offerAccounts();
  linkFilters();
  foldAccounts();
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  form.addEventListener("change", () => {
    filter();
    toAddress();
  });
  // The fields are emptied only after the event.
  form.addEventListener("reset", () =>
    setTimeout(() => {
      filter();
      toAddress();
    }),
  );
  window.addEventListener("hashchange", fromAddress);
  fromAddress();
})();
