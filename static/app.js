'use strict';
// Aira's one script. Every page works without it; it keeps the dashboard fresh and the slider talking.

(() => {
  // Its words. `make strings` finds them by _ and ngettext; a language would come in here.
  const _ = (text) => text;
  const ngettext = (one, many, num) => (num === 1 ? one : many);
  const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (found, name) => values[name]);
  const SAYS = {
    moods: [
      _('Very low'), _('Very low'), _('Low'), _('Low'), _('A little low'), _('In between'),
      _('All right'), _('Good'), _('Good'), _('Very good'), _('Very good'),
    ],
    mood: (score, word) => fill(_('%(score)s of 10, %(word)s'), { score, word }),
    notLogged: _('Not logged'),
    choose: _('Choose a place on the line'),
    justNow: _('Just now'),
    minutes: (num) => fill(ngettext('%(num)s minute ago', '%(num)s minutes ago', num), { num }),
    hours: (num) => fill(ngettext('%(num)s hour ago', '%(num)s hours ago', num), { num }),
    yesterday: _('Yesterday'),
    days: (num) => fill(ngettext('%(num)s day ago', '%(num)s days ago', num), { num }),
    copied: _('Copied'),
    copiedAloud: _('Copied.'),
    stale: (time) => fill(_('Showing %(time)s. Can’t refresh; your entries are safe.'), { time }),
    fresh: _('Up to date again.'),
    saved: _('Saved.'),
    notSaved: _('Not saved: Aira can’t be reached just now. What you wrote is still here; please save it again.'),
    undone: _('Taken back.'),
    notUndone: _('Not taken back: Aira can’t be reached just now. Please press Undo again.'),
  };

  const byId = (id) => document.getElementById(id);
  const on = (name, handler, options) => document.addEventListener(name, handler, options);
  const say = (sentence) => { byId('status').textContent = sentence; };

  document.documentElement.classList.add('js');

  // Times, in the user's time zone where the page names it

  let timeZone = document.body.dataset.timezone;
  try { new Intl.DateTimeFormat('en-GB', { timeZone }); } catch { timeZone = undefined; }
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
  const calendar = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const dayNumber = (date) => Date.parse(calendar.format(date)) / 864e5;

  function relative(then, now) {
    const minutes = Math.floor((now - then) / 6e4);
    const days = dayNumber(now) - dayNumber(then);
    if (minutes < 1) return SAYS.justNow;
    if (minutes < 60) return SAYS.minutes(minutes);
    if (days < 1 || minutes < 360) return SAYS.hours(Math.floor(minutes / 60));
    if (days === 1) return SAYS.yesterday;
    return days < 14 ? SAYS.days(days) : '';
  }

  function writeTimes() {
    const now = new Date();
    for (const time of document.querySelectorAll('time[data-relative]')) {
      time.textContent = relative(new Date(time.dateTime), now) || time.title;
    }
  }

  const updated = byId('updated');
  function writeUpdated(when) {
    updated.dateTime = when.toISOString();
    updated.textContent = clock.format(when);
  }

  // An entry on its day's page

  on('input', (event) => {
    if (!event.target.matches('.range')) return;
    const { form, id, value } = event.target;
    const word = SAYS.moods[Math.floor(Number(value) + 0.5)];
    form.dataset.m = Math.floor(Number(value) + 0.5);
    form.querySelector(`output[for="${id}"]`).textContent = `${value} · ${word}`;
    event.target.setAttribute('aria-valuetext', SAYS.mood(value, word));
  });

  // Sign-up and settings

  const zoneField = document.querySelector('[data-detect-timezone]');
  if (zoneField && !zoneField.value) zoneField.value = Intl.DateTimeFormat().resolvedOptions().timeZone || '';

  on('focusin', (event) => { if (event.target.matches('[data-select-on-focus]')) event.target.select(); });
  for (const button of document.querySelectorAll('[data-copy]')) {
    if (!navigator.clipboard) continue; // only where the browser offers it
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(byId(button.dataset.copy).value);
        button.textContent = SAYS.copied;
        say(SAYS.copiedAloud);
        setTimeout(() => { button.textContent = label; }, 2000);
      } catch { byId(button.dataset.copy).focus(); }
    });
  }

  writeTimes();
  setInterval(writeTimes, 6e4);
  if (!updated) return; // the rest is the dashboard
  writeUpdated(new Date(updated.dateTime));

  // The check-in. All by delegation: a saved form is a new element.

  let moved = false; // the person touched the slider or the note since the form came

  // What is not known to be open is not called so: yesterday may be logged, and today elsewhere.
  const unset = () => {
    const open = byId('day-today').checked && !byId('stats').hasAttribute('data-logged-today');
    return open ? SAYS.notLogged : SAYS.choose;
  };
  const sayUnset = () => { if (!byId('mood-form').dataset.m) byId('score').setAttribute('aria-valuetext', unset()); };

  function showScore(form, value) {
    const set = value !== null;
    const slider = byId('score');
    const word = set ? SAYS.moods[Math.floor(value + 0.5)] : '';
    if (set) form.dataset.m = Math.floor(value + 0.5); else delete form.dataset.m;
    byId('score-value').textContent = set ? value : '';
    byId('score-label').textContent = word;
    slider.setAttribute('aria-valuetext', set ? SAYS.mood(value, word) : unset());
  }

  on('input', (event) => {
    if (event.target.id === 'note') moved = true;
    if (event.target.id !== 'score') return;
    moved = true;
    showScore(event.target.form, Number(event.target.value));
  });

  on('click', (event) => {
    const step = event.target.closest('[data-step]');
    if (step) {
      const slider = byId('score');
      moved = true;
      slider.value = Number(slider.value) + Number(step.dataset.step);
      showScore(slider.form, Number(slider.value));
    } else if (event.target.closest('#refresh') && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.preventDefault();
      refresh();
    } else if (event.target.closest('#retry')) {
      refresh();
    }
  });

  // Another day starts with an empty line, unless something was already chosen or written.
  on('change', (event) => {
    if (event.target.name !== 'day') return;
    if (moved) { sayUnset(); return; }
    const slider = byId('score');
    const note = byId('note');
    const back = event.target.defaultChecked;
    slider.value = back ? slider.defaultValue : 5;
    note.value = back ? note.defaultValue : '';
    showScore(slider.form, back && byId('mood-form').hasAttribute('data-has-score') ? Number(slider.value) : null);
  });

  // Keeping the numbers fresh

  const stale = byId('stale');
  // This browser's own choice stands until the settings say something else.
  const live = byId('live-updates');
  const given = live.defaultChecked ? 'on' : 'off';
  try {
    const [before, chosen] = (localStorage.getItem('aira-live') ?? '').split('>');
    if (before === given) live.checked = chosen === 'on'; else localStorage.removeItem('aira-live');
  } catch { /* as the page says */ }
  live.addEventListener('change', () => {
    try { localStorage.setItem('aira-live', `${given}>${live.checked ? 'on' : 'off'}`); } catch { /* for this page only */ }
    if (live.checked) refresh();
  });

  const refresh = () => htmx.trigger(document.body, 'aira:refresh');
  const isStats = (event) => event.detail.elt.id === 'stats';
  const isCharts = (event) => event.detail.elt.id === 'charts';
  const isForm = (event) => event.detail.elt.id === 'mood-form' || event.detail.elt.id === 'undo-form';

  // A wanted refresh goes before a poll that is under way, which may not know of the last save.
  on('aira:refresh', () => htmx.trigger(byId('stats'), 'htmx:abort'), true);

  // A poll has no event behind it. None while nobody looks, nor with live updates off, but after a failure they go on until one succeeds.
  on('htmx:beforeRequest', (event) => {
    if (isForm(event)) byId('mood-failed').hidden = true;
    if (!isStats(event) || event.detail.requestConfig.triggeringEvent) return;
    if (document.hidden || (!live.checked && stale.hidden)) event.preventDefault();
  });
  on('visibilitychange', () => { if (!document.hidden && live.checked) refresh(); });
  addEventListener('pageshow', (event) => { if (event.persisted) refresh(); });
  addEventListener('online', () => { if (!stale.hidden) refresh(); });

  function failed(event) {
    if ((isStats(event) || isCharts(event)) && stale.hidden) {
      byId('stale-time').textContent = updated.textContent;
      byId('refresh').hidden = true;
      stale.hidden = false;
      say(SAYS.stale(updated.textContent));
    } else if (isForm(event)) {
      const line = byId('mood-failed');
      line.textContent = event.detail.elt.id === 'undo-form' ? SAYS.notUndone : SAYS.notSaved;
      line.hidden = false;
      say(line.textContent);
    }
  }
  for (const name of ['htmx:responseError', 'htmx:sendError', 'htmx:timeout']) on(name, failed);

  on('htmx:afterRequest', (event) => {
    if (!isStats(event) || !event.detail.successful) return;
    const date = event.detail.xhr.getResponseHeader('Date');
    writeUpdated(date ? new Date(date) : new Date());
    if (stale.hidden) return;
    const held = stale.contains(document.activeElement);
    stale.hidden = true;
    byId('refresh').hidden = false;
    if (held) byId('refresh').focus();
    say(SAYS.fresh);
    htmx.trigger(document.body, 'aira:moods'); // they may have failed with the rest
  });

  // A table that was opened stays open.
  let opened = [];
  on('htmx:beforeSwap', () => { opened = [...document.querySelectorAll('#charts details[open] > summary')].map((summary) => summary.id); });
  on('htmx:afterSwap', () => {
    for (const id of opened) { const summary = byId(id); if (summary) summary.parentElement.open = true; }
    writeTimes();
    sayUnset();
    // The page's own words belong to the day on which it was opened. It is not reloaded: nobody came.
    byId('new-day').hidden = byId('stats').dataset.today === byId('today').dateTime;
  });

  on('htmx:afterSettle', (event) => {
    if (event.detail.target.id !== 'mood-form') return;
    moved = false;
    const wrong = document.querySelector('#mood-form [aria-invalid]');
    if (wrong) { wrong.focus(); return; }
    if (document.activeElement === document.body) byId('mood-save').focus();
    say(event.detail.requestConfig.elt.id === 'undo-form' ? SAYS.undone : SAYS.saved);
  });
})();
