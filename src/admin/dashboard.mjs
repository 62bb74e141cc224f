// Draws what the service tells of itself, event by event, as charts and tables of the page.
import {ago, between, bytes, isSameProcess, longest, sentenceOf, sentenceOfFollower,
        withUnit} from "./figures.mjs";

// A line is drawn from the member of that name of what between() gives.
const descriptions = [
  {id: "reads", title: "Reads, by what answered them", unitName: "in %", range: () => [0, 100],
   lines: [["local", "local tier"], ["shared", "shared tier"], ["missed", "no entry"]]},
  {id: "requests", title: "Requests", unitName: "per second",
   lines: [["requests", "all"], ["refused", "answered 4xx"], ["failed", "answered 5xx"]]},
  {id: "latency", title: "Time to answer", unitName: "in ms", isLogarithmic: true,
   lines: [["p50", "50 % within"], ["p95", "95 % within"], ["p99", "99 % within"]]},
  {id: "invalidations", title: "Invalidations", unitName: "per second",
   about: "Entries of the local tier that Valkey said changed, writes of this process, and keys that the follower told.",
   lines: [["entries", "local entries"], ["writes", "own writes"], ["followed", "followed keys"]]},
  {id: "follower", title: "The follower's lag", unitName: "in ms", lines: [["late", "behind"]]},
];

const byId = (id) => document.getElementById(id);
function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
// What is the same is left alone, so that a screen reader does not read it again.
function say(where, text) {
  if (where.textContent !== text) where.textContent = text;
}
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// ---- what is known

const times = [];   // of the points, in seconds since 1970
const points = [];  // what between() gave
let last = null;    // event
let back = 0;       // how many points before the last one are looked at
let isPaused = false;

function take(event) {
  if (last && !isSameProcess(last, event)) times.length = points.length = 0;
  if (last && isSameProcess(last, event)) {
    times.push(Date.now() / 1000);
    points.push(between(last, event));
    if (points.length > longest) times.shift(), points.shift();
  }
  last = event;
}

// ---- charts

class Chart {
  constructor({id, title, about = "", unitName, range, isLogarithmic, lines}) {
    this.lines = lines;
    this.note = element("p", {class: "note"}, about);
    const label = `${title}: lines over the last minutes. The table below has the figures.`;
    this.place = element("div", {class: "plot", role: "img", "aria-label": label});
    this.when = element("th", {scope: "col", class: "number"}, "now");
    this.rows = lines.map(([, name], i) => {
      const cells = [0, 1, 2].map(() => element("td", {class: "number"}, "–"));
      const swatch = element("span", {class: `swatch line-${i + 1}`, "aria-hidden": "true"});
      return {row: element("tr", {}, element("th", {scope: "row"}, swatch, name), ...cells), cells};
    });
    const head = element("tr", {}, element("th", {scope: "col"}, unitName), this.when,
                         element("th", {scope: "col", class: "number"}, "lowest"),
                         element("th", {scope: "col", class: "number"}, "highest"));
    byId("hottest").before(element("section", {id, "aria-labelledby": `${id}-title`},
      element("h2", {id: `${id}-title`}, title), this.note, this.place,
      element("table", {"aria-labelledby": `${id}-title`},
              element("thead", {}, head), element("tbody", {}, ...this.rows.map((r) => r.row)))));
    this.plot = this.draw(range, isLogarithmic);
    new ResizeObserver(() => this.plot.setSize(this.size())).observe(this.place);
  }

  size() { return {width: Math.max(this.place.clientWidth, 100), height: 160}; }

