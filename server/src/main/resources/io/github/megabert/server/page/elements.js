// Elements of the page, and the fields of its forms. Texts are set as texts, never as HTML.

/** An element with attributes and children; a function as an attribute listens to its event. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      made.addEventListener(name, value);
    } else if (value === true) {
      made.setAttribute(name, '');
    } else if (value !== false && value !== undefined) {
      made.setAttribute(name, value);
    }
  }
  made.append(...children.flat().filter((child) => child !== null));
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

let fields = 0;

/**
 * A field of a form: a label, a control and a hint. `read` gives its value, which for
 * lines is the list of those that are not empty.
 */
export function field(of) {
  const id = 'field-' + ++fields;
  const hint = of.hint ? element('p', { class: 'hint', id: id + '-hint' }, of.hint) : null;
  const common = { id, 'aria-describedby': hint ? hint.id : undefined };
  const control = controls[of.kind](of, common);
  const label = element('label', { for: id }, of.label);
  const parts = of.kind === 'flag' ? [control, label] : [label, control];
  return {
    name: of.name,
    node: element('div', { class: 'field ' + of.kind }, parts, of.extra?.(control) ?? null, hint),
    read: () => values[of.kind](control),
    focus: () => control.focus(),
    control,
    small: of.kind === 'number' || of.kind === 'flag' || of.kind === 'choice',
  };
}

const writing = { spellcheck: 'false', required: true };

const controls = {
  text: (of, common) => {
    const area = element('textarea', { ...common, ...writing, rows: of.rows ?? 2 });
    area.value = of.value ?? '';
    return area;
  },
  lines: (of, common) => {
    const area = element('textarea', { ...common, ...writing, rows: of.rows ?? 4 });
    area.value = (of.value ?? []).join('\n');
    return area;
  },
  line: (of, common) =>
    element('input', { ...common, ...writing, type: 'text', required: !of.optional,
      value: of.value ?? '' }),
  number: (of, common) =>
    element('input', { ...common, type: 'number', min: of.min, max: of.max, step: of.step ?? 1,
      value: of.value, required: true }),
  flag: (of, common) => element('input', { ...common, type: 'checkbox', checked: of.value }),
  choice: (of, common) =>
    element('select', common, of.options.map(([value, text]) =>
      element('option', { value, selected: value === of.value }, text))),
};

const values = {
  text: (control) => control.value,
  lines: (control) => control.value.split('\n').map((line) => line.trim()).filter(Boolean),
  line: (control) => control.value,
  number: (control) => control.valueAsNumber,
  flag: (control) => control.checked,
  choice: (control) => control.value,
};

/** A choice outside of a form, which calls `take` with its value when it is changed. */
export function choice(text, options, value, take) {
  const made = field({ kind: 'choice', name: '', label: text, options, value });
  made.control.addEventListener('change', () => take(made.read()));
  return made;
}
