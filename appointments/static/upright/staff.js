// Shortens the way to what the pages of staff do without it as well.

// Whether the session is over, or another one: an older browser is led to the sign-in.
const isOver = (answer) => answer.status === 403 || answer.redirected;

// A search answers while one types.
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
    document.getElementById("found").textContent = found.querySelector("caption, p").textContent;
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
  const held = document.getElementById("held");
  const time = document.getElementById("held-until");
  const lost = document.getElementById("held-no-longer");
  let times = 15;
  let asked = Date.now();

  const say = (words) => {
    held.hidden = words !== "";
    // Said once, and not every minute.
    if (lost.textContent !== words) lost.textContent = words;
  };

  const ask = async () => {
    if (times === 0 || Date.now() - asked < EVERY) return;
    const answer = await fetch(keep.action, {
      method: "POST", body: new FormData(keep), headers: { Accept: "application/json" },
    });
    asked = Date.now();
    times -= 1;
    if (isOver(answer)) {
      clearInterval(timer);
      return say("You were signed out after this page was opened: it does not go on holding the request.");
    }
    const { until, ends, version, why } = await answer.json();
    if (!answer.ok) {
      clearInterval(timer);
      return say(`You do not hold it any more. ${why}`);
    }
    time.textContent = until;
    time.dateTime = ends;
    document.getElementById("changed").hidden = String(version) === keep.dataset.version;
    say("");
  };

  // Also after the computer has slept, or was without a network.
  const look = async () => {
    if (document.hidden) return;
    await ask().catch(() => {});
    if (!held.hidden && Date.now() > Date.parse(time.dateTime)) {
      say(`You held it until ${time.textContent}. It may have been offered to others since.`);
    }
  };

  const timer = setInterval(look, 60 * 1000);
  document.addEventListener("visibilitychange", look);
  addEventListener("online", look);
}

// What "Today" says stays true while the page is open, and the tab says how many are late.
const figures = document.getElementById("figures");

if (figures) {
  const title = document.title.replace(/^\(\d+\) /, "");

  const renew = (shown, now) => {
    const link = shown.contains(document.activeElement) && document.activeElement.getAttribute("href");
    shown.replaceWith(now);
    if (link) now.querySelector(`a[href="${CSS.escape(link)}"]`)?.focus();
  };

  const refresh = async () => {
    if (document.hidden) return;
    const answer = await fetch(figures.dataset.url);
    // Figures that stand still would be taken for those of now.
    if (isOver(answer)) return location.reload();
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("figures");
    if (!now) return;
    // Somebody else has signed in in another tab, and what else stands here is not theirs.
    if (now.dataset.of !== figures.dataset.of) return location.reload();
    renew(document.getElementById("who-is-next"), page.getElementById("who-is-next"));
    renew(document.getElementById("figures"), now);
    document.title = now.dataset.late > 0 ? `(${now.dataset.late}) ${title}` : title;
  };

  setInterval(() => refresh().catch(() => {}), 60 * 1000);
  document.addEventListener("visibilitychange", () => refresh().catch(() => {}));
  addEventListener("online", () => refresh().catch(() => {}));
}

// Nothing that was typed is left without a question, be it by a link or by the button of another form. And a button
// that is pressed twice is pressed once: the second time would be refused, as if a colleague had come between.
const TYPED = "textarea, input:not([type='hidden'], [type='radio'], [type='checkbox'])";
const LONGEST_WAY = 5000;
let underWay = null;
let sent = null;
let dials = false;

// What was refused stands there as if the page had brought it.
const isTyped = (field) => field.value !== (field.form.querySelector(".errornote") ? "" : field.defaultValue);

const isUnsent = (form) =>
  form !== sent && form !== search &&
  ("unsent" in form.dataset || [...form.querySelectorAll(TYPED)].some(isTyped));

const arrive = () => { underWay = null; };

document.addEventListener("submit", (event) => {
  if (event.target === underWay) return event.preventDefault();
  underWay = sent = event.target;
  // What is saved as a file leads to no other page.
  setTimeout(arrive, LONGEST_WAY);
});
document.addEventListener("input", (event) => { if (event.target.form === sent) sent = null; });
document.addEventListener("click", (event) => { dials = event.target.closest("a[href^='tel:']") !== null; });
addEventListener("pageshow", arrive);

addEventListener("beforeunload", (event) => {
  if (!dials && [...document.querySelectorAll("form[method='post']")].some(isUnsent)) {
    event.preventDefault();
    underWay = sent = null;
  }
  dials = false;
});
