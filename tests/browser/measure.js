// Measures the page as it is laid out now, and gives a sentence for each thing that is too small, too pale or too wide.
(limits) => {
  const complaints = [];
  const complain = (element, what) => complaints.push(`${describe(element)} ${what}`);
  const describe = (element) =>
    `<${element.tagName.toLowerCase()}${element.id && `#${element.id}`}${[...element.classList].map((name) => `.${name}`).join("")}>` +
    ` “${(element.innerText || element.value || "").trim().replace(/\s+/g, " ").slice(0, 40)}”`;
  const round = (number) => Math.round(number * 100) / 100;

  // The reader's own style, over ours.
  const readersStyle = new CSSStyleSheet();
  readersStyle.replaceSync(limits.style ?? "");

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

  const targets = () => document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary");

  // A control is as large as what can be pressed for it: its own box or that of a label.
  function measureTargets() {
    for (const target of targets()) {
      const boxes = [target, ...(target.labels ?? [])].filter(isShown).map((element) => element.getBoundingClientRect());
      if (!boxes.some(isOnScreen) || isInSentence(target)) continue;
      const [width, height] = ["width", "height"].map((side) => Math.max(...boxes.map((box) => box[side])));
      if (Math.min(width, height) < limits.target - 0.01)
        complain(target, `can be pressed on ${round(width)} × ${round(height)} px only`);
    }
  }

  // What is pressed, ticked or written into must be seen, and be seen to have the focus.
  function measureOutline(target) {
    const shown = [target, ...(target.labels ?? [])].filter(isShown);
    const behind = background(shown.at(-1).parentElement);
    const ratioOf = (text) => contrast(over(colour(text), behind), behind);

    const looksLikeText = target.matches("a:not(.button), summary, .as-link");
    const styles = shown.map((element) => getComputedStyle(element));
    const borders = styles.filter((style) => parseFloat(style.borderBottomWidth)).map((style) => style.borderBottomColor);
    const edge = Math.max(...[...borders, ...styles.map((style) => style.backgroundColor)].map(ratioOf));
    if (!looksLikeText && edge < limits.outline) complain(target, `stands out with ${round(edge)} : 1`);

    // These styles are live: from here on they are those of an element that has the focus.
    target.focus({ preventScroll: true });
    const rings = styles.filter((style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
    const ring = Math.max(0, ...rings.map((style) => ratioOf(style.outlineColor)));
    if (ring < limits.outline) complain(target, `shows its focus with ${round(ring)} : 1`);
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

  // All of a text is inside its paragraph, label or button.
  function measureCutOff(element) {
    const isInline = (element) => getComputedStyle(element).display === "inline";
    const blockOf = (element) => (isInline(element) ? blockOf(element.parentElement) : element);
    const block = blockOf(element).getBoundingClientRect();
    for (const node of element.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE || !node.data.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const text = range.getBoundingClientRect();
      const [left, right] = [block.left - text.left, text.right - block.right];
      const below = text.bottom - block.bottom - text.height / 2;
      const excess = Math.max(left, right, below);
      if (excess > 1) complain(element, `has text that sticks out by ${round(excess)} px`);
    }
  }

  // No word goes on in the next line, but after a hyphen or at a point that is marked for it.
  function measureSplitWords(element) {
    for (const node of element.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE) continue;
      for (const { 0: word, index } of node.data.matchAll(/[^\s\u200b\u00ad–—/-]+/g)) {
        if (word.includes("@")) continue;
        const range = document.createRange();
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        const tops = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
        if (tops.size > 1) complain(element, `splits the word “${word}”`);
      }
    }
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

  const sizes = new Map([...texts()].map((element) => [element, parseFloat(getComputedStyle(element).fontSize)]));
  document.adoptedStyleSheets = [readersStyle];

  if (limits.sideways) measureWidth();
  if (limits.target) measureTargets();
  if (limits.outline) for (const target of targets()) if (isShown(target)) measureOutline(target);
  for (const [element, size] of sizes) {
    if (limits.text) measureText(element);
    if (limits.contrast) measureContrast(element);
    if (limits.cutOff) measureCutOff(element);
    if (limits.splitWords) measureSplitWords(element);
    if (limits.growth && parseFloat(getComputedStyle(element).fontSize) < size * limits.growth)
      complain(element, `grows from ${round(size)} to ${getComputedStyle(element).fontSize} only`);
  }

  document.adoptedStyleSheets = [];
  return complaints;
};