  draw(range, isLogarithmic) {
    const aboveZero = (_, _low, high) => [0, Math.max(high * 1.1, 1)];
    const decades = (_, low, high) => [10 ** Math.floor(Math.log10(low ?? 0.1)),
                                       10 ** Math.ceil(Math.log10((high ?? 1) * 1.01))];
    const minutes = () => {
      const now = Date.now() / 1000;
      return [Math.min(now - 60, times[0] ?? now), now];
    };
    const clock = (_, all) => all.map((s) => new Date(s * 1000).toLocaleTimeString("en-GB"));
    const figures = (_, all) => all.map((v) => v === null ? null : withUnit(v, ""));
    const powers = (u) => {
      const all = [];
      for (let one = u.scales.y.min; one <= u.scales.y.max * 1.01; one *= 10) all.push(one);
      return all;
    };
    const axis = {stroke: () => colour("dim"), grid: {stroke: () => colour("grid"), width: 1},
                  ticks: {stroke: () => colour("grid"), width: 1}, font: "12px system-ui, sans-serif"};
    const dashes = [[], [7, 4], [2, 3]];
    const plot = new uPlot({
      ...this.size(), legend: {show: false}, cursor: {show: false},
      scales: {x: {range: minutes},
               y: isLogarithmic ? {distr: 3, range: decades} : {range: range ?? aboveZero}},
      axes: [{...axis, space: 80, size: 34, values: clock},
             {...axis, size: 56, ...(isLogarithmic ? {splits: powers} : {}), values: figures}],
      series: [{}, ...this.lines.map((_, i) => ({
        stroke: () => colour(`line-${i + 1}`), width: 2, dash: dashes[i], points: {show: false}}))],
      hooks: {draw: [(u) => this.mark(u)]},
    }, [[], ...this.lines.map(() => [])], this.place);
    plot.over.addEventListener("mousemove", (e) => look(points.length - 1 - plot.posToIdx(e.offsetX)));
    plot.over.addEventListener("mouseleave", () => look(0));
    return plot;
  }

  // The moment that is looked at.
  mark(u) {
    if (back === 0 || points.length === 0) return;
    const x = Math.round(u.valToPos(times[times.length - 1 - back], "x", true));
    u.ctx.fillStyle = colour("dim");
    u.ctx.fillRect(x, u.bbox.top, Math.max(devicePixelRatio, 1), u.bbox.height);
  }

  columns() { return this.lines.map(([member]) => points.map((one) => one[member])); }

  show() {
    const columns = this.columns();
    this.plot.setData([times, ...columns]);
    this.tell(columns);
  }

  tell(columns = this.columns()) {
    say(this.when, nameOfMoment());
    for (const [i, {cells}] of this.rows.entries()) {
      const known = columns[i].filter((value) => value !== null);
      const ends = known.length > 0 ? [Math.min(...known), Math.max(...known)] : [null, null];
      for (const [j, value] of [columns[i].at(-1 - back), ...ends].entries()) say(cells[j], withUnit(value, ""));
    }
  }
}

function nameOfMoment() {
  return back === 0 || points.length === 0 ? "now" : ago(times.at(-1) - times.at(-1 - back));
}

// ---- the rest of the page

function showSummary() {
  const now = points.at(-1), on = last;
  const sum = (of) => on.workers.reduce((all, one) => all + of(one), 0);
  const tiles = [
    ["Hit rate", withUnit(now?.hits, "%")], ["Requests", withUnit(now?.requests, "/s")],
    ["99 % within", withUnit(now?.p99, "ms")], ["In flight", withUnit(on.requests.in_flight, "")],
    ["Connections", withUnit(on.requests.connections, "")], ["Loads", withUnit(now?.loads, "/s")],
    ["Mean load", withUnit(now?.load, "ms")], ["Local tier", bytes(sum((w) => w.local_bytes))],
  ];
  fillTerms(byId("summary"), tiles);
}

// Makes `where` have one child for each, and no more, and has each shown.
function fill(where, all, make, show) {
  while (where.children.length > all.length) where.lastElementChild.remove();
  while (where.children.length < all.length) where.append(make());
  all.forEach((one, i) => show(where.children[i], one, i));
}

