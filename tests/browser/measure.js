// Measures the page as it is laid out now, and gives a sentence for each thing that is too small, too pale or too wide.
(limits) => {
  const complaints = [];
  const complain = (element, what) => complaints.push(`${describe(element)} ${what}`);
  const describe = (element) =>
    `<${element.tagName.toLowerCase()}${element.id && `#${element.id}`}${[...element.classList].map((name) => `.${name}`).join("")}>` +
    ` “${(element.innerText || element.value || "").trim().replace(/\s+/g, " ").slice(0, 40)}”`;
  const round = (number) => Math.round(number * 100) / 100;

  // What is folded away is a page too.
  for (const details of document.querySelectorAll("details")) details.open = true;

  const isShown = (element) =>
    element.checkVisibility({ visibilityProperty: true }) && !element.closest(".visually-hidden, [aria-hidden=true]");
  const isOnScreen = (box) => box.width > 0 && box.height > 0 && box.bottom + scrollY > 0 && box.right + scrollX > 0;

  function measureWidth() {
    const excess = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (excess <= 0) return;
    const isCutOff = (element) => element && (getComputedStyle(element).overflowX !== "visible" || isCutOff(element.parentElement));
    const widest = [...document.body.querySelectorAll("*")]
      .filter((element) => !isCutOff(element.parentElement))
      .reduce((most, element) => (element.getBoundingClientRect().right > most.getBoundingClientRect().right ? element : most));
    complain(widest, `makes the page scroll sideways by ${excess} px`);
  }

  // A control is as large as what can be pressed for it: its own box or that of a label.
  function measureTargets() {
    for (const target of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
      const boxes = [target, ...(target.labels ?? [])].filter(isShown).map((element) => element.getBoundingClientRect());
      if (!boxes.some(isOnScreen) || isInSentence(target)) continue;
      const [width, height] = ["width", "height"].map((side) => Math.max(...boxes.map((box) => box[side])));
      if (Math.min(width, height) < limits.target - 0.01)
        complain(target, `can be pressed on ${round(width)} × ${round(height)} px only`);
    }
  }

  function isInSentence(target) {
    const block = target.parentElement.closest("p, li, dd, td, label, div");
    return getComputedStyle(target).display === "inline" && block.innerText.trim() !== target.innerText.trim();
  }

  function* texts() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode())
      if (node.data.trim() && isShown(node.parentElement)) yield node.parentElement;
    for (const control of document.querySelectorAll("input:not([type=hidden], [type=radio], [type=checkbox]), select, textarea"))
      if (isShown(control)) yield control;
  }

  function measureText(element) {
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    if (size < limits.text - 0.01) complain(element, `has text of ${round(size)} px`);
    const spacing = parseFloat(style.lineHeight) / size;
    if (spacing < limits.lineHeight - 0.01 && !element.closest("h1, h2, h3, button, .button, input, select, textarea"))
      complain(element, `has lines ${round(spacing)} times as high as its text`);
  }

  // Contrast as WCAG 2 defines it.
  function measureContrast(element) {
    const behind = background(element);
    const ratio = contrast(over(colour(getComputedStyle(element).color), behind), behind);
    if (ratio < limits.contrast) complain(element, `has a contrast of ${round(ratio)} : 1`);
  }

  function colour(text) {
    const [red, green, blue, alpha = 1] = text.match(/^rgba?\((.*)\)$/)[1].match(/[\d.]+/g).map(Number);
    return { red, green, blue, alpha };
  }

  function background(element) {
    if (!element) return colour(getComputedStyle(document.documentElement).colorScheme === "dark" ? "rgb(0, 0, 0)" : "rgb(255, 255, 255)");
    const own = colour(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own : over(own, background(element.parentElement));
  }

  function over(front, back) {
    const mixed = (name) => front[name] * front.alpha + back[name] * (1 - front.alpha);
    return { red: mixed("red"), green: mixed("green"), blue: mixed("blue"), alpha: 1 };
  }

  function luminance(colour) {
    const [red, green, blue] = [colour.red, colour.green, colour.blue]
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function contrast(...colours) {
    const [darker, lighter] = colours.map(luminance).sort((a, b) => a - b);
    return (lighter + 0.05) / (darker + 0.05);
  }

  if (limits.sideways) measureWidth();
  if (limits.target) measureTargets();
  for (const element of new Set(texts())) {
    if (limits.text) measureText(element);
    if (limits.contrast) measureContrast(element);
  }
  return complaints;
};
