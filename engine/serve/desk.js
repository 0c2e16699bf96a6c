// What people do to the incident of this page: who has it, buttons, its journal. Everything that came
// out of a log or from a person is set as text, never as markup.
'use strict';
(function () {
  const desk = JSON.parse(document.getElementById('desk').textContent);
  const card = document.querySelector('article');
  if (!card) return;
  const title = card.querySelector('h2');
  const box = document.createElement('section');
  box.className = 'desk';
  title.after(box);

  function add(parent, tag, text, cls) {
    const node = parent.appendChild(document.createElement(tag));
    if (text) node.textContent = text;
    if (cls) node.className = cls;
    return node;
  }
  const clock = (time) => (time || '').slice(11, 19);

  const life = add(box, 'p', '', 'life ' + desk.state);
  add(life, 'strong', desk.headline);
  if (desk.detail) add(life, 'span', ' ' + desk.detail, 'dim');

  const said = document.createElement('p');
  said.className = 'said';
  said.setAttribute('role', 'status');

  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
  }
  const buttons = [];
  async function send(path, body, doing) {
    const author = name.value.trim();
    if (author) {
      body.author = author;
      localStorage.setItem('culprit-name', author);
    }
    buttons.forEach((b) => { b.disabled = true; });
    said.className = 'said';
    said.textContent = doing + ' …';
    try {
      const answer = await fetch(path, { method: 'POST', body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': newKey() } });
      if (answer.ok) return location.reload();
      const text = await answer.text();
      let message = answer.status + ' ' + answer.statusText;
      try { message = JSON.parse(text).error.message; } catch (e) { /* not culprit's: the status must do */ }
      said.textContent = 'Not done: ' + message;
    } catch (e) {
      said.textContent = 'Not done: culprit does not answer. Is the network there?';
    }
    said.className = 'said error';
    buttons.forEach((b) => { b.disabled = false; });
  }
  const at = '/api/v1/incidents/' + encodeURIComponent(desk.id) + '/';

  const name = document.createElement('input');
  function button(parent, text, cls, press) {
    const b = add(parent, 'button', text, cls);
    b.type = 'button';
    b.addEventListener('click', () => press(b));
    buttons.push(b);
    return b;
  }
  // A thumb slips: what ends an incident is pressed twice.
  function twice(text, press) {
    return (b) => {
      if (b.dataset.sure) return press();
      b.dataset.sure = '1';
      b.textContent = text;
      setTimeout(() => { delete b.dataset.sure; b.textContent = b.dataset.text; }, 5000);
    };
  }

  if (desk.acts) {
    const row = add(box, 'div', '', 'buttons');
    if (!desk.over) {
      button(row, desk.owner ? 'Take over' : 'Acknowledge', desk.owner ? '' : 'primary',
        () => send(at + 'acknowledge', {}, 'Acknowledging'));
      const resolve = button(row, 'Resolve', '', twice('Press again to resolve', () => send(at + 'resolve', {}, 'Resolving')));
      resolve.dataset.text = 'Resolve';
      button(row, 'Silence 1h', '', () => send('/api/v1/silences',
        { matchers: ['incident=' + desk.id], for: '1h', comment: 'Silence 1h, from the desk' }, 'Silencing'));
    }
    const note = document.createElement('form');
    button(row, 'Note', '', () => {
      note.hidden = !note.hidden;
      if (!note.hidden) note.querySelector('textarea').focus();
    });
    note.hidden = true;
    const text = add(note, 'textarea');
    text.rows = 3;
    text.required = true;
    text.maxLength = 2000;
    text.placeholder = 'What should the others know?';
    text.setAttribute('aria-label', 'Note');
    const submit = add(note, 'button', 'Send the note', 'primary');
    buttons.push(submit);
    note.addEventListener('submit', (event) => {
      event.preventDefault();
      send(at + 'note', { text: text.value }, 'Noting');
    });
    box.append(note);
    const who = add(box, 'label', 'as ', 'who');
    name.value = localStorage.getItem('culprit-name') || desk.user || '';
    name.placeholder = desk.user || 'your name';
    name.maxLength = 100;
    name.autocomplete = 'username';
    who.append(name);
    box.append(said);
  }

  if (desk.journal.length) {
    // Behind the facts: who was just woken needs those first.
    const journal = document.createElement('details');
    journal.className = 'journal';
    (card.querySelector('dl') || box).after(journal);
    journal.open = desk.journal.length <= 6;
    add(journal, 'summary', 'Journal (' + desk.journal.length + ')');
    const table = add(journal, 'table');
    desk.journal.slice().reverse().forEach((entry) => {
      const tr = add(table, 'tr');
      const time = add(tr, 'td', clock(entry.time));
      time.title = entry.time || '';
      const what = add(tr, 'td');
      add(what, 'strong', entry.event);
      what.append((entry.author ? ' by ' + entry.author : '') + (entry.text ? ': ' + entry.text : ''));
    });
  }
})();
