// The page: which tasks there are, the form of the one that is chosen, and what came of it.

import { byId, element, field } from './elements.js';
import { can, tasks } from './tasks.js';
import { ask, canBeKey, command, events, hasKey, Refusal, useKey } from './server.js';

/** How often a server that is not warm yet is asked again. */
const AGAIN_MILLIS = 1000;
/** How long a request may take before it can be stopped. */
const STOP_MILLIS = 300;

let info = null;
let model = null;
/** Forms by model and task, so that what was typed stays. */
const forms = new Map();

async function begin() {
  try {
    info = await ask('/info');
  } catch (failure) {
    if (failure.status === 401) {
      askForKey(hasKey() ? 'That is not the key of this server.' : null);
    } else {
      state(failure.message, false);
      setTimeout(begin, 5 * AGAIN_MILLIS);
    }
    return;
  }
  byId('key-form').hidden = true;
  model = info.models.find((one) => one.name === model?.name) ?? info.models[0];
  offerModels();
  offerTasks();
  show();
  watch();
}

/** Says that the models are warm, once they are. */
async function watch() {
  const ready = info.models.every((one) => one.ready);
  const name = info.models.length === 1 ? model.name : `${info.models.length} models`;
  state(ready ? `${name} · ready` : `${name} · warming up: first answers are slow`, ready);
  if (ready) {
    return;
  }
  setTimeout(async () => {
    try {
      info = await ask('/info');
    } catch {
      // It is asked again.
    }
    watch();
  }, AGAIN_MILLIS);
}

function state(text, isReady) {
  const node = byId('state');
  if (node.textContent !== text) {
    node.textContent = text;
  }
  node.classList.toggle('ready', isReady);
}

function askForKey(problem) {
  state('locked', false);
  byId('task').replaceChildren();
  byId('tasks').replaceChildren();
  byId('key-problem').textContent = problem ?? '';
  byId('key-problem').hidden = !problem;
  byId('key-form').hidden = false;
  byId('key').focus();
}

byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const key = byId('key').value.trim();
  byId('key').value = '';
  if (canBeKey(key)) {
    useKey(key);
    begin();
  } else {
    askForKey('A key has no blanks, and no characters but those of ASCII.');
  }
});

function offerModels() {
  const select = byId('model');
  select.replaceChildren(...info.models.map((one) =>
    element('option', { value: one.name, selected: one.name === model.name }, one.name)));
  byId('model-choice').hidden = info.models.length === 1;
}

byId('model').addEventListener('change', (event) => {
  model = info.models.find((one) => one.name === event.target.value);
  offerTasks();
  show();
});

function offerTasks() {
  byId('tasks').replaceChildren(element('ul', {}, tasks.filter((task) => can(model, task)).map(
    (task) => element('li', {}, element('a', { href: '#' + task.name }, task.title)))));
}

/** Shows the task that the address names. */
function show() {
  const wanted = location.hash.slice(1);
  if (wanted === 'main' && byId('task').firstChild) {
    return;
  }
  const possible = tasks.filter((task) => can(model, task));
  const task = possible.find((one) => one.name === wanted) ?? possible[0];
  for (const link of byId('tasks').querySelectorAll('a')) {
    if (link.hash === '#' + task.name) {
      link.setAttribute('aria-current', 'page');
    } else {
      link.removeAttribute('aria-current');
    }
  }
  document.title = task.title + ' · MegaBERT';
  const place = model.name + ' ' + task.name;
  if (!forms.has(place)) {
    forms.set(place, form(task, model));
  }
  byId('task').replaceChildren(forms.get(place));
}

addEventListener('hashchange', () => {
  if (model && byId('key-form').hidden) {
    show();
    if (location.hash !== '#main') {
      byId('task').querySelector('h1')?.focus();
    }
  }
});

