// How answers are shown. What is drawn is also there as text, for those who do not see it.

import { choice, element } from './elements.js';

/** A probability in words of at most seven characters. */
export function percent(score) {
  if (score > 0 && score < 0.0005) {
    return '< 0.1 %';
  }
  return (100 * score).toFixed(1) + ' %';
}

function number(score) {
  return (score < 0 ? '\u2212' : '') + Math.abs(score).toFixed(3);
}

/**
 * Bars of scores: `items` have a `label` and a `score`. Probabilities are shown as percents, other
 * numbers as they are. With `choose` every label is a button that calls it with its item's place.
 */
export function bars(items, { cosines = false, choose = null, chosen = 0 } = {}) {
  const scores = items.map((item) => item.score);
  const areShares = !cosines && scores.every((score) => score >= 0 && score <= 1);
  const most = areShares || cosines ? 1 : Math.max(...scores.map(Math.abs), 1e-9);
  const buttons = [];
  const list = element('ol', { class: 'bars' });
  items.forEach((item, i) => {
    const fill = element('span', { class: item.score < 0 ? 'fill less' : 'fill' });
    fill.style.inlineSize = (100 * Math.min(1, Math.abs(item.score) / most)).toFixed(2) + '%';
    let label = element('span', { class: 'label' }, item.label);
    if (choose) {
      label = element('button', { type: 'button', class: 'label',
        click: () => {
          buttons.forEach((button) => button.setAttribute('aria-pressed', button === label));
          choose(i);
        } }, item.label);
      label.setAttribute('aria-pressed', i === chosen);
      buttons.push(label);
    }
    list.append(element('li', {},
      label,
      element('span', { class: 'score' }, areShares ? percent(item.score) : number(item.score)),
      element('span', { class: 'track', 'aria-hidden': 'true' }, fill)));
  });
  return list;
}

/** A colour for a name: the same name has the same one. */
function hue(name) {
  let sum = 0;
  for (const c of name) {
    sum = (31 * sum + c.codePointAt(0)) % 3600;
  }
  return (sum * 137.5) % 360;
}

/** A text with spans marked; their places are counted in code points, as the server counts. */
export function marked(text, spans) {
  const points = Array.from(text);
  const node = element('p', { class: 'marked' });
  let place = 0;
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    if (span.start < place) {
      continue;
    }
    node.append(points.slice(place, span.start).join(''));
    const mark = element('mark', {}, points.slice(span.start, span.end).join(''));
    if (span.label) {
      mark.style.setProperty('--hue', hue(span.label).toFixed(0));
      mark.append(element('span', { class: 'tag' }, '\u00a0' + span.label));
    } else {
      mark.classList.add('answer');
    }
    node.append(mark);
    place = span.end;
  }
  node.append(points.slice(place).join(''));
  return node;
}

/** A table with a caption. */
export function table(caption, heads, rows) {
  return element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    element('table', {},
      element('caption', {}, caption),
      element('thead', {}, element('tr', {}, heads.map((head) =>
        element('th', { scope: 'col' }, head)))),
      element('tbody', {}, rows.map((row) =>
        element('tr', {}, row.map((cell, i) => element(i ? 'td' : 'th', i ? {} : { scope: 'row' },
          cell)))))));
}

/** Tokens in a row; with `choose` they are buttons, and `shade` colours each by a share. */
export function tokens(list, { choose = null } = {}) {
  const nodes = list.map((token, i) =>
    element(choose ? 'button' : 'span', {
      type: choose ? 'button' : undefined,
      class: token.special ? 'token special' : 'token',
      'aria-pressed': choose ? 'false' : undefined,
      click: choose ? () => choose(i) : undefined,
    }, token.text || '\u00a0', token.note ? element('small', {}, token.note) : null));
  const row = element('ol', { class: 'tokens' }, nodes.map((node) => element('li', {}, node)));
  return {
    node: row,
    shade(chosen, shares) {
      nodes.forEach((node, i) => {
        node.setAttribute('aria-pressed', i === chosen);
        node.style.setProperty('--share', (100 * Math.max(0, shares[i])).toFixed(0) + '%');
      });
    },
  };
}

