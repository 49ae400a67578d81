import { hash } from 'node:crypto';
import { type Answer, HTML_TYPE } from './http-answer.ts';

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 0; height: 100vh; display: grid; grid-template-rows: auto 1fr; }
header { display: flex; gap: 1rem; align-items: center; padding: .5rem 1rem; border-bottom: 1px solid #8888; }
h1 { font-size: 1.05rem; margin: 0; flex: 1; }
form, main { min-height: 0; }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; padding: .75rem 1rem; }
form { display: grid; grid-template-rows: auto 3fr auto 1fr auto 1fr; gap: .25rem; }
section { display: grid; grid-template-rows: auto 1fr auto; gap: .25rem; min-height: 0; min-width: 0; }
textarea, pre { font: 13px/1.45 ui-monospace, monospace; margin: 0; padding: .5rem; border: 1px solid #8888; border-radius: 4px; resize: none; }
pre { overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
button { font: inherit; padding: .25rem 1.25rem; }
label, h2 { font-size: .9rem; font-weight: 600; margin: 0; }
p { margin: 0; font-size: .85rem; }
@media (max-width: 50rem) { body { height: auto; } main { grid-template-columns: 1fr; } textarea, pre { min-height: 8rem; } }
`;

// Nothing is stored: what stands in the header field is gone with the page.
const SCRIPT = `
const field = (id) => document.getElementById(id);
const say = (text) => { field('state').textContent = text; };
const readHeaders = () => Object.fromEntries(field('headers').value.split('\\n').map((line) => line.trim()).filter(Boolean).map((line) => {
  const at = line.indexOf(':');
  if (at < 1) throw new Error('请求头每行应为“名称: 值”');
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}));
const readVariables = () => {
  const text = field('variables').value.trim();
  if (text === '') return {};
  try { return JSON.parse(text); } catch { throw new Error('变量不是合法的 JSON'); }
};
async function run() {
  try {
    const body = JSON.stringify({ query: field('query').value, variables: readVariables() });
    const headers = { ...readHeaders(), 'content-type': 'application/json', accept: 'application/graphql-response+json' };
    say('查询中…');
    const started = performance.now();
    const response = await fetch('/graphql', { method: 'POST', headers, body, credentials: 'omit', cache: 'no-store' });
    const text = await response.text();
    try { field('result').textContent = JSON.stringify(JSON.parse(text), null, 2); } catch { field('result').textContent = text; }
    say('HTTP ' + response.status + ' · ' + Math.round(performance.now() - started) + ' 毫秒 · 请求编号 ' + response.headers.get('hub-request-id'));
  } catch (error) {
    say(error.message);
  }
}
field('form').addEventListener('submit', (event) => { event.preventDefault(); run(); });
document.addEventListener('keydown', (event) => { if ((event.ctrlKey || event.metaKey) && event.key === 'Enter') { event.preventDefault(); run(); } });
`;

const PAGE = `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>信用数据查询台</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>信用数据查询台</h1><button type="submit" form="form">运行（Ctrl + Enter）</button></header>
<main>
<form id="form" autocomplete="off">
<label for="query">查询语句</label>
<textarea id="query" spellcheck="false">{
  me { audience purposes }
}</textarea>
<label for="variables">变量（JSON）</label>
<textarea id="variables" spellcheck="false"></textarea>
<label for="headers">请求头（每行一个，如 Authorization: Bearer …、Hub-Purpose: LICENSING；不保存）</label>
<textarea id="headers" spellcheck="false" autocomplete="off"></textarea>
</form>
<section aria-live="polite"><h2>返回结果</h2><pre id="result" tabindex="0"></pre><p id="state" role="status"></p></section>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;

const POLICY = [
  "default-src 'none'",
  `script-src 'sha256-${hash('sha256', SCRIPT, 'base64')}'`,
  `style-src 'sha256-${hash('sha256', STYLE, 'base64')}'`,
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** A page to write a query in; it talks to this host and to no other. */
export const IDE_PAGE: Answer = {
  status: 200,
  contentType: HTML_TYPE,
  body: PAGE,
  headers: { 'content-security-policy': POLICY, 'cache-control': 'no-store' },
};
