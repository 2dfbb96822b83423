// Runs every task of a server's page in headless Chromium, at three widths, light and dark, and
// says what is wrong: errors on the console, tasks without a result, pages wider than the window,
// and what axe-core finds about accessibility. It takes a screenshot of each.
//
//   npm install puppeteer-core axe-core
//   node check.mjs http://127.0.0.1:8080 screenshots
//
// CHROMIUM is the browser (/usr/bin/chromium), WIDTHS the widths (360,768,1280). The build does not
// run it: it needs a browser.

import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const require = createRequire(join(process.cwd(), 'here.js'));
const puppeteer = require('puppeteer-core');
const axe = require('axe-core');

const [address, folder] = process.argv.slice(2);
if (!address || !folder) {
  console.error('usage: node check.mjs ADDRESS FOLDER');
  process.exit(2);
}
const widths = (process.env.WIDTHS ?? '360,768,1280').split(',').map(Number);
const problems = [];
/** Texts that a task is run with besides its own. */
const otherTexts = { '#feature-extraction': ['the embankment'] };
let checked = 0;

await mkdir(folder, { recursive: true });
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});

function note(where, what) {
  problems.push(`${where}: ${what}`);
}

/** Looks at what a page shows now. */
async function look(page, where) {
  checked++;
  const [wide, room] = await page.evaluate(() =>
    [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  if (wide > room) {
    note(where, `the page is ${wide} px wide in a window of ${room}`);
  }
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => axe.run());
  for (const violation of found.violations) {
    note(where, `${violation.id}: ${violation.nodes.map((node) => node.html).join(' | ')}`);
  }
  await page.screenshot({ path: resolve(folder, where.replaceAll(/[^\w-]+/g, '-') + '.png'),
    fullPage: true });
}

async function runTask(page, where) {
  await page.click('#task button.primary');
  await page.waitForFunction(() => {
    const results = document.querySelector('#task .results');
    return document.querySelector('#task .problem')
      || (!results.hidden && !results.hasAttribute('aria-busy'));
  }, { timeout: 60_000 });
  const problem = await page.$eval('#task', (task) => task.querySelector('.problem')?.textContent);
  if (problem) {
    note(where, problem);
  }
}

for (const width of widths) {
  for (const scheme of ['light', 'dark']) {
    const page = await browser.newPage();
    await page.setViewport({ width, height: 800 });
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: scheme },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    page.on('console', (said) => {
      if (said.type() === 'error' || said.type() === 'warning') {
        note(page.url(), said.text());
      }
    });
    page.on('pageerror', (failure) => note(page.url(), failure.message));
    await page.goto(address, { waitUntil: 'networkidle0' });
    const seen = new Set();
    const models = await page.$$eval('#model option', (all) => all.map((one) => one.value));
    for (const model of models) {
      if (models.length > 1) {
        await page.select('#model', model);
      }
      for (const hash of await page.$$eval('#tasks a', (all) => all.map((one) => one.hash))) {
        if (seen.has(hash)) {
          continue;
        }
        seen.add(hash);
        const where = `${width} ${scheme} ${hash.slice(1)}`;
        await page.click(`#tasks a[href="${hash}"]`);
        await page.waitForFunction((wanted) =>
          document.querySelector('#tasks a[aria-current]').hash === wanted, {}, hash);
        await runTask(page, where);
        await look(page, where);
        for (const text of otherTexts[hash] ?? []) {
          await page.$eval('#task textarea', (area, other) => { area.value = other; }, text);
          await runTask(page, `${where} of “${text}”`);
        }
      }
    }
    await page.goto(address + '/docs', { waitUntil: 'networkidle0' });
    await look(page, `${width} ${scheme} docs`);
    await page.close();
  }
}
await browser.close();
problems.forEach((problem) => console.log(problem));
console.log(`${checked} pages looked at, ${problems.length} problems`);
process.exit(problems.length ? 1 : 0);
