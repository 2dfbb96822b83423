// What the page asks the server for. The API key is in this module's memory and nowhere else.

let key = null;

/** Whether a header can hold it, and so whether the server can have it as its key. */
export function canBeKey(text) {
  return /^[!-~]+$/.test(text);
}

export function useKey(text) {
  key = text;
}

export function hasKey() {
  return key !== null;
}

/** An answer that is none: one sentence for people, and the status. */
export class Refusal extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

function headers(body) {
  const all = {};
  if (key !== null) {
    all.Authorization = 'Bearer ' + key;
  }
  if (body !== undefined) {
    all['Content-Type'] = 'application/json';
  }
  return all;
}

async function send(path, body, signal) {
  let response;
  try {
    response = await fetch(path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: headers(body),
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'omit',
      signal,
    });
  } catch (failure) {
    if (failure.name === 'AbortError') {
      throw failure;
    }
    throw new Refusal(0, 'The server does not answer. Is it still running?');
  }
  if (!response.ok) {
    throw new Refusal(response.status, await sentence(response));
  }
  return response;
}

async function sentence(response) {
  try {
    const said = (await response.json()).error;
    return capital(said) + '.';
  } catch {
    return 'The server answered with status ' + response.status + '.';
  }
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The JSON that a path gives; it is sent a body where there is one. */
export async function ask(path, body, signal) {
  return (await send(path, body, signal)).json();
}

/** Calls `take` with every server-sent event, as it comes. */
export async function events(path, body, signal, take) {
  const response = await send(path, body, signal);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    rest += decoder.decode(value, { stream: true });
    const whole = rest.split('\n\n');
    rest = whole.pop();
    for (const event of whole) {
      const data = JSON.parse(event.replace(/^data: /, ''));
      if (data.error !== undefined) {
        throw new Refusal(0, capital(data.error) + '.');
      }
      take(data);
    }
  }
}

/** The same request for a terminal; the key is left to the shell. */
export function command(path, body) {
  const shown = ['curl -s ' + location.origin + path];
  if (key !== null) {
    shown.push('-H "Authorization: Bearer $MEGABERT_API_KEY"');
  }
  if (body !== undefined) {
    shown.push("-H 'Content-Type: application/json'");
    shown.push("-d '" + JSON.stringify(body).replaceAll("'", "'\\''") + "'");
  }
  return shown.join(' \\\n  ');
}
