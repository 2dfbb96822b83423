// Every task of the page: what it needs of a model, its fields, and how it is asked for and shown.
// `run` gets the values of the fields and a stage: `ask` and `events` for the server, `show` for
// what comes, and it returns one sentence that says what came.

import { element } from './elements.js';
import { attention, bars, marked, percent, table, tokens } from './drawings.js';

function count(n, one, many = one + 's') {
  return n === 1 ? '1 ' + one : n + ' ' + many;
}

const topK = { kind: 'number', name: 'top_k', label: 'Results', min: 1, max: 50, value: 5 };

function insert(mask) {
  return (control) =>
    element('button', { type: 'button', class: 'small', click: () => {
      control.setRangeText(mask, control.selectionStart, control.selectionEnd, 'end');
      control.focus();
    } }, 'Insert ' + mask);
}

const fillMask = {
  name: 'fill-mask',
  title: 'Fill in a word',
  about: (model) => `Finds the words that fit where ${model.mask_token} stands.`,
  fields: (model) => [
    { kind: 'text', name: 'text', label: 'Text', extra: insert(model.mask_token),
      value: `a dog is a domesticated ${model.mask_token}.` },
    topK,
  ],
  async run({ text, top_k }, stage) {
    const answer = await stage.ask('/fill-mask', { inputs: text, parameters: { top_k } });
    const masks = Array.isArray(answer[0]) ? answer : [answer];
    masks.forEach((candidates, i) => stage.show(
      masks.length > 1 ? element('h2', {}, `Gap ${i + 1}`) : null,
      bars(candidates.map((found) => ({ label: found.token_str, score: found.score })))));
    return masks.length === 1
      ? `“${answer[0].token_str}” fits best, ${percent(answer[0].score)}.`
      : `${count(masks.length, 'gap')}, each with its best words.`;
  },
};

const classify = {
  name: 'text-classification',
  title: 'Classify a text',
  about: () => 'Says which class a text, or a pair of texts, belongs to.',
  fields: () => [
    { kind: 'text', name: 'text', label: 'Text', value: 'a large animal of the savanna', rows: 3 },
    { kind: 'line', name: 'second', label: 'Second text of a pair', optional: true },
  ],
  async run({ text, second }, stage) {
    const answer = await stage.ask('/predict', { inputs: second ? [[text, second]] : text });
    const labels = second ? answer[0] : answer;
    stage.show(bars(labels));
    return labels.length > 1
      ? `${labels[0].label} is the most likely of ${labels.length} classes.` : 'One score.';
  },
};

const zeroShot = {
  name: 'zero-shot-classification',
  title: 'Classify by own labels',
  about: () => 'Says which of your labels fits a text, by asking whether the text implies each.',
  fields: () => [
    { kind: 'text', name: 'text', label: 'Text', value: 'the team scored in the last minute' },
    { kind: 'lines', name: 'labels', label: 'Labels, one a line',
      value: ['sport', 'politics', 'cooking'], rows: 3 },
    { kind: 'line', name: 'template', label: 'Sentence about the label',
      value: 'This example is {}.', hint: '{} stands for the label.' },
    { kind: 'flag', name: 'multi', label: 'Several labels may be right' },
  ],
  async run({ text, labels, template, multi }, stage) {
    const answer = await stage.ask('/zero-shot', { inputs: text, parameters: {
      candidate_labels: labels, hypothesis_template: template, multi_label: multi } });
    stage.show(bars(answer.labels.map((label, i) => ({ label, score: answer.scores[i] }))));
    return `“${answer.labels[0]}” fits best.`;
  },
};

const entities = {
  name: 'token-classification',
  title: 'Find entities',
  about: () => 'Marks names and other entities in a text.',
  fields: () => [
    { kind: 'text', name: 'text', label: 'Text', rows: 4,
      value: 'Ada Lovelace worked with Charles Babbage in London.' },
    { kind: 'choice', name: 'strategy', label: 'Tokens are joined', value: 'simple', options: [
      ['simple', 'by equal labels'], ['first', 'to words, by the first token'],
      ['average', 'to words, by the mean'], ['max', 'to words, by the surest token']] },
  ],
  async run({ text, strategy }, stage) {
    const found = await stage.ask('/ner',
      { inputs: text, parameters: { aggregation_strategy: strategy } });
    if (found.length === 0) {
      return 'No entities were found.';
    }
    stage.show(
      marked(text, found.map((one) => ({ ...one, label: one.entity_group }))),
      table('Entities', ['Text', 'Kind', 'Score'], found.map((one) =>
        [Array.from(text).slice(one.start, one.end).join(''), one.entity_group,
          percent(one.score)])));
    return `${count(found.length, 'entity', 'entities')} found.`;
  },
};

