// Shortens the way to what the pages do without it as well: keys for the search and the next call, and a search that
// answers while one types.

const search = document.querySelector("form.search");
const nextCall = document.querySelector(".next form button");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  if (event.key === "/" && search) {
    event.preventDefault();
    search.elements.q.focus();
  }
  if (event.key === "n" && nextCall) nextCall.click();
});

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
    if (found) document.getElementById("results").replaceWith(found);
  };

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    if (field.value.trim().length >= 3) waiting = setTimeout(() => show().catch(() => {}), 150);
  });
}