const SVG = 'http://www.w3.org/2000/svg';
const ROW = 24;

function drawn(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  if (text !== undefined) {
    made.textContent = text;
  }
  return made;
}

/** A token that fits into its column. */
function shortened(token) {
  const points = Array.from(token);
  return points.length > 13 ? points.slice(0, 12).join('') + '…' : token;
}

/**
 * Lines from every token to those that it attends to, as dark as it does. The head and the token
 * are chosen by controls or by pointing at a token; the same numbers are in a table.
 */
export function attention(answer, pickLayer) {
  const { tokens: names, layers, layer } = answer;
  const heads = answer.attention;
  const mean = names.map((_, q) =>
    names.map((__, k) => heads.reduce((sum, head) => sum + head[q][k], 0) / heads.length));
  let matrix = mean;
  let from = -1;

  const svg = drawn('svg', {
    viewBox: `20 0 280 ${names.length * ROW + 30}`, class: 'attention', role: 'img',
    'aria-label': 'Lines from tokens to those that they attend to; the table below has the numbers.',
  });
  const holder = element('div');
  const y = (i) => 30 + i * ROW + ROW / 2;

  function redraw() {
    const parts = [
      drawn('text', { x: 112, y: 16, class: 'head', 'text-anchor': 'end' }, 'from'),
      drawn('text', { x: 208, y: 16, class: 'head' }, 'to'),
    ];
    names.forEach((_, q) => {
      if (from >= 0 && q !== from) {
        return;
      }
      matrix[q].forEach((share, k) => {
        if (share >= 0.02) {
          parts.push(drawn('path', {
            d: `M118 ${y(q)} C150 ${y(q)} 170 ${y(k)} 202 ${y(k)}`,
            'stroke-opacity': Math.min(1, 0.06 + 1.4 * share).toFixed(2),
            'stroke-width': (0.6 + 3 * share).toFixed(2),
          }));
        }
      });
    });
    names.forEach((name, i) => {
      const left = drawn('text', { x: 112, y: y(i) + 4, 'text-anchor': 'end',
        class: i === from ? 'from chosen' : 'from' }, shortened(name));
      left.addEventListener('click', () => pick(i === from ? -1 : i));
      const right = drawn('text', { x: 208, y: y(i) + 4 }, shortened(name));
      if (from >= 0) {
        right.style.setProperty('--share', (100 * matrix[from][i]).toFixed(0) + '%');
        right.classList.add('to');
        right.textContent += '\u2002' + percent(matrix[from][i]);
      }
      parts.push(left, right);
    });
    svg.replaceChildren(...parts);
    holder.replaceChildren(element('details', { open: holder.firstChild?.open },
      element('summary', {}, 'As a table'),
      table('What each token attends to most', ['Token', 'First', 'Second', 'Third'],
        names.map((name, q) => [name, ...matrix[q]
          .map((share, k) => ({ share, k }))
          .sort((a, b) => b.share - a.share)
          .slice(0, 3)
          .map(({ share, k }) => `${names[k]} ${percent(share)}`)]))));
  }

  function pick(i) {
    from = i;
    token.control.value = String(i);
    redraw();
  }

  const range = (count, text) => Array.from({ length: count }, (_, i) => [String(i), text(i)]);
  const controls = element('div', { class: 'row' });
  const token = choice('From', [['-1', 'every token'], ...range(names.length, (i) => names[i])],
    '-1', (value) => pick(Number(value)));
  controls.append(
    choice('Layer', range(layers, (i) => `${i + 1} of ${layers}`), String(layer),
      (value) => pickLayer(Number(value))).node,
    choice('Head', [['mean', `mean of ${heads.length}`],
      ...range(heads.length, (i) => `${i + 1} of ${heads.length}`)], 'mean', (value) => {
      matrix = value === 'mean' ? mean : heads[Number(value)];
      redraw();
    }).node,
    token.node);
  redraw();
  return [controls, svg, holder];
}
