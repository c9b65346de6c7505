// Shortens the way to what the pages of staff do without it as well. A search answers while one types.

const search = document.querySelector("form.search");

if (search) {
  const field = search.elements.q;
  let waiting;
  let latest = 0;

  const show = async () => {
    const mine = ++latest;
    const response = await fetch(search.action, { method: "POST", body: new FormData(search) });
    if (mine !== latest || !response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const found = page.getElementById("results");
    if (!found) return;
    document.getElementById("results").replaceWith(found);
    // What is searched for is searched for everywhere.
    document.querySelector(".filters [aria-current]")?.removeAttribute("aria-current");
  };

  const ask = () => {
    clearTimeout(waiting);
    if (field.value.trim().length >= 3) waiting = setTimeout(() => show().catch(() => {}), 150);
  };

  field.addEventListener("input", ask);
  // The field has the focus before this is loaded, so that something may have been typed already.
  if (field.value !== field.defaultValue) ask();
}

// An open call sheet goes on holding its request, for as long as a call may take: then the button is left.
const keep = document.querySelector("form.keep");

if (keep) {
  const EVERY = 4 * 60 * 1000;
  let times = 15;

  const ask = async () => {
    if (document.hidden) return;
    const answer = await fetch(keep.action, {
      method: "POST", body: new FormData(keep), headers: { Accept: "application/json" },
    });
    // The session is over; the next page says so.
    if (answer.status === 403) return clearInterval(timer);
    const { until } = await answer.json();
    document.getElementById("held-until").textContent = until || "now: somebody else has it";
    if (!answer.ok || --times === 0) clearInterval(timer);
  };

  const timer = setInterval(() => ask().catch(() => {}), EVERY);
}

// The figures of "Today" stay true while the page is open, and the tab says how many are late.
const figures = document.getElementById("figures");

if (figures) {
  const title = document.title.replace(/^\(\d+\) /, "");

  const refresh = async () => {
    if (document.hidden) return;
    const answer = await fetch(figures.dataset.url);
    // The session is over, and figures that stand still would be taken for those of now.
    if (answer.status === 403) return location.reload();
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("figures");
    if (!now) return;
    const shown = document.getElementById("figures");
    const link = shown.contains(document.activeElement) && document.activeElement.getAttribute("href");
    shown.replaceWith(now);
    if (link) now.querySelector(`a[href="${CSS.escape(link)}"]`)?.focus();
    document.title = now.dataset.late > 0 ? `(${now.dataset.late}) ${title}` : title;
  };

  setInterval(() => refresh().catch(() => {}), 60 * 1000);
  document.addEventListener("visibilitychange", () => refresh().catch(() => {}));
}
