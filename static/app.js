'use strict';
// Aira's only script: live updates of the dashboard, the slider's output, relative times. Every page works without it.

(() => {
  // Messages. `make strings` extracts them by _ and ngettext; translations would be loaded here.
  const _ = (text) => text;
  const ngettext = (one, many, num) => (num === 1 ? one : many);
  const format = (text, values) => text.replace(/%\((\w+)\)s/g, (match, name) => values[name]);
  const MESSAGES = {
    scoreLabels: [
      _('Very low'), _('Very low'), _('Low'), _('Low'), _('A little low'), _('In between'),
      _('All right'), _('Good'), _('Good'), _('Very good'), _('Very good'),
    ],
    scoreText: (score, label) => format(_('%(score)s of 10, %(word)s'), { score, word: label }),
    notLogged: _('Not logged'),
    chooseScore: _('Choose a place on the line'),
    justNow: _('Just now'),
    minutesAgo: (num) => format(ngettext('%(num)s minute ago', '%(num)s minutes ago', num), { num }),
    hoursAgo: (num) => format(ngettext('%(num)s hour ago', '%(num)s hours ago', num), { num }),
    yesterday: _('Yesterday'),
    daysAgo: (num) => format(ngettext('%(num)s day ago', '%(num)s days ago', num), { num }),
    fitting: (num) => format(ngettext('%(num)s fits', '%(num)s fit', num), { num }),
    copied: _('Copied'),
    copiedStatus: _('Copied.'),
    stale: (time) => format(_('Showing %(time)s. Can’t refresh; your entries are safe.'), { time }),
    staleUnsaved: (time) => format(_('Showing %(time)s. Can’t refresh.'), { time }),
    upToDate: _('Up to date again.'),
    deviceSays: (place) => format(_('Your device says %(place)s. Use it?'), { place }),
    charactersLeft: (num) => format(ngettext('%(num)s character left', '%(num)s characters left', num), { num }),
    charactersOver: (num) => format(ngettext('%(num)s character too many', '%(num)s characters too many', num), { num }),
    saved: _('Saved.'),
    saveFailed: _('Not saved: Aira can’t be reached just now. What you wrote is still here; please save it again.'),
    undone: _('Taken back.'),
    deleted: _('The check-in is deleted.'),
    restored: _('The check-in is back.'),
    changeFailed: _('Not done: Aira can’t be reached just now. Please press again.'),
    left: (num) => format(_('%(num)s left'), { num }),
    tagsFull: _('Eight at most'),
    uploading: (percent) => format(_('Uploading: %(percent)s %'), { percent }),
    importing: _('Uploaded. Aira is reading it.'),
    importFailed: _('That did not work. What was taken until now is kept; please bring the file back once more.'),
    importBusy: _('Another large file is being read just now. Try again in a minute.'),
    importTooLarge: _('This file is larger than Aira can take.'),
    open: _('Open'),
    undoFailed: _('Not taken back: Aira can’t be reached just now. Please press Undo again.'),
  };

  const byId = (id) => document.getElementById(id);
  const on = (name, handler, options) => document.addEventListener(name, handler, options);
  const announce = (message) => { byId('status').textContent = message; }; // the live region

  document.documentElement.classList.add('js');

  // Times, in the user's time zone where the page names it

  let timeZone = document.body.dataset.timezone;
  try { new Intl.DateTimeFormat('en-GB', { timeZone }); } catch { timeZone = undefined; }
  const timeFormat = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
  const dateFormat = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const dayNumber = (date) => Date.parse(dateFormat.format(date)) / 864e5;

  // What is now is the server's to say: the clock of a device may be hours off.
  let clockOffset = 0;
  const serverNow = () => new Date(Date.now() + clockOffset);
  const setServerTime = (text) => { if (text) clockOffset = Date.parse(text) - Date.now(); };
  setServerTime(document.body.dataset.now);

  function relativeTime(then, now) {
    const minutes = Math.floor((now - then) / 6e4);
    const days = dayNumber(now) - dayNumber(then);
    if (minutes < 1) return MESSAGES.justNow;
    if (minutes < 60) return MESSAGES.minutesAgo(minutes);
    if (days < 1 || minutes < 360) return MESSAGES.hoursAgo(Math.floor(minutes / 60));
    if (days === 1) return MESSAGES.yesterday;
    return days < 14 ? MESSAGES.daysAgo(days) : '';
  }

  function updateRelativeTimes() {
    const now = serverNow();
    for (const time of document.querySelectorAll('time[data-relative]')) {
      time.textContent = relativeTime(new Date(time.dateTime), now) || time.title;
    }
  }

  const updated = byId('updated');
  function setUpdated(date) {
    updated.dateTime = date.toISOString();
    updated.textContent = timeFormat.format(date);
  }

  // Scores. One between two half points stays until the person moves it; then it goes by half points.

  const nextHalf = (score, direction) => (direction > 0 ? Math.floor(score * 2 + 1) / 2 : Math.ceil(score * 2 - 1) / 2);
  function setScore(slider, score) {
    slider.step = Number.isInteger(score * 2) ? '0.5' : '0.1';
    slider.value = score;
  }
  on('input', ({ target }) => {
    if (target.type !== 'range' || target.step !== '0.1') return;
    const before = Number(target.defaultValue);
    const moved = Number(target.value) - before;
    const isOneStep = Math.abs(moved) < 0.15; // an arrow key: never back to the half point on the other side
    target.step = '0.5'; // snaps the value
    if (isOneStep) target.value = nextHalf(before, moved);
  });

  // Range inputs in the edit forms of a day's page

  on('input', (event) => {
    if (!event.target.matches('.range')) return;
    const { form, id, value } = event.target;
    const label = MESSAGES.scoreLabels[Math.floor(Number(value) + 0.5)];
    form.dataset.m = Math.floor(Number(value) + 0.5);
    form.querySelector(`output[for="${id}"]`).textContent = `${value} · ${label}`;
    event.target.setAttribute('aria-valuetext', MESSAGES.scoreText(value, label));
  });

  // Notes: what is left of their length, which the server counts in code points; Ctrl+Enter saves

  const LEFT_SAID = 60; // seen from the first character on, said only when it gets short
  let announcement;
  function showLeft(note) {
    const length = [...note.value.trim()].length;
    const left = Number(note.dataset.maxLength) - length;
    const hint = byId(`${note.id}-left`);
    hint.textContent = left < 0 ? MESSAGES.charactersOver(-left) : length ? MESSAGES.left(left) : '';
    hint.classList.toggle('error', left < 0);
    return left < 0 ? hint.textContent : left < LEFT_SAID ? MESSAGES.charactersLeft(left) : '';
  }
  const showAllLeft = () => document.querySelectorAll('.note').forEach(showLeft);
  on('input', ({ target }) => {
    if (!target.matches('.note')) return;
    const text = showLeft(target);
    clearTimeout(announcement);
    if (text) announcement = setTimeout(announce, 1000, text); // once the person pauses
  });
  on('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && event.target.matches('.note')) event.target.form.requestSubmit();
  });
  showAllLeft();

  // Tags: Enter or a comma makes what was typed a chip; at eight nothing more can be chosen

  const COMMAS = /[,\u060c\uff0c\u3001]/;
  const foldTag = (tag) => tag.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().trim().replace(/\s+/g, ' ');
  const chipInputs = (field) => [...field.querySelectorAll('.chip input')];
  const chosenTags = (field) => chipInputs(field).filter((input) => input.checked).map((input) => input.value);
  const isFull = (field) => chosenTags(field).length >= Number(field.dataset.maxTags);

  function limitTags(field) {
    const more = field.querySelector('.chip-field');
    const full = isFull(field);
    for (const input of chipInputs(field)) input.disabled = full && !input.checked;
    const takesFocus = document.activeElement === more;
    more.hidden = full && !more.value && !more.ariaInvalid;
    field.querySelector('.chips-full').hidden = !full;
    if (more.hidden && takesFocus) chipInputs(field).filter((input) => input.checked).pop().focus();
  }
  function chooseTag(field, tag) {
    let input = chipInputs(field).find(({ value }) => foldTag(value) === foldTag(tag));
    if (!input) {
      const chip = document.createElement('label');
      const text = document.createElement('span');
      input = document.createElement('input');
      Object.assign(input, { type: 'checkbox', name: 'tags', value: tag });
      chip.className = 'chip';
      text.dir = 'auto';
      text.textContent = tag;
      chip.append(input, text);
      field.querySelector('.chip-field').before(chip);
    }
    input.checked = true;
  }
  // Makes chips of what stands before each comma; what there is no room for stays in the field.
  function takeTyped(more, isWhole) {
    const field = more.closest('.tag-field');
    const parts = more.value.split(COMMAS);
    const rest = isWhole ? [] : [parts.pop()];
    while (parts.length && !isFull(field)) {
      const tag = parts.shift().trim().replace(/\s+/g, ' ');
      if (tag) chooseTag(field, tag);
    }
    more.value = [...parts, ...rest].join(',').trimStart();
    limitTags(field);
    if (isFull(field)) announce(MESSAGES.tagsFull);
  }
  function setTags(field, tags) {
    for (const input of chipInputs(field)) input.checked = false;
    for (const tag of tags) chooseTag(field, tag);
    limitTags(field);
  }
  const isSuggestion = (value) => [...(byId('tag-list')?.options ?? [])].some((option) => option.value === value);
  on('input', ({ target, inputType }) => {
    if (!target.matches('.chip-field')) return;
    const isPicked = (!inputType || inputType === 'insertReplacementText') && isSuggestion(target.value);
    if (isPicked || COMMAS.test(target.value)) takeTyped(target, isPicked);
  });
  on('keydown', (event) => {
    if (event.key !== 'Enter' || event.isComposing || !event.target.matches('.chip-field')) return;
    event.preventDefault(); // it would send the form
    if (event.ctrlKey || event.metaKey) event.target.form.requestSubmit(); else takeTyped(event.target, true);
  });
  on('change', ({ target }) => { if (target.matches('.chip input')) limitTags(target.closest('.tag-field')); });
  const limitAllTags = () => document.querySelectorAll('.tag-field').forEach(limitTags);
  limitAllTags();

  // The slider of a new check-in. Until it is moved there is no score.

  // "Not logged" only if that is known: yesterday may have an entry, and today one from another tab.
  const unsetText = () => {
    const isLogged = document.querySelector('#stats[data-logged-today], #entries[data-logged-today]');
    return byId('day-today')?.checked && !isLogged ? MESSAGES.notLogged : MESSAGES.chooseScore;
  };
  function showScore(form, value) {
    const isSet = value !== null;
    const label = isSet ? MESSAGES.scoreLabels[Math.floor(value + 0.5)] : '';
    if (isSet) form.dataset.m = Math.floor(value + 0.5); else delete form.dataset.m;
    byId('score-value').textContent = isSet ? value : '';
    byId('score-label').textContent = label;
    byId('score').setAttribute('aria-valuetext', isSet ? MESSAGES.scoreText(value, label) : unsetText());
  }
  on('input', ({ target }) => { if (target.id === 'score') showScore(target.form, Number(target.value)); });
  on('click', ({ target }) => {
    const stepButton = target.closest('[data-step]');
    if (!stepButton) return;
    const slider = byId('score');
    setScore(slider, nextHalf(Number(slider.value), Number(stepButton.dataset.step)));
    slider.dispatchEvent(new Event('input', { bubbles: true }));
  });

  // A check-in that is changed in place: Escape closes it. On a day's page the arrow keys go a day.

  on('keydown', (event) => {
    const details = event.key === 'Escape' && event.target.closest?.('.entry-change[open]');
    if (!details) return;
    details.open = false;
    details.querySelector('summary').focus();
  });
  on('keydown', (event) => {
    if (document.activeElement !== document.body || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const isMirrored = getComputedStyle(document.documentElement).direction === 'rtl';
    const before = isMirrored ? 'ArrowRight' : 'ArrowLeft';
    const after = isMirrored ? 'ArrowLeft' : 'ArrowRight';
    document.querySelector(`.days-around [rel=${{ [before]: 'prev', [after]: 'next' }[event.key]}]`)?.click();
  });

  // Sign-up and sample data: the browser's time zone. Settings: select and copy

  const timezoneField = document.querySelector('[data-detect-timezone]');
  if (timezoneField && !timezoneField.value) timezoneField.value = Intl.DateTimeFormat().resolvedOptions().timeZone || '';

  // A list that a field below it narrows down; what is chosen stays in it.
  const filter = document.querySelector('[data-filters]');
  if (filter) {
    const list = byId(filter.dataset.filters);
    const first = [...list.querySelectorAll(':scope > option')];
    const groups = [...list.querySelectorAll('optgroup')].map((group) => [group, [...group.children]]);
    const plainly = (text) => text.toLowerCase().replaceAll('−', '-');
    const narrowDown = () => {
      const words = plainly(filter.value).split(' ').filter(Boolean);
      const chosen = list.value;
      const found = [];
      for (const [group, options] of groups) {
        const fitting = options.filter((option) => words.every((word) => plainly(`${option.text} ${group.label} ${option.value}`).includes(word)));
        found.push(...fitting);
        group.replaceChildren(...options.filter((option) => option.value === chosen || fitting.includes(option)));
      }
      list.replaceChildren(...first, ...groups.map(([group]) => group).filter((group) => group.children.length));
      list.value = chosen;
      list.size = words.length ? 8 : 1;
      if (words.length) announce(MESSAGES.fitting(found.length));
      return found;
    };
    const choose = (option) => {
      if (option) list.value = option.value;
      filter.value = '';
      narrowDown();
    };
    filter.addEventListener('input', narrowDown);
    filter.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !filter.value.trim()) return;
      event.preventDefault();
      choose(narrowDown()[0]);
      list.focus();
    });
    list.addEventListener('click', () => { if (list.size > 1) choose(); });
  }

  on('focusin', (event) => { if (event.target.matches('[data-select-on-focus]')) event.target.select(); });
  for (const button of document.querySelectorAll('[data-copy]')) {
    if (!navigator.clipboard) continue; // needs a secure context
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(byId(button.dataset.copy).textContent);
        button.textContent = MESSAGES.copied;
        announce(MESSAGES.copiedStatus);
        setTimeout(() => { button.textContent = label; }, 2000);
      } catch { getSelection().selectAllChildren(byId(button.dataset.copy)); }
    });
  }

  // A form that is under way rests: its buttons look so, and another press changes nothing. Nothing is disabled, which would take the focus.

  const REST_LIMIT = 15000; // ms; somebody may have stopped the browser
  const showResting = (form, isResting) => {
    for (const button of form.elements) if (button.type === 'submit') button.ariaDisabled = isResting ? 'true' : null;
  };
  function rest(form) {
    form.dataset.underWay = '';
    showResting(form, true);
  }
  function wake(form) {
    delete form.dataset.underWay;
    showResting(form, false);
  }
  on('submit', (event) => {
    if (!('underWay' in event.target.dataset)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    event.target.dispatchEvent(new CustomEvent('aira:pressed-again', { bubbles: true }));
  }, true);
  on('submit', ({ target, defaultPrevented }) => {
    if (defaultPrevented || target.method !== 'post') return; // htmx prevents it, and says when it is done
    rest(target);
    setTimeout(wake, REST_LIMIT, target);
  });
  addEventListener('pageshow', ({ persisted }) => { if (persisted) document.querySelectorAll('[data-under-way]').forEach(wake); });
  on('htmx:beforeSend', ({ target }) => { if (target.matches('form')) rest(target); });
  on('htmx:afterRequest', ({ detail }) => { if (detail.requestConfig.elt.matches('form')) wake(detail.requestConfig.elt); });

  // Answers to htmx. Only Aira's own are swapped in: a hotel's log-in page comes with 200, too.

  on('htmx:beforeSwap', ({ detail }) => {
    const isOurs = detail.xhr.getResponseHeader('X-Aira') !== null;
    if (isOurs && (!detail.shouldSwap || detail.serverResponse.includes(`id="${detail.target.id}"`))) return;
    detail.shouldSwap = false;
    detail.isError = true;
  });

  // A page from before a new log-in: the answer brings a new token, and the request is repeated, once.
  let isRepeated = false;
  on('htmx:responseError', (event) => {
    const { elt, xhr } = event.detail;
    const token = xhr.status === 400 && xhr.getResponseHeader('X-CSRFToken');
    if (!token || isRepeated) return;
    event.stopImmediatePropagation(); // no failure yet
    isRepeated = true;
    for (const field of document.querySelectorAll('[name=csrf_token]')) field.value = token;
    const headers = JSON.parse(document.body.getAttribute('hx-headers'));
    document.body.setAttribute('hx-headers', JSON.stringify({ ...headers, 'X-CSRFToken': token }));
    setTimeout(() => elt.requestSubmit()); // once this request is over
  }, true);
  on('htmx:afterRequest', ({ detail }) => { if (detail.successful) isRepeated = false; });

  // Charts: their days are links with one tab stop for each chart. The one pointed at, focused or tapped says in the place of the count what it holds.

  const DAY_STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, PageUp: -28, PageDown: 28, Home: -Infinity, End: Infinity };
  const WEEK_STEPS = { ...DAY_STEPS, ArrowLeft: -7, ArrowRight: 7, ArrowUp: -1, ArrowDown: 1 };
  const dayLink = (element) => element?.closest?.('.days a');
  let tapped; // the day whose line stands because a finger chose it
  let tappedBefore; // the same, when the finger came down

  function ringDot(link) {
    const marks = link.closest('.plot')?.querySelector('.marks');
    const dot = marks?.children[[...link.closest('.days').children].indexOf(link.parentElement)];
    if (!dot) return;
    const ring = dot.cloneNode();
    ring.removeAttribute('data-m');
    ring.setAttribute('class', 'chosen-ring');
    marks.append(ring);
  }
  function clearDay(card) {
    card.querySelector('[data-chosen]')?.removeAttribute('data-chosen');
    for (const element of card.querySelectorAll('.day-line, .chosen-ring')) element.remove();
    card.querySelector('.card-header p').hidden = false;
  }
  function showDay(link) {
    const card = link.closest('.card');
    clearDay(card);
    link.dataset.chosen = '';
    const [line, dot, text] = ['p', 'i', 'span'].map((name) => document.createElement(name));
    line.className = 'day-line tabular-nums';
    if ('m' in link.parentElement.dataset) dot.dataset.m = link.parentElement.dataset.m;
    text.append(...link.cloneNode(true).childNodes);
    line.append(dot, text);
    if (link === tapped && link.href) {
      const open = document.createElement('a');
      Object.assign(open, { className: 'touch-target', href: link.href, textContent: MESSAGES.open });
      line.append(open);
    }
    card.querySelector('.card-header p').hidden = true;
    card.querySelector('.card-header').append(line);
    ringDot(link);
  }
  function tapDay(link) {
    tapped = link;
    showDay(link);
  }
  function restDay(card) {
    const link = card.contains(tapped) ? tapped : card.querySelector('.days a:focus-visible');
    if (link?.matches('[data-chosen]')) return; // "Open" stays what is being pressed
    if (link) showDay(link); else clearDay(card);
  }

  on('pointerover', ({ target, pointerType }) => { if (pointerType !== 'touch' && dayLink(target)) showDay(dayLink(target)); });
  on('pointerout', ({ target, pointerType, relatedTarget }) => {
    const days = target.closest?.('.days');
    if (days && pointerType !== 'touch' && !days.contains(relatedTarget)) restDay(days.closest('.card'));
  });
  on('focusin', ({ target }) => {
    const link = dayLink(target);
    if (!link) return;
    link.closest('.days').querySelector('a:not([tabindex])').tabIndex = -1;
    link.removeAttribute('tabindex');
    if (link.matches(':focus-visible')) showDay(link);
  });
  on('focusout', ({ target }) => { if (dayLink(target)) restDay(target.closest('.card')); });

  let pointer = ''; // what pressed last
  on('pointerdown', ({ target, pointerType }) => {
    pointer = pointerType;
    tappedBefore = tapped;
    if (!tapped || target.closest('.days, .day-line')) return;
    const card = tapped.closest('.card');
    tapped = undefined;
    if (card) restDay(card);
  });
  on('pointermove', ({ pointerType, target, clientX, clientY }) => {
    if (pointerType !== 'touch' || !target.closest('.days')) return;
    const link = dayLink(document.elementFromPoint(clientX, clientY)); // a finger's events go to where it came down
    if (link && link !== tapped && (tapped !== tappedBefore || link !== dayLink(target))) tapDay(link);
  });
  on('click', (event) => {
    const link = dayLink(event.target);
    if (!link) return;
    if (event.detail && pointer === 'touch' && link !== tappedBefore) {
      event.preventDefault();
      tapDay(link);
    } else if (!link.href) {
      document.querySelector('form.sample')?.requestSubmit();
    }
  });

  on('keydown', (event) => {
    const link = dayLink(event.target);
    if (!link || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const days = link.closest('.days');
    const step = (days.matches('table') ? WEEK_STEPS : DAY_STEPS)[event.key];
    if (!step) return;
    event.preventDefault();
    const isMirrored = event.key.match(/Left|Right/) && getComputedStyle(days).direction === 'rtl';
    const links = [...days.querySelectorAll('a')].sort((one, other) => (one.pathname < other.pathname ? -1 : 1)); // by date
    const place = links.indexOf(link) + (isMirrored ? -step : step);
    const edge = Math.abs(step) === Infinity && links.at(step < 0 ? 0 : -1);
    (edge || links[place])?.focus();
  });

  // The trend's dates: at least 8 px apart, or every second goes, counted from today.
  const MIN_GAP = 8; // px
  function thinDates(axis) {
    const labels = [...axis.children].reverse();
    const areTight = (shown) => {
      const boxes = shown.map((label) => label.getBoundingClientRect());
      return boxes.slice(1).some((box, i) => Math.max(boxes[i].left - box.right, box.left - boxes[i].right) < MIN_GAP);
    };
    let step = 1;
    const show = () => labels.forEach((label, i) => label.toggleAttribute('hidden', i % step > 0));
    for (show(); step < labels.length && areTight(labels.filter((_label, i) => i % step === 0)); show()) step *= 2;
  }
  const plots = new ResizeObserver((entries) => { for (const { target } of entries) thinDates(target.querySelector('.x-axis')); });
  const watchPlots = () => document.querySelectorAll('.plot').forEach((plot) => plots.observe(plot));
  on('htmx:afterSettle', watchPlots);
  watchPlots();

  // What has the focus keeps it, by its id; if that is gone, the focus stays in the same part of the page.
  let isFocusInside = false;
  on('htmx:beforeSwap', ({ detail }) => { isFocusInside = detail.target.contains(document.activeElement); });
  on('htmx:afterSettle', ({ detail }) => {
    if (!isFocusInside || document.activeElement !== document.body) return;
    const part = byId(detail.target.id);
    (part.querySelector('#mood-save') ?? part.querySelector('a[href]:not([tabindex]), button'))?.focus({ preventScroll: true });
  });

  // Settings: how far the upload of an export is

  const isImport = (event) => event.detail.elt?.id === 'import-form';
  const importStep = (message, progress) => {
    const bar = byId('import-progress').firstElementChild;
    byId('import-progress').hidden = !message;
    byId('import-step').textContent = message;
    if (progress === undefined) bar.removeAttribute('value'); else bar.value = progress;
  };

  on('htmx:beforeRequest', (event) => {
    if (!isImport(event)) return;
    byId('import-failed').hidden = true;
    importStep(MESSAGES.uploading(0), 0);
    announce(MESSAGES.uploading(0));
  });
  // The answer's own progress, which comes after the upload's, says nothing new.
  let uploaded = false;
  on('htmx:xhr:loadstart', (event) => { if (isImport(event)) uploaded = false; });
  on('htmx:xhr:progress', (event) => {
    const { lengthComputable, loaded, total } = event.detail;
    if (!isImport(event) || !lengthComputable || uploaded) return;
    uploaded = loaded === total;
    importStep(uploaded ? MESSAGES.importing : MESSAGES.uploading(Math.floor((loaded / total) * 100)), uploaded ? undefined : loaded / total);
    if (uploaded) announce(MESSAGES.importing);
  });
  const importFailed = (event) => {
    if (!isImport(event)) return;
    const status = event.detail.xhr.status;
    importStep('');
    byId('import-failed').textContent = { 503: MESSAGES.importBusy, 413: MESSAGES.importTooLarge }[status] ?? MESSAGES.importFailed;
    byId('import-failed').hidden = false;
  };
  for (const name of ['htmx:responseError', 'htmx:sendError', 'htmx:timeout']) on(name, importFailed);

  updateRelativeTimes();
  setInterval(updateRelativeTimes, 6e4);
  if (!updated) return; // the rest is for the dashboard only
  setUpdated(new Date(updated.dateTime));

  // A device in another time zone than the account's: asked once for each zone, on each device

  const canonical = (zone) => new Intl.DateTimeFormat('en-GB', { timeZone: zone }).resolvedOptions().timeZone;
  const deviceZone = canonical(undefined);
  const offer = byId('timezone-offer');
  const declined = () => { try { return localStorage.getItem('aira-timezone-declined'); } catch { return null; } };
  const move = `${timeZone}>${deviceZone}`;
  if (timeZone && deviceZone && canonical(timeZone) !== deviceZone && declined() !== move) {
    const place = deviceZone.split('/').pop().replaceAll('_', ' ');
    offer.querySelector('p').textContent = MESSAGES.deviceSays(place);
    offer.elements.timezone.value = deviceZone;
    offer.hidden = false;
    byId('timezone-decline').addEventListener('click', () => {
      try { localStorage.setItem('aira-timezone-declined', move); } catch { /* asked again on the next page view */ }
      offer.hidden = true;
      byId('main').focus();
    });
  }

  // The check-in form. Event delegation, because htmx replaces the form when it is saved.

  let edited = false; // slider, note or tags changed since the form was rendered
  let moved = false; // the slider alone
  const tagField = () => byId('mood-form').querySelector('.tag-field');
  const updateUnsetText = () => { if (!byId('mood-form').dataset.m) byId('score').setAttribute('aria-valuetext', unsetText()); };

  on('input', ({ target }) => {
    if (target.id === 'score') edited = moved = true;
    if (target.id === 'note' || tagField().contains(target)) edited = true;
  });

  on('click', (event) => {
    if (event.target.closest('#retry')) {
      refresh();
    } else if (event.ctrlKey || event.metaKey || event.shiftKey) {
      return; // a link opens elsewhere
    } else if (event.target.closest('#refresh')) {
      event.preventDefault();
      refresh();
    } else if (event.target.closest('#open-today')) {
      keepDraft();
    } else if (event.target.closest('#fill-yesterday')) {
      event.preventDefault();
      byId('day-yesterday').click();
      byId('score').focus();
    }
  });

  const defaultTags = () => chipInputs(tagField()).filter((input) => input.defaultChecked).map((input) => input.value);

  // Choosing the other day clears score, note and tags, unless they were edited.
  on('change', (event) => {
    if (event.target.name !== 'day') return;
    if (edited) { updateUnsetText(); return; }
    const slider = byId('score');
    const note = byId('note');
    const isInitialDay = event.target.defaultChecked;
    setScore(slider, isInitialDay ? Number(slider.defaultValue) : 5);
    note.value = isInitialDay ? note.defaultValue : '';
    showLeft(note);
    setTags(tagField(), isInitialDay ? defaultTags() : []);
    showScore(slider.form, isInitialDay && byId('mood-form').hasAttribute('data-has-score') ? Number(slider.value) : null);
  });

  // The page's day: greeting, date and form belong to it. No automatic reload: it would count as activity.

  const today = byId('today');
  const newDay = byId('new-day');
  let dayTimer;
  function watchDay() {
    const left = Number(today.dataset.ends) - serverNow();
    const isOver = left <= 0 || byId('stats').dataset.today !== today.dateTime;
    if (isOver && newDay.hidden) announce(newDay.querySelector('p').textContent);
    newDay.hidden = !isOver;
    clearTimeout(dayTimer);
    if (!isOver) dayTimer = setTimeout(watchDay, Math.min(left, 6e5)); // timers sleep with the device
  }
  on('visibilitychange', watchDay);
  addEventListener('pageshow', watchDay);
  watchDay();

  // "Open today" hands what was typed to the page that it opens, for the same user only.
  const DRAFT = 'aira-draft';
  function keepDraft() {
    const { note, tags, more } = contents();
    const draft = { user: today.dataset.user, note, tags, more, score: moved ? Number(byId('score').value) : null };
    try { sessionStorage.setItem(DRAFT, JSON.stringify(draft)); } catch { /* no storage: as without a script */ }
  }
  function takeDraft() {
    try {
      const draft = JSON.parse(sessionStorage.getItem(DRAFT));
      sessionStorage.removeItem(DRAFT);
      return draft?.user === today.dataset.user ? draft : null;
    } catch { return null; }
  }
  function showDraft({ note, score, tags, more }) {
    if (note) byId('note').value = note;
    if (more) byId('tags-more').value = more;
    if (tags) setTags(tagField(), JSON.parse(tags));
    if (score !== null) { setScore(byId('score'), score); showScore(byId('mood-form'), score); }
    moved = score !== null;
    edited = moved || note !== '' || more !== '' || tags !== NO_TAGS;
    showAllLeft();
  }

  // The answer is merged into the form: what was typed or moved since the form was sent stays, and a press meanwhile counts.

  let sent; // the form when it was sent
  let kept; // the form when the answer came, and the names of what has changed since
  let isPressedAgain = false;
  const NO_TAGS = '[]';
  const contents = () => ({
    note: byId('note').value,
    tags: JSON.stringify(chosenTags(tagField())),
    more: byId('tags-more').value,
    score: 'm' in byId('mood-form').dataset ? Number(byId('score').value) : null,
    day: document.querySelector('[name=day]:checked').id,
  });
  const draft = takeDraft();
  if (draft) showDraft(draft);
  const changedNames = () => Object.keys(sent).filter((name) => sent[name] !== contents()[name]);

  on('htmx:beforeSend', ({ target }) => {
    if (target.id !== 'mood-form' && target.id !== 'undo-form') return;
    isPressedAgain = false;
    sent = contents();
    if (target.id === 'mood-form') return;
    sent.note = byId('note').defaultValue; // Undo sends nothing of the form
    sent.tags = JSON.stringify(defaultTags());
    sent.more = byId('tags-more').defaultValue;
    if (moved) sent.score = undefined;
  });
  on('aira:pressed-again', ({ target }) => { isPressedAgain = target.id === 'mood-form' && changedNames().length > 0; });
  on('input', ({ target }) => { if (target.form?.id === 'mood-form') showResting(target.form, false); });
  on('htmx:beforeSwap', ({ detail }) => {
    if (detail.target.id !== 'mood-form' || !detail.shouldSwap) return;
    const { selectionStart, selectionEnd } = byId('note');
    kept = { ...contents(), changed: changedNames(), selection: [selectionStart, selectionEnd] };
  });
  function mergeKept({ note, score, day, tags, more, changed, selection }) {
    if (changed.includes('day')) byId(day).checked = true;
    if (changed.includes('day') || changed.includes('score')) {
      setScore(byId('score'), score ?? 5);
      showScore(byId('mood-form'), score);
    }
    if (changed.includes('note')) {
      byId('note').value = note;
      byId('note').setSelectionRange(...selection);
      showLeft(byId('note'));
    }
    if (changed.includes('more')) byId('tags-more').value = more;
    if (changed.includes('tags')) setTags(tagField(), JSON.parse(tags));
    moved ||= changed.includes('score');
    edited ||= moved || ['note', 'tags', 'more'].some((name) => changed.includes(name));
    updateUnsetText();
  }

  // The check-ins beside the form. One that is being changed stays as it is when the others are put in place anew.

  let keptOpen = [];
  let keptFocus = null;
  function keepOpen(answered) {
    const open = [...document.querySelectorAll('#entries .entry-change[open]')].filter((details) => !details.contains(answered));
    keptFocus = open.some((details) => details.contains(document.activeElement)) ? document.activeElement : null;
    keptOpen = open.map((details) => ({ entry: details.closest('.entry').id, details }));
    for (const details of open) details.remove(); // htmx takes its own off what it removes itself
  }
  function putBack() {
    for (const { entry, details } of keptOpen) byId(entry)?.querySelector('.entry-change').replaceWith(details);
    keptOpen = [];
    if (keptFocus?.isConnected) keptFocus.focus({ preventScroll: true });
    keptFocus = null;
    limitAllTags();
  }
  on('htmx:beforeSwap', ({ detail }) => { if (detail.target.id === 'entries' && detail.shouldSwap) keepOpen(detail.requestConfig.elt); });
  on('htmx:oobBeforeSwap', ({ detail }) => { if (detail.target.id === 'entries') keepOpen(null); });
  for (const name of ['htmx:oobAfterSwap', 'htmx:afterSwap']) on(name, ({ detail }) => { if (detail.target.id === 'entries') putBack(); });

  on('htmx:afterSettle', ({ detail }) => {
    const form = detail.requestConfig.elt;
    if (detail.target.id !== 'entries' || !form.matches('form')) return;
    const invalid = document.querySelector('#entries [aria-invalid]');
    if (invalid) { invalid.focus(); return; }
    const [, id] = form.getAttribute('action').match(/(\d+)/);
    (byId('put-back') ?? byId(`edit-${id}`) ?? byId('mood-save')).focus({ preventScroll: true });
    announce(byId('put-back') ? MESSAGES.deleted : form.id === 'deleted-entry' ? MESSAGES.restored : MESSAGES.saved);
  });

  // Live updates

  const staleAlert = byId('stale');
  // The switch of this browser overrides the setting (stored as "setting>choice") until the setting changes.
  const liveSwitch = byId('live-updates');
  const setting = liveSwitch.defaultChecked ? 'on' : 'off';
  try {
    const [storedSetting, choice] = (localStorage.getItem('aira-live') ?? '').split('>');
    if (storedSetting === setting) liveSwitch.checked = choice === 'on'; else localStorage.removeItem('aira-live');
  } catch { /* no storage: the setting applies */ }
  liveSwitch.addEventListener('change', () => {
    try { localStorage.setItem('aira-live', `${setting}>${liveSwitch.checked ? 'on' : 'off'}`); } catch { /* applies to this page view only */ }
    if (liveSwitch.checked) refresh();
  });

  const refresh = () => htmx.trigger(document.body, 'aira:refresh');
  const isStats = (event) => event.detail.elt.id === 'stats';
  const isCharts = (event) => event.detail.elt.id === 'charts';
  const isMoodForm = (event) => event.detail.elt.id === 'mood-form' || event.detail.elt.id === 'undo-form';

  // A refresh aborts a poll in flight, whose response may be older than the last save.
  on('aira:refresh', () => htmx.trigger(byId('stats'), 'htmx:abort'), true);

  // A poll has no triggering event. Polls are skipped while the tab is hidden or live updates are off, but after a failure they go on until one succeeds.
  on('htmx:beforeRequest', (event) => {
    if (isMoodForm(event)) byId('mood-failed').hidden = true;
    for (const error of document.querySelectorAll('.change-failed')) error.hidden = true;
    if (!isStats(event) || event.detail.requestConfig.triggeringEvent) return;
    if (document.hidden || (!liveSwitch.checked && staleAlert.hidden)) event.preventDefault();
  });
  on('visibilitychange', () => { if (!document.hidden && liveSwitch.checked) refresh(); });
  addEventListener('pageshow', (event) => { if (event.persisted) refresh(); });
  addEventListener('online', () => { if (!staleAlert.hidden) refresh(); });

  // "Your entries are safe" is not said beside "Not saved".
  function showStale() {
    const text = byId('mood-failed').hidden ? MESSAGES.stale : MESSAGES.staleUnsaved;
    byId('stale-text').textContent = text(updated.textContent);
  }

  function showFailure(event) {
    if ((isStats(event) || isCharts(event)) && staleAlert.hidden) {
      showStale();
      byId('refresh').hidden = true;
      staleAlert.hidden = false;
      announce(byId('stale-text').textContent);
    } else if (isMoodForm(event)) {
      const error = byId('mood-failed');
      error.textContent = event.detail.elt.id === 'undo-form' ? MESSAGES.undoFailed : MESSAGES.saveFailed;
      error.hidden = false;
      showStale();
      announce(error.textContent);
    } else if (event.detail.elt.closest('#entries form')) {
      const error = event.detail.elt.closest('.entry-change, form').querySelector('.change-failed');
      error.textContent = MESSAGES.changeFailed;
      error.hidden = false;
      announce(error.textContent);
    }
  }
  for (const name of ['htmx:responseError', 'htmx:sendError', 'htmx:timeout']) on(name, showFailure);

  on('htmx:afterRequest', (event) => {
    // A fragment that was swapped is gone by now, and the event comes from the body.
    if (event.detail.requestConfig.elt.id !== 'stats' || !event.detail.successful) return;
    setServerTime(event.detail.xhr.getResponseHeader('Date'));
    setUpdated(serverNow());
    updateRelativeTimes();
    if (staleAlert.hidden) return;
    const hadFocus = staleAlert.contains(document.activeElement);
    staleAlert.hidden = true;
    byId('refresh').hidden = false;
    if (hadFocus) byId('main').focus({ preventScroll: true }); // Refresh stands at the foot
    announce(MESSAGES.upToDate);
    htmx.trigger(document.body, 'aira:moods'); // the charts' request may have failed too
  });

  // Keep tables open when the charts are swapped.
  let openSummaries = [];
  on('htmx:beforeSwap', () => { openSummaries = [...document.querySelectorAll('#charts details[open] > summary')].map((summary) => summary.id); });
  on('htmx:afterSwap', () => {
    for (const id of openSummaries) { const summary = byId(id); if (summary) summary.parentElement.open = true; }
    updateRelativeTimes();
    updateUnsetText();
    showAllLeft();
    showStale();
    limitAllTags();
    watchDay();
  });

  on('htmx:afterSettle', (event) => {
    if (event.detail.target.id !== 'mood-form') return;
    const invalid = document.querySelector('#mood-form [aria-invalid]');
    edited = moved = invalid !== null;
    mergeKept(kept);
    if (isPressedAgain) { byId('mood-form').requestSubmit(); return; }
    if (invalid) { invalid.focus(); return; }
    if (document.activeElement === document.body) byId('mood-save').focus();
    announce(event.detail.requestConfig.elt.id === 'undo-form' ? MESSAGES.undone : MESSAGES.saved);
  });
})();
