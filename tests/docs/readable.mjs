// What keeps a person from using a page: text too pale for its background (WCAG 2.2, 1.4.3), a
// control without a name (4.1.2) or inside of another one, a page wider than the screen (1.4.10),
// without a title or a language.

// Runs in the page.
function findInPage() {
  const faults = [];
  const name = (e) => `<${e.tagName.toLowerCase()} class="${e.className}">${e.textContent.slice(0, 30)}`;
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push(`the page is ${wide} px wide on ${innerWidth}`);
  if (!document.title.trim()) faults.push("the page has no title");
  if (!document.documentElement.lang) faults.push("the page has no language");
  const control = "a[href], button, input, select, textarea, [tabindex='0']";
  for (const outer of document.querySelectorAll("a[href], button"))
    for (const inner of outer.querySelectorAll(control)) faults.push(`inside a control: ${name(inner)}`);

  const rgb = (text) => {
    if (!text.startsWith("rgb")) throw new Error(`a colour of another kind: ${text}`);
    const [r, g, b, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return {channels: [r, g, b], alpha};
  };
  const over = (top, under) => under.map((u, i) => top.channels[i] * top.alpha + u * (1 - top.alpha));
  const background = (e) => {
    const own = rgb(getComputedStyle(e).backgroundColor);
    if (own.alpha === 1) return own.channels;
    return over(own, e.parentElement ? background(e.parentElement) : [255, 255, 255]);
  };
  const luminance = (channels) => {
    const [r, g, b] = channels.map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const e of document.body.querySelectorAll("*")) {
    const hasText = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
    if (!hasText || e.closest("svg, script, style, [disabled]") || !e.checkVisibility({visibilityProperty: true})) continue;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize), under = background(e);
    const both = [luminance(over(rgb(style.color), under)), luminance(under)].sort((a, b) => b - a);
    const contrast = (both[0] + 0.05) / (both[1] + 0.05);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (isLarge ? 3 : 4.5)) faults.push(`contrast ${contrast.toFixed(2)}: ${name(e)}`);
  }
  return faults;
}

const controls = ["button", "checkbox", "combobox", "link", "listbox", "menuitem", "radio",
                  "searchbox", "spinbutton", "switch", "tab", "textbox"];

// All faults of a page as it is shown now, a sentence each. Names are those that Chromium tells
// to a screen reader.
export async function faultsOf(page) {
  const session = await page.context().newCDPSession(page);
  const {nodes} = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  const unnamed = nodes
    .filter((n) => !n.ignored && controls.includes(n.role?.value) && !n.name?.value?.trim())
    .map((n) => `without a name: ${n.role.value}`);
  return [...unnamed, ...(await page.evaluate(findInPage))];
}
