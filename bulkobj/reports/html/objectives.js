// Filters of the objectives. The page is whole without them, so they are revealed here.
(() => {
  "use strict";
  const form = document.querySelector(".filter");
  const rows = [...document.querySelectorAll(".objectives tbody tr")];
  if (!form || !rows.length) return;

  const { status, owner, search, overdue } = form.elements;
  const shown = document.querySelector(".shown");
  const accounts = [...document.querySelectorAll(".account")];
  const words = new Map(rows.map((row) => [row, `${row.closest(".account").querySelector("h3").textContent} ${row.textContent}`.toLowerCase()]));
  const bars = new Map([...document.querySelectorAll("[data-row]")].map((bar) => [`objective-${bar.dataset.row}`, bar]));

  const filter = () => {
    const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    for (const row of rows) {
      const wanted =
        (!status.value || status.value === row.dataset.status) &&
        (!owner.value || owner.value === row.dataset.owner) &&
        (!overdue.checked || "overdue" in row.dataset) &&
        terms.every((term) => words.get(row).includes(term));
      row.hidden = !wanted;
      const bar = bars.get(row.id);
      if (bar) bar.classList.toggle("faded", !wanted);
      if (wanted) number += 1;
    }
    const isFiltered = number < rows.length;
    for (const account of accounts) account.hidden = isFiltered && !account.querySelector("tbody tr:not([hidden])");
    const all = `${rows.length.toLocaleString("en")} ${rows.length === 1 ? "objective" : "objectives"}`;
    shown.textContent = isFiltered ? `${number.toLocaleString("en")} of ${all}` : all;
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter)); // the fields are emptied only after the event
})();
