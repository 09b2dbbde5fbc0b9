"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);

  /* Theme: the system's unless the reader chose one. Storage may be denied to a file. */
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const stored = (() => { try { return localStorage.getItem("maestro-theme"); } catch { return null; } })();
  if (stored === "dark" || stored === "light") root.dataset.theme = stored;
  $("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("maestro-theme", root.dataset.theme); } catch { /* for this visit only */ }
  });

  /* Filters: what is shown in the list and in the tree. */
  const rows = new Map([...document.querySelectorAll("details.path")].map((e) => [Number(e.dataset.path), e]));
  const texts = new Map([...rows].map(([id, e]) => [id, e.textContent.toLowerCase().replace(/\s+/g, " ")]));
  let shown = new Set(rows.keys());
  const matches = (p) => {
    const words = $("f-text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const port = $("f-port").value, verdict = $("f-verdict").value, object = $("f-object").value;
    return words.every((w) => holds(texts.get(p.id), w)) && (port === "" || p.ports.includes(Number(port)))
      && (verdict === "" || p.verdict === verdict) && (object === "" || p.objects.includes(object));
  };
  const holds = (text, word) => { /* "fw.c:1" is not "fw.c:17" */
    if (!/:\d+$/.test(word)) return text.includes(word);
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      if (!/\d/.test(text[at + word.length] ?? "")) return true;
    }
    return false;
  };
  const filter = () => {
    shown = new Set(data.paths.filter(matches).map((p) => p.id));
    for (const [id, e] of rows) e.hidden = !shown.has(id);
    $("count").textContent = `${shown.size} of ${data.paths.length} paths`;
    rebuild();
    fit();
  };
  $("filters").addEventListener("input", filter);
  $("filters").addEventListener("submit", (e) => e.preventDefault());
  $("filters").addEventListener("reset", () => setTimeout(filter));
  document.addEventListener("click", (e) => {
    const query = e.target.closest("[data-query]");
    if (query) { $("filters").reset(); $("f-text").value = query.dataset.query; filter(); }
    const copy = e.target.closest("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => { copy.textContent = "Copied"; });
  });

  /* A link to a line or a path opens what it is in. */
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    if (target) target.scrollIntoView({ block: target.matches(".l") ? "center" : "start" });
  };
  window.addEventListener("hashchange", reveal);

  /* The execution tree. */
  const WIDE = 196, GAP = 44, HIGH = 62, ROW = 72, MOST = 25, FLOOR = 220, CEILING = 560;
  const svg = d3.select("#svg"), canvas = svg.append("g");
  const edges = canvas.append("g").attr("aria-hidden", "true"), nodes = canvas.append("g").attr("role", "tree").attr("aria-label", "Execution tree");
  const zoom = d3.zoom().scaleExtent([0.04, 3])
    .filter((e) => e.type === "wheel" ? e.ctrlKey : !e.button)
    .on("zoom", (e) => canvas.attr("transform", e.transform));
  svg.call(zoom);
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const moving = () => svg.transition().duration(still ? 0 : 180);
  const closed = new Set();
  const byPath = new Map(data.paths.map((p) => [p.id, p]));
  let number = 0;
  const mark = (n) => { n.key = number++; if ("if" in n) { mark(n.yes); mark(n.no); } };
  if (data.tree) mark(data.tree);
  const alive = (n) => "if" in n ? alive(n.yes) || alive(n.no) : shown.has(n.path);
  const branches = (n) => "if" in n ? [["yes", n.yes], ["no", n.no]] : [];
  const children = (n) => closed.has(n.key) ? [] : branches(n).filter(([, b]) => alive(b)).map(([side, b]) => { b.side = side; return b; });
  const cut = (s, most = MOST) => s.length > most ? s.slice(0, most - 1) + "…" : s;
  const lines = (s) => {
    if (s.length <= MOST) return [s, ""];
    const at = s.lastIndexOf(" ", MOST), first = at > 8 ? at : MOST;
    return [s.slice(0, first), cut(s.slice(first).trim())];
  };
  const leaves = (n) => "if" in n ? leaves(n.yes) + leaves(n.no) : Number(shown.has(n.path));
  let current = 0, order = [];

  const title = (n) => "if" in n ? n.if + "?" : byPath.get(n.path).text;
  const said = (d) => {
    const n = d.data, side = n.side ? `${n.side}: ` : "";
    const does = n.do.length ? `; before: ${n.do.join(", ")}` : "";
    return "if" in n ? `${side}branch: ${n.if}${does}` : `${side}path ${n.path}: ${title(n)}${does}`;
  };
  const below = (d) => {
    const n = d.data;
    if (closed.has(n.key)) return `${leaves(n)} paths`;
    return n.do.join(", ");
  };

  function rebuild() {
    if (!data.tree || !alive(data.tree)) { order = []; edges.selectAll("*").remove(); nodes.selectAll("*").remove(); return; }
    const top = d3.tree().nodeSize([ROW, WIDE + GAP]).separation(() => 1)(d3.hierarchy(data.tree, children));
    order = []; top.eachBefore((d) => order.push(d));
    if (!order.some((d) => d.data.key === current)) current = order[0].data.key;
    const line = d3.linkHorizontal();
    edges.selectAll("path").data(top.links(), (l) => l.target.data.key).join("path").attr("class", "edge")
      .attr("d", (l) => line({ source: [l.source.y + WIDE, l.source.x], target: [l.target.y, l.target.x] }));
    edges.selectAll("text").data(top.links(), (l) => l.target.data.key).join("text").attr("class", "label").attr("text-anchor", "end")
      .attr("x", (l) => l.target.y - 6).attr("y", (l) => l.target.x + (l.target.data.side === "yes" ? -6 : 14)).text((l) => l.target.data.side);
    const g = nodes.selectAll("g").data(order, (d) => d.data.key).join((enter) => {
      const made = enter.append("g").attr("role", "treeitem");
      made.append("title"); made.append("rect").attr("y", -HIGH / 2).attr("width", WIDE).attr("height", HIGH);
      made.append("text").attr("class", "t").attr("x", 10); made.append("text").attr("class", "t2").attr("x", 10); made.append("text").attr("class", "do").attr("x", 10);
      return made;
    });
    g.order();
    g.attr("transform", (d) => `translate(${d.y},${d.x})`).attr("data-key", (d) => d.data.key)
      .attr("data-path", (d) => "if" in d.data ? null : d.data.path)
      .attr("class", (d) => "node " + ("if" in d.data ? "branch" + (closed.has(d.data.key) ? " closed" : "") : `leaf v-${byPath.get(d.data.path).verdict}`))
      .attr("aria-level", (d) => d.depth + 1).attr("aria-label", said)
      .attr("aria-expanded", (d) => "if" in d.data ? String(!closed.has(d.data.key)) : null)
      .attr("tabindex", (d) => d.data.key === current ? 0 : -1);
    g.select("title").text(said);
    g.each(function (d) { /* two lines of what it is, one of what was done before */
      const [one, two] = lines(("if" in d.data ? "" : `${d.data.path}  `) + title(d.data)), last = cut(below(d), 31);
      const top = 4 - 8 * (Number(Boolean(two)) + Number(Boolean(last))), node = d3.select(this);
      node.select(".t").attr("y", top).text(one);
      node.select(".t2").attr("y", top + 16).text(two);
      node.select(".do").attr("y", top + (two ? 33 : 17)).text(last);
    });
  }
  const place = (key) => order.find((d) => d.data.key === key);
  const box = () => svg.node().getBoundingClientRect();
  function fit() {
    if (!order.length) return;
    const low = d3.min(order, (d) => d.x) - ROW / 2, high = d3.max(order, (d) => d.x) + ROW / 2;
    const right = d3.max(order, (d) => d.y) + WIDE, { width } = box();
    const whole = Math.min(1, (width - 20) / right, (CEILING - 20) / (high - low));
    const k = Math.max(0.6, whole); /* smaller than this nobody reads: start at the root instead */
    const height = Math.max(FLOOR, Math.min(CEILING, (high - low) * k + 40));
    svg.style("height", `${height}px`);
    const x = whole < k ? 10 : (width - right * k) / 2;
    const y = whole < k ? height / 2 - order[0].x * k : (height - (high + low) * k) / 2;
    svg.call(zoom.transform, d3.zoomIdentity.translate(x, y).scale(k));
  }
  function focus(key) {
    current = key;
    nodes.selectAll("g").attr("tabindex", (d) => d.data.key === current ? 0 : -1);
    const d = place(key), t = d3.zoomTransform(svg.node()), { width, height } = box();
    const [x, y] = t.apply([d.y, d.x]), far = t.applyX(d.y + WIDE);
    if (x < 0 || far > width || y < 30 || y > height - 30) {
      svg.call(zoom.transform, d3.zoomIdentity.translate(Math.max(12, (width - WIDE * t.k) / 2) - d.y * t.k, height / 2 - d.x * t.k).scale(t.k));
    }
    nodes.select(`[data-key="${key}"]`).node()?.focus({ preventScroll: true });
  }
  function open(d) {
    const n = d.data;
    current = n.key;
    if ("if" in n) {
      if (!closed.delete(n.key)) closed.add(n.key);
      rebuild();
      focus(n.key);
      return;
    }
    nodes.selectAll("g").classed("sel", (o) => o === d);
    const row = rows.get(n.path);
    row.open = true;
    row.scrollIntoView({ block: "center" });
    row.querySelector("summary").focus({ preventScroll: true });
  }
  nodes.on("click", (e) => { const g = e.target.closest("[data-key]"); if (g) open(d3.select(g).datum()); });
  nodes.on("keydown", (e) => {
    const d = place(current);
    if (!d) return;
    const at = order.indexOf(d), go = (o) => o && focus(o.data.key), is = closed.has(d.data.key);
    const keys = {
      ArrowDown: () => go(order[at + 1]), ArrowUp: () => go(order[at - 1]),
      ArrowRight: () => is ? open(d) : go(d.children?.[0]), ArrowLeft: () => "if" in d.data && !is ? open(d) : go(d.parent),
      Home: () => go(order[0]), End: () => go(order.at(-1)), Enter: () => open(d), " ": () => open(d),
      "+": () => svg.call(zoom.scaleBy, 1.3), "-": () => svg.call(zoom.scaleBy, 1 / 1.3),
    };
    if (keys[e.key] && !e.ctrlKey && !e.metaKey && !e.altKey) { e.preventDefault(); keys[e.key](); }
  });
  $("z-in").addEventListener("click", () => moving().call(zoom.scaleBy, 1.3));
  $("z-out").addEventListener("click", () => moving().call(zoom.scaleBy, 1 / 1.3));
  $("z-fit").addEventListener("click", fit);
  $("t-open").addEventListener("click", () => { closed.clear(); rebuild(); fit(); });
  const shut = (n, depth, from) => { if ("if" in n) { if (depth >= from) closed.add(n.key); shut(n.yes, depth + 1, from); shut(n.no, depth + 1, from); } };
  $("t-close").addEventListener("click", () => { shut(data.tree, 0, 1); rebuild(); fit(); });
  if (data.tree && data.paths.length > 40) shut(data.tree, 0, 6); /* a large NF starts with its first branches */
  rebuild();
  fit();
  let width = box().width;
  window.addEventListener("resize", () => { if (box().width !== width) { width = box().width; fit(); draw(); } });

  /* Bars: one a core, one a program. */
  function bars(place, rows, { unit, fair }) {
    const wide = place.clientWidth || 600, narrow = wide < 560, high = narrow ? 44 : 30, left = narrow ? 0 : Math.min(300, 12 + 7.2 * d3.max(rows, (r) => r.label.length));
    const most = d3.max(rows, (r) => r.high ?? r.value) || 1, x = d3.scaleLinear([0, most], [left, wide - 96]);
    place.replaceChildren();
    const s = d3.select(place).append("svg").attr("viewBox", `0 0 ${wide} ${rows.length * high + 26}`);
    const g = s.selectAll("g").data(rows).join("g").attr("transform", (_, i) => `translate(0,${i * high})`);
    const y = narrow ? 18 : 4;
    g.append("text").attr("x", narrow ? 0 : left - 10).attr("y", narrow ? 13 : y + 16).attr("text-anchor", narrow ? "start" : "end").text((r) => cut(r.label, narrow ? 60 : 40));
    g.append("rect").attr("class", (r) => `core${r.colour % 8}`).attr("x", left).attr("y", y).attr("rx", 4).attr("height", 22).attr("width", (r) => Math.max(1, x(r.value) - left));
    g.filter((r) => r.high > r.low).append("line").attr("class", "whisker").attr("x1", (r) => x(r.low)).attr("x2", (r) => x(r.high)).attr("y1", y + 11).attr("y2", y + 11);
    g.append("text").attr("x", (r) => x(r.high ?? r.value) + 8).attr("y", y + 16).text((r) => r.said);
    if (fair) s.append("line").attr("class", "fair").attr("x1", x(fair)).attr("x2", x(fair)).attr("y1", 0).attr("y2", rows.length * high);
    s.append("text").attr("class", "dim").attr("x", left).attr("y", rows.length * high + 18).text(unit);
  }
  function draw() {
    const total = d3.sum(data.load.packets);
    bars($("load-chart"), data.load.packets.map((n, i) => ({ label: `core ${i}`, value: n, colour: i, said: `${(100 * n / (total || 1)).toFixed(1)} %` })),
      { unit: "packets; the dashed line is a fair share", fair: total / data.load.packets.length });
    if (data.bench) bars($("bench-chart"), data.bench.map((r) => ({ label: `${r.label}, ${r.cores} core${r.cores === 1 ? "" : "s"}`, value: r.median, low: r.low, high: r.high, colour: r.cores - 1, said: r.median.toFixed(1) })),
      { unit: "millions of packets a second of CPU time" });
  }
  draw();
  reveal();
})();