const answers = {
  name: 'question-answering',
  title: 'Answer a question',
  about: () => 'Finds the answer to a question in a text, and marks it there.',
  fields: () => [
    { kind: 'line', name: 'question', label: 'Question', value: 'What does a baker make?' },
    { kind: 'text', name: 'context', label: 'Text', rows: 5,
      value: 'A baker rises early. By five the bread is in the oven, and the cakes follow.' },
    { ...topK, label: 'Answers', value: 3, max: 20 },
  ],
  async run({ question, context, top_k }, stage) {
    const found = [await stage.ask('/answer',
      { inputs: { question, context }, parameters: { top_k } })].flat();
    if (found.length === 0) {
      return 'No answer was found.';
    }
    const text = element('div', {}, marked(context, [found[0]]));
    stage.show(text, found.length > 1
      ? element('p', { class: 'hint' }, 'Choose an answer to see its place.') : null,
    bars(found.map((one) => ({ label: one.answer, score: one.score })),
      { choose: (i) => text.replaceChildren(marked(context, [found[i]])) }));
    return `“${found[0].answer}”, ${percent(found[0].score)}.`;
  },
};

const rank = {
  name: 'ranking',
  title: 'Rank texts',
  about: () => 'Orders texts by how well they answer a query.',
  fields: (model) => [
    { kind: 'line', name: 'query', label: 'Query', value: 'an animal that barks' },
    { kind: 'lines', name: 'texts', label: 'Texts, one a line',
      value: ['the dog guards the house', 'a cat sleeps all day', 'bread is baked in an oven'] },
    ...(model.labels?.length > 1 ? [{ kind: 'choice', name: 'label', value: model.labels[0],
      label: 'Label of a text that fits', options: model.labels.map((one) => [one, one]) }] : []),
  ],
  async run({ query, texts, label }, stage) {
    const ranks = await stage.ask('/rerank', { query, texts, label });
    stage.show(bars(ranks.map((one) => ({ label: texts[one.index], score: one.score }))));
    return `${count(ranks.length, 'text')}, the best first.`;
  },
};

const choose = {
  name: 'multiple-choice',
  title: 'Choose a continuation',
  about: () => 'Says which continuation fits a beginning best.',
  fields: () => [
    { kind: 'text', name: 'prompt', label: 'Beginning', value: 'The rain had stopped, so they' },
    { kind: 'lines', name: 'choices', label: 'Continuations, one a line', rows: 3,
      value: ['went for a walk.', 'opened their umbrellas.', 'boiled an egg.'] },
  ],
  async run({ prompt, choices }, stage) {
    const answer = await stage.ask('/choose', { inputs: { prompt, choices } });
    stage.show(bars(choices.map((label, i) => ({ label, score: answer.scores[i] }))
      .sort((a, b) => b.score - a.score)));
    return `“${choices[answer.choice]}” fits best.`;
  },
};

const nextSentence = {
  name: 'next-sentence',
  title: 'Next sentence',
  about: () => 'Says whether the second text continues the first.',
  fields: () => [
    { kind: 'text', name: 'first', label: 'First text', value: 'The dog heard a noise.' },
    { kind: 'text', name: 'second', label: 'Second text', value: 'It barked at the door.' },
  ],
  async run({ first, second }, stage) {
    const answer = await stage.ask('/next-sentence', { inputs: [first, second] });
    stage.show(bars([
      { label: 'It continues the first', score: answer.score },
      { label: 'It is about something else', score: 1 - answer.score }]));
    return answer.is_next ? 'The second text continues the first.' : 'It does not continue it.';
  },
};

const similarity = {
  name: 'text-embedding',
  title: 'Compare texts',
  about: () => 'Compares the vectors of texts: 1 is the same direction, 0 is none in common.',
  fields: () => [
    { kind: 'text', name: 'source', label: 'Text', value: 'a dog barks at the postman' },
    { kind: 'lines', name: 'others', label: 'Compared with, one a line',
      value: ['the puppy yelps at a visitor', 'a cat sleeps in the sun',
        'interest rates rose again'] },
  ],
  async run({ source, others }, stage) {
    const cosines = await stage.ask('/similarity',
      { inputs: { source_sentence: source, sentences: others } });
    stage.show(bars(others.map((label, i) => ({ label, score: cosines[i] }))
      .sort((a, b) => b.score - a.score), { cosines: true }));
    return others.length === 1
      ? `Their cosine is ${cosines[0].toFixed(3)}.`
      : `${count(others.length, 'text')}, the most similar first.`;
  },
};

function cosine(a, b) {
  let ab = 0, aa = 0, bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / Math.sqrt(aa * bb);
}