// Names with values.
function fillTerms(where, all) {
  fill(where, all, () => element("div", {}, element("dt"), element("dd")), (term, [name, value]) => {
    say(term.firstChild, name);
    say(term.lastChild, value);
  });
}

function showKeys() {
  const all = last.hot_keys.map((one) => [one.key, withUnit(one.millionths / 1e4, "%")]);
  if (all.length === 0) all.push(["No key was read just now.", ""]);
  fill(byId("keys"), all,
       () => element("tr", {}, element("td", {class: "key"}), element("td", {class: "number"})),
       (row, [key, share]) => {
         say(row.firstChild, key);
         say(row.lastChild, share);
       });
}

function showWorkers() {
  const valkey = (w) => !w.is_connected ? "away" : w.is_silent ? "silent"
                        : w.is_trusted ? "trusted" : "not trusted yet";
  const facts = (w, i) => {
    const all = w.reads.local + w.reads.shared + w.reads.missed;
    return [
      ["Requests", withUnit(points.at(-1)?.workers[i], "/s")], ["In flight", withUnit(w.in_flight, "")],
      ["Connections", withUnit(w.connections, "")],
      ["Hits since the start", withUnit(all ? 100 * (w.reads.local + w.reads.shared) / all : null, "%")],
      ["Local entries", withUnit(w.local_entries, "")], ["Local tier", bytes(w.local_bytes)],
      ["PostgreSQL", `${w.postgresql_in_use} in use, ${w.postgresql_waiting} wait`], ["Valkey", valkey(w)],
    ];
  };
  fill(byId("workers"), last.workers,
       () => element("li", {}, element("h3"), element("dl", {class: "facts"})),
       (card, w, i) => {
         say(card.firstChild, w.is_answering ? `Worker ${i}` : `Worker ${i} does not answer`);
         fillTerms(card.lastChild, facts(w, i));
       });
}

function showMoment() {
  const slider = byId("moment"), text = nameOfMoment();
  slider.disabled = points.length < 2;
  slider.min = String(Math.min(1 - points.length, 0));
  slider.value = String(-back);
  slider.setAttribute("aria-valuetext", text);
  say(byId("when"), text);
}

function show() {
  const title = `${last.service} ${last.version}`;
  say(byId("service"), title);
  if (document.title !== title) document.title = title;
  say(byId("status"), sentenceOf(last.health));
  const {reasons, degraded} = last.health;
  byId("status").className = reasons.length > 0 ? "bad" : degraded.length > 0 ? "worse" : "good";
  back = Math.max(Math.min(back, points.length - 1), 0);
  for (const one of charts) one.show();
  say(charts.at(-1).note, sentenceOfFollower(last.health.follower));
  showSummary();
  showKeys();
  showWorkers();
  showMoment();
}

// So many points before the last one.
function look(points_back) {
  const wanted = Math.max(Math.min(points_back, points.length - 1), 0);
  if (wanted === back) return;
  back = wanted;
  for (const one of charts) one.tell(), one.plot.redraw(false);
  showMoment();
}

function listen() {
  const events = new EventSource("dashboard/events");
  events.addEventListener("message", (one) => {
    if (isPaused) return;  // the next one tells what was meanwhile, too
    take(JSON.parse(one.data));
    show();
  });
  events.addEventListener("error", () => {
    byId("status").className = "bad";
    say(byId("status"), "The service does not tell its figures; it is asked again.");
    if (events.readyState !== EventSource.CLOSED) return;  // it tries again by itself
    setTimeout(listen, 5000);
  });
}

const charts = descriptions.map((one) => new Chart(one));
byId("controls").addEventListener("submit", (e) => e.preventDefault());
byId("moment").addEventListener("input", (e) => look(-Number(e.target.value)));
byId("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  byId("pause").setAttribute("aria-pressed", String(isPaused));
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const one of charts) one.plot.redraw(false);
});
listen();