function form(task, served) {
  const fields = task.fields(served).map(field);
  const status = element('p', { role: 'status', class: 'summary' });
  const problem = element('div', { role: 'alert' });
  const out = element('div', { class: 'out' });
  const request = element('div');
  const results = element('section', { class: 'card results', 'aria-label': 'Result', hidden: true },
    out, request);
  const stop = element('button', { type: 'button', hidden: true, click: () => running?.abort() },
    'Stop');
  let running = null;

  /** What a task does with the server and the page, of one run. */
  function stage(signal) {
    const named = (body) => (info.models.length > 1 ? { model: served.name, ...body } : body);
    const sent = [];
    const note = (path, body) => {
      sent.push(command(path, body));
      request.replaceChildren(details(sent));
      return body;
    };
    return {
      ask: (path, body) => ask(path, note(path, named(body)), signal),
      events: (path, body, take) => events(path, note(path, named(body)), signal, take),
      show: (...nodes) => {
        results.hidden = false;
        out.append(...nodes.flat().filter(Boolean));
      },
      // Whether what is gone had the focus.
      clear: () => {
        const hadFocus = out.contains(document.activeElement);
        out.replaceChildren();
        return hadFocus;
      },
      again: (work) => run(work, false),
    };
  }

  async function run(work, fresh) {
    running?.abort();
    const own = new AbortController();
    running = own;
    const timer = setTimeout(() => { stop.hidden = false; }, STOP_MILLIS);
    problem.replaceChildren();
    status.textContent = '';
    if (fresh) {
      out.replaceChildren();
      results.hidden = true;
    }
    results.setAttribute('aria-busy', 'true');
    const start = performance.now();
    try {
      const said = await work(stage(own.signal));
      results.hidden = false;
      status.replaceChildren(said, element('span', { class: 'time' },
        ` ${Math.round(performance.now() - start)} ms`));
    } catch (failure) {
      if (failure.name === 'AbortError') {
        if (running === own) {
          status.textContent = 'Stopped.';
        }
      } else if (failure.status === 401) {
        askForKey('That is no longer the key of this server.');
      } else {
        problem.replaceChildren(element('p', { class: 'problem' },
          failure instanceof Refusal ? failure.message : 'The page failed: ' + failure.message));
      }
    } finally {
      clearTimeout(timer);
      if (running === own) {
        running = null;
        if (document.activeElement === stop) {
          fields[0].focus();
        }
        stop.hidden = true;
        results.removeAttribute('aria-busy');
      }
    }
  }

  const made = element('form', { class: 'card', submit: (event) => {
    event.preventDefault();
    const values = Object.fromEntries(fields.map((one) => [one.name, one.read()]));
    run((own) => task.run(values, own), true);
  }, keydown: (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      made.requestSubmit();
    }
  } },
  fields.filter((one) => !one.small).map((one) => one.node),
  element('div', { class: 'row' }, fields.filter((one) => one.small).map((one) => one.node)),
  element('p', { class: 'actions' },
    element('button', { type: 'submit', class: 'primary' }, 'Run'), stop,
    element('span', { class: 'hint keys' }, 'Ctrl + Enter')),
  problem);
  return element('div', {},
    element('h1', { tabindex: '-1' }, task.title),
    element('p', { class: 'about' }, task.about(served)),
    served.untrained_tasks.includes(task.needs ?? task.name)
      ? element('p', { class: 'note' },
        'This model was not trained for it, so do not expect good answers.') : null,
    made, status, results);
}

/** The requests of a run, as commands for a terminal. */
function details(commands) {
  const text = commands.join('\n\n');
  const copy = element('button', { type: 'button', class: 'small', click: async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = 'Copied';
    setTimeout(() => { copy.textContent = 'Copy'; }, 2000);
  } }, 'Copy');
  return element('details', {},
    element('summary', {}, commands.length === 1 ? 'The request' : 'The requests'),
    element('pre', { tabindex: '0' }, element('code', {}, text)),
    navigator.clipboard ? copy : null);
}

begin();
