// Shows the server's OpenAPI document: its routes, their fields and an example of each.

import { byId, element } from './elements.js';
import { table } from './drawings.js';
import { ask, command } from './server.js';

/** A schema in a few words. */
function type(schema) {
  if (schema.oneOf) {
    return schema.oneOf.map(type).join(' or ');
  }
  if (schema.enum) {
    return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  }
  if (Array.isArray(schema.type)) {
    return schema.type.join(' or ');
  }
  return schema.type === 'array' ? 'list of ' + type(schema.items) : schema.type ?? 'any';
}

function says(schema, isRequired) {
  const all = [];
  if (schema.description) {
    all.push(schema.description);
  }
  if (schema.minimum !== undefined || schema.maximum !== undefined) {
    all.push(`${schema.minimum ?? '…'} to ${schema.maximum ?? 'any'}.`);
  }
  if (schema.default !== undefined) {
    all.push(`Default ${JSON.stringify(schema.default)}.`);
  }
  if (isRequired) {
    all.push('Required.');
  }
  return all.join(' ');
}

/** Fields, those inside of objects after them. */
function rows(schema, before = '') {
  return Object.entries(schema.properties ?? {}).flatMap(([name, of]) => [
    [element('code', {}, before + name), type(of), says(of, schema.required?.includes(name))],
    ...rows(of, before + name + '.'),
  ]);
}

function resolved(document, response) {
  const ref = response.$ref;
  return ref
    ? ref.slice(2).split('/').reduce((part, name) => part[name], document)
    : response;
}

function route(document, path, method, operation) {
  const body = operation.requestBody?.content['application/json'];
  const fields = body ? rows(body.schema) : [];
  return element('section', { class: 'card route', id: operation.operationId, tabindex: '-1' },
    element('h2', {}, element('span', { class: 'method' }, method.toUpperCase()),
      element('span', { class: 'path' }, path)),
    element('p', {}, operation.summary),
    fields.length ? table(`Fields of ${path}`, ['Field', 'Type', 'Says'], fields) : null,
    element('details', {},
      element('summary', {}, 'Example and statuses'),
      element('pre', { tabindex: '0' }, element('code', {}, command(path, body?.example))),
      table(`Statuses of ${path}`, ['Status', 'When'],
        Object.entries(operation.responses).map(([status, response]) =>
          [status, resolved(document, response).description]))));
}

async function begin() {
  let document;
  try {
    document = await ask('/openapi.json');
  } catch (failure) {
    byId('state').textContent = failure.message;
    return;
  }
  const groups = new Map();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags[0];
      groups.set(tag, [...(groups.get(tag) ?? []), { path, method, operation }]);
    }
  }
  for (const [tag, all] of groups) {
    byId('routes').append(element('h2', {}, tag), element('ul', {}, all.map((one) =>
      element('li', {}, element('a', { href: '#' + one.operation.operationId, class: 'path' },
        one.path)))));
    byId('document').append(...all.map((one) =>
      route(document, one.path, one.method, one.operation)));
  }
  byId('document').prepend(
    element('h1', {}, document.info.title),
    element('p', { class: 'about' }, document.info.description + ' ',
      element('a', { href: '/openapi.json' }, 'The document as JSON.')));
  byId('state').textContent = `version ${document.info.version}`;
  byId('state').classList.add('ready');
  if (location.hash.length > 1) {
    byId(location.hash.slice(1))?.scrollIntoView();
  }
}

begin();
