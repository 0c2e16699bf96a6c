// Draws the report that stands in the page as JSON. Everything that came out of a log is set as text, never
// as markup.
'use strict';
(function () {
  const report = JSON.parse(document.getElementById('report').textContent);
  const main = document.querySelector('main');
  const classes = ['crash', 'resource', 'self_error', 'saturation', '5xx', 'refused', 'timeout', 'dep_error', 'silence', 'other'];
  const color = d3.scaleOrdinal(classes, ['#b3261e', '#8e4ec6', '#c2570c', '#b58900', '#d6409f', '#0b68cb', '#0e8a8a', '#3a7d44', '#6e7781', '#8c6d46']);
  const clock = d3.utcFormat('%H:%M:%S');
  const date = (text) => new Date(text);

  function add(parent, tag, text, cls) {
    const node = parent.appendChild(document.createElement(tag));
    if (text !== undefined && text !== '') node.textContent = text;
    if (cls) node.className = cls;
    return node;
  }
  function span(from, to) {
    const s = Math.max(0, Math.round((date(to) - date(from)) / 1000));
    return s < 60 ? s + ' s' : s < 3600 ? Math.floor(s / 60) + ' min ' + (s % 60) + ' s'
      : Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min';
  }
  const percent = (p) => Math.round(p * 100) + ' %';

  function facts(card, i) {
    const dl = add(card, 'dl');
    const row = (name, text) => { add(dl, 'dt', name); return add(dl, 'dd', text); };
    row('since', i.onset.replace('T', ' ').replace('Z', ' UTC') + (i.resolved_at
      ? ', resolved after ' + span(i.onset, i.resolved_at) : ', still on after ' + span(i.onset, i.updated_at)));
    const cause = row('root cause', '');
    add(cause, 'strong', i.root_cause.confidence === 'INCONCLUSIVE' && i.ties.length > 1 ? i.ties.join(' or ')
      : (i.root_cause.from ? 'the path ' + i.root_cause.from + ' → ' : '') + i.root_cause.component);
    cause.append(' ');
    add(cause, 'span', i.root_cause.confidence + ' ' + percent(i.root_cause.share), 'badge ' + i.root_cause.confidence);
    add(cause, 'span', i.root_cause.failure_mode, 'dim');
    if (i.affected.length) row('took down', i.affected.join(', '));
    if (i.impact) row('impact', i.impact);
    const first = i.runbook.immediate[0] || i.runbook.diagnose[0];
    if (first) {
      const step = row('first step', first.say);
      if (first.run) add(step, 'pre', first.run);
    }
    if (i.related_to) row('part of', i.related_to);
    if (i.merged_into) row('merged into', i.merged_into);
  }

  function burstPlot(card, i) {
    const bursts = i.symptoms.concat(i.unexplained).filter((s) => s.onset);
    if (!bursts.length) return;
    add(card, 'h3', 'Bursts per component');
    const rows = Array.from(new Set([i.root_cause.component].concat(
      d3.sort(bursts, (s) => s.onset).map((s) => s.component))));
    // Each class that a component shows has a lane of its own, so that bars do not hide each other.
    const lanes = new Map(rows.map((r) => [r, classes.filter((c) => bursts.some((s) => s.component === r && s.class === c))]));
    const rowHeight = (r) => Math.max(20, lanes.get(r).length * 8 + 8);
    const top = new Map();
    let sum = 4;
    rows.forEach((r) => { top.set(r, sum); sum += rowHeight(r); });
    const left = 150, width = 1040, height = sum + 28;
    const start = date(i.onset), end = d3.max(bursts, (s) => date(s.last)) || start;
    const pad = Math.max(15000, (end - start) * 0.05);
    const x = d3.scaleUtc([new Date(+start - pad), new Date(+end + pad)], [left, width - 10]);
    const laneHeight = (s) => (rowHeight(s.component) - 8) / Math.max(1, lanes.get(s.component).length);
    const laneTop = (s) => top.get(s.component) + 4 + lanes.get(s.component).indexOf(s.class) * laneHeight(s);
    const svg = d3.select(add(card, 'div', '', 'plot')).append('svg').attr('viewBox', `0 0 ${width} ${height}`)
      .attr('role', 'img').attr('aria-label', 'Time line of bursts per component');
    svg.append('g').attr('class', 'axis').attr('transform', `translate(0,${height - 24})`)
      .call(d3.axisBottom(x).ticks(8).tickFormat(clock).tickSize(-(height - 28)));
    svg.selectAll('text.row').data(rows).join('text').attr('class', 'row').attr('x', left - 8)
      .attr('y', (r) => top.get(r) + rowHeight(r) / 2 + 4).attr('text-anchor', 'end')
      .style('font-weight', (r) => r === i.root_cause.component ? 700 : 400)
      .text((r) => r.length > 20 ? r.slice(0, 19) + '…' : r);
    const bars = svg.selectAll('rect.burst').data(bursts).join('rect').attr('class', 'burst').attr('rx', 2)
      .attr('x', (s) => x(date(s.onset))).attr('y', laneTop).attr('height', (s) => Math.max(4, laneHeight(s) - 2))
      .attr('width', (s) => Math.max(3, x(date(s.last)) - x(date(s.onset)))).attr('fill', (s) => color(s.class))
      .attr('fill-opacity', (s) => i.symptoms.includes(s) ? 0.75 : 0.25);
    bars.append('title').text((s) => `${s.component}: ${s.title}\n${s.count} lines, ${clock(date(s.onset))} to ${clock(date(s.last))}`);
    const used = classes.filter((c) => bursts.some((s) => s.class === c));
    const key = add(card, 'p', '', 'dim');
    used.forEach((c) => {
      const box = add(key, 'span', '■ ');
      box.style.color = color(c);
      key.append(c + '   ');
    });
    if (i.unexplained.length) key.append(' (pale: not explained by this incident)');
  }

  function topology(card, i) {
    const root = i.root_cause.component;
    const hit = new Set(i.affected.concat(i.symptoms.map((s) => s.component)));
    hit.delete(root);
    const dist = new Map([[root, 0]]);
    i.symptoms.forEach((s) => s.path.forEach((name, k) => {
      if (!dist.has(name) || dist.get(name) > k) dist.set(name, k);
    }));
    hit.forEach((name) => { if (!dist.has(name)) dist.set(name, 1); });
    const calm = [];
    report.edges.forEach((e) => [e.from, e.to].forEach((name) => {
      const other = name === e.from ? e.to : e.from;
      if (!dist.has(name) && !calm.includes(name) && (hit.has(other) || other === root) && calm.length < 12) calm.push(name);
    }));
    const depth = d3.max(dist.values()) + 1;
    calm.forEach((name) => dist.set(name, depth));
    if (dist.size < 2) return;
    add(card, 'h3', 'Topology: root and blast radius');
    const columns = d3.group(dist.keys(), (name) => dist.get(name));
    const tall = d3.max(columns.values(), (c) => c.length);
    const boxWidth = 140, gap = 70, width = Math.max(700, (depth + 1) * (boxWidth + gap) + 20), height = tall * 40 + 24;
    const at = new Map();
    columns.forEach((names, k) => d3.sort(names).forEach((name, row) => {
      at.set(name, { x: 10 + k * (boxWidth + gap), y: (height - names.length * 40) / 2 + row * 40 });
    }));
    const svg = d3.select(add(card, 'div', '', 'plot')).append('svg').attr('viewBox', `0 0 ${width} ${height}`)
      .attr('role', 'img').attr('aria-label', 'Components and who depends on whom');
    const edges = report.edges.filter((e) => at.has(e.from) && at.has(e.to));
    svg.selectAll('path.edge').data(edges).join('path')
      .attr('class', (e) => 'edge' + ((e.to === root || hit.has(e.to)) && hit.has(e.from) ? ' lit' : ''))
      .attr('d', (e) => {
        const a = at.get(e.to), b = at.get(e.from);
        const x1 = a.x + (b.x >= a.x ? boxWidth : 0), x2 = b.x + (b.x > a.x ? 0 : boxWidth), m = (x1 + x2) / 2;
        return `M${x1},${a.y + 14}C${m},${a.y + 14} ${m},${b.y + 14} ${x2},${b.y + 14}`;
      }).append('title').text((e) => `${e.from} depends on ${e.to}` + (e.learned ? ' (seen in the logs)' : ''));
    const nodes = svg.selectAll('g.node').data(Array.from(at)).join('g')
      .attr('class', ([name]) => 'node ' + (name === root ? 'root' : hit.has(name) ? 'hit' : 'calm'))
      .attr('transform', ([, p]) => `translate(${p.x},${p.y})`);
    nodes.append('rect').attr('width', boxWidth).attr('height', 28).attr('rx', 5);
    nodes.append('text').attr('x', boxWidth / 2).attr('y', 18).attr('text-anchor', 'middle')
      .text(([name]) => name.length > 19 ? name.slice(0, 18) + '…' : name);
    nodes.append('title').text(([name]) => name);
    add(card, 'p', 'Left: the root. To the right: who depends on it. Orange: taken down. Grey: neighbours that were not.', 'dim');
  }

  function lists(card, i) {
    add(card, 'h3', 'Evidence');
    i.evidence.forEach((e, k) => {
      const box = add(card, 'details');
      if (k < 3) box.open = true;
      add(box, 'summary', `${clock(date(e.time))} ${e.service}  ${e.file}:${e.offset}`);
      add(box, 'pre', e.line || '(text not kept; culprit evidence re-reads it)');
    });
    if (i.spared.length || i.alternatives.length) {
      add(card, 'h3', 'Why not something else');
      const ul = add(card, 'ul');
      i.spared.filter((s) => s.confirmed).forEach((s) => add(ul, 'li', 'Not seen: ' + s.title));
      i.alternatives.forEach((a) => add(ul, 'li', `${a.title || a.component}${a.component === i.root_cause.component ? '' : ' (' + percent(a.share) + ')'}: ${a.reason}`));
    }
    add(card, 'h3', 'Runbook');
    [['At once', i.runbook.immediate], ['Diagnose', i.runbook.diagnose], ['Resolve', i.runbook.resolve]].forEach(([name, steps]) => {
      if (!steps.length) return;
      const box = add(card, 'details');
      box.open = name === 'At once';
      add(box, 'summary', name);
      const ol = add(box, 'ol', '', 'steps');
      steps.forEach((step) => {
        const li = add(ol, 'li', step.say);
        if (step.run) add(li, 'pre', step.run);
      });
    });
    i.runbook.links.forEach((l) => {
      const a = add(add(card, 'p'), 'a', l.title);
      if (/^https?:\/\//.test(l.url)) a.href = l.url;
    });
    add(card, 'h3', 'Time line');
    const table = add(card, 'table');
    i.timeline.forEach((t) => {
      const tr = add(table, 'tr');
      add(tr, 'td', clock(date(t.time)));
      add(tr, 'td', t.component);
      add(tr, 'td', t.text);
    });
  }

  const head = add(main, 'header');
  if (main.dataset.home) add(add(head, 'p'), 'a', '← all incidents').href = main.dataset.home;
  const real = report.incidents.filter((i) => i.state === 'open' || i.state === 'resolved');
  add(head, 'h1', real.length === 0 ? 'No incident' : real.length === 1 ? 'One incident' : real.length + ' incidents');
  const s = report.stats;
  if (s.lines) add(head, 'p', `${d3.format(',')(s.lines)} lines in ${s.streams} streams, ${d3.format(',')(s.signals)} recognised, ${s.bursts} bursts`
    + (s.first_time ? `; ${s.first_time} to ${s.last_time}` : ''));
  report.streams.filter((x) => x.error).forEach((x) => add(head, 'p', `Not read to its end: ${x.name}: ${x.error}`, 'error'));
  d3.sort(report.incidents, (i) => real.includes(i) ? 0 : 1).forEach((i) => {
    const card = add(main, 'article', '', real.includes(i) ? '' : 'minor');
    const line = add(card, 'p');
    add(line, 'span', i.severity, 'badge ' + i.severity);
    add(line, 'span', i.state, 'badge');
    add(line, 'span', i.id, 'dim');
    add(card, 'h2', i.title);
    facts(card, i);
    burstPlot(card, i);
    topology(card, i);
    lists(card, i);
  });
})();