const features = {
  name: 'feature-extraction',
  title: 'Vectors of tokens',
  about: () => 'Gives every token a vector that depends on its text. Choose a token to see which '
    + 'others are like it.',
  fields: () => [
    { kind: 'text', name: 'text', label: 'Text',
      value: 'he sat on the bank of the river; she took money from the bank' },
  ],
  async run({ text }, stage) {
    const [list] = await stage.ask('/tokenize', { inputs: text });
    const [vectors] = await stage.ask('/embed_all', { inputs: text });
    const below = element('div');
    const row = tokens(list, { choose: pick });
    function pick(chosen) {
      const likes = vectors.map((vector) => cosine(vectors[chosen], vector));
      row.shade(chosen, likes);
      const others = list.map((token, i) => ({ label: token.text, score: likes[i], i }))
        .filter((other) => other.i !== chosen && !list[other.i].special)
        .sort((a, b) => b.score - a.score)
        .slice(0, 5);
      below.replaceChildren(element('h2', {}, `Most like “${list[chosen].text}”`),
        bars(others, { cosines: true }));
    }
    stage.show(row.node, below);
    const bank = list.findIndex((token) => token.text === 'bank');
    pick(bank >= 0 ? bank : Math.max(0, list.findIndex((token) => !token.special)));
    return `${count(vectors.length, 'token')}, each a vector of ${vectors[0].length} numbers.`;
  },
};

const look = {
  name: 'attention',
  needs: 'feature-extraction',
  title: 'Attention',
  about: () => 'Draws which tokens each token attends to, by layer and head.',
  fields: () => [
    { kind: 'text', name: 'text', label: 'Text', value: 'the dog chased the cat because it ran',
      hint: 'At most 128 tokens.' },
  ],
  async run({ text }, stage) {
    async function draw(own, parameters) {
      const answer = await own.ask('/attention', { inputs: text, parameters });
      const [controls, ...rest] = attention(answer,
        (layer) => own.again((next) => draw(next, { layer })));
      const hadFocus = own.clear();
      own.show(controls, ...rest);
      if (hadFocus) {
        controls.querySelector('select').focus();
      }
      return `Layer ${answer.layer + 1} of ${answer.layers}, ${count(answer.attention.length,
        'head')}, ${count(answer.tokens.length, 'token')}.`;
    }
    return draw(stage, {});
  },
};

const tokenize = {
  name: 'tokens',
  needs: null,
  title: 'Tokens',
  about: () => 'Cuts a text into the tokens that the model reads.',
  fields: () => [
    { kind: 'text', name: 'text', label: 'Text', rows: 3,
      value: 'Antidisestablishmentarianism isn’t a common word.' },
  ],
  async run({ text }, stage) {
    const [list] = await stage.ask('/tokenize', { inputs: text });
    stage.show(tokens(list.map((token) => ({ ...token, note: String(token.id) }))).node);
    return `${count(list.length, 'token')}; below each is its number in the vocabulary.`;
  },
};

const ENDS = {
  end_token: 'The model ended its text.',
  max_new_tokens: 'That is as many tokens as were asked for.',
  model_limit: 'The model can read no more.',
};

const generate = {
  name: 'text-generation',
  title: 'Continue a text',
  about: () => 'Writes on, token by token.',
  fields: () => [
    { kind: 'text', name: 'prompt', label: 'Beginning', value: 'the capital of france is' },
    { kind: 'number', name: 'most', label: 'Tokens at most', min: 1, max: 1000, value: 30 },
    { kind: 'flag', name: 'draw', label: 'Draw at random' },
    { kind: 'number', name: 'temperature', label: 'Temperature', min: 0.1, max: 5, step: 0.1,
      value: 0.8, hint: 'Where it is drawn.' },
  ],
  async run({ prompt, most, draw, temperature }, stage) {
    const parameters = { max_new_tokens: most };
    if (draw) {
      Object.assign(parameters, { do_sample: true, temperature });
    }
    const text = element('span', { class: 'new' });
    stage.show(element('p', { class: 'generated' }, prompt, text));
    let reason = '';
    await stage.events('/generate', { inputs: prompt, stream: true, parameters }, (event) => {
      if (event.finish_reason) {
        text.textContent = event.generated_text;
        reason = event.finish_reason;
      } else {
        text.append(event.text);
      }
    });
    return ENDS[reason] ?? 'The server broke off.';
  },
};

export const tasks = [fillMask, classify, zeroShot, entities, answers, rank, choose, nextSentence,
  similarity, generate, features, look, tokenize];

/** Whether a model can do it. */
export function can(model, task) {
  const needed = task.needs === undefined ? task.name : task.needs;
  return needed === null || model.tasks.includes(needed);
}
