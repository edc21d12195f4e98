'use strict';
// The inspector's page: asks the gateway, shows sections as they arrive. Every text goes in as text, never as markup.
const WORDS = {
  zh: { text: '统一社会信用代码、注册号、名称，或粘贴扫码内容', go: '查询', purpose: '查询用途', patrol: '日常巡查（公开数据）', inspection: '行政检查（需任务）',
    task: '任务', site: '所在经营场所', token: '登录凭证', tokenHelp: '仅保存在本标签页，关闭即清除。', noToken: '请先填入登录凭证。', signOnFailed: '未能登录，请重新索取登录码。', noTask: '没有指派给您的检查任务，请负责人指派，或改用日常巡查。',
    asking: '正在查询', departments: '个部门', back: '已返回 {n} 个部门', missing: '{n} 个未返回', ms: '毫秒', registered: '登记状态', taxes_on_time: '纳税申报', fire_permit: '消防安全检查',
    'registered.yes': '存续', 'registered.no': '未登记或已终止', 'taxes_on_time.yes': '按期申报', 'taxes_on_time.no': '有逾期或欠税', 'fire_permit.yes': '已取得', 'fire_permit.no': '未取得或已失效',
    yes: '是', no: '否', unknown: '待核实', not_required: '无需办理', lastKnown: '上次获取', again: '重新查询该部门', asOf: '数据时间', received: '返回时间（数据源不提供数据时间）', withheld: '另有 {n} 项因权限未显示', unreadable: '{n} 项内容无法识别，未显示', conflict: '部门间数据不一致',
    choose: '请选择经营主体', suggest: '您要查的是不是', anyway: '证照上确实如此，仍然查询', offline: '网络连接失败，请稍后重试。', chooseSite: '请选择所在经营场所', any: '未选择', tell: '请告知', traced: '跟踪号', notesEmpty: '需要注意的事项将显示在这里', notesNone: '各部门返回的数据中没有需要特别注意的事项',
    fresh: '实时', cached: '缓存', stale: '历史数据', not_found: '无记录（不代表合规）', not_applicable: '不适用', denied: '无权查看', timed_out: '响应超时', unavailable: '部门系统不可用',
    breaker_open: '暂停查询', malformed: '返回数据异常', shed: '系统繁忙', waiting: '等待返回', other: 'English', true: '是', false: '否' },
  en: { text: 'Credit code, registration number, name, or pasted scan', go: 'Check', purpose: 'Purpose', patrol: 'Patrol (open data)', inspection: 'Inspection (needs a task)',
    task: 'Task', site: 'Premises', token: 'Access token', tokenHelp: 'Kept for this tab only; closing it forgets it.', noToken: 'Enter your access token first.', signOnFailed: 'Could not sign on; ask for another code.', noTask: 'You have no task for an inspection. Ask your leader for one, or choose patrol.',
    asking: 'Asking', departments: 'departments', back: '{n} departments answered', missing: '{n} did not', ms: 'ms', registered: 'Registration', taxes_on_time: 'Tax filing', fire_permit: 'Fire safety check',
    'registered.yes': 'In existence', 'registered.no': 'Not registered, or ended', 'taxes_on_time.yes': 'On time', 'taxes_on_time.no': 'Overdue or in arrears', 'fire_permit.yes': 'Held', 'fire_permit.no': 'Not held, or no longer valid',
    yes: 'yes', no: 'no', unknown: 'To be verified', not_required: 'Not required', lastKnown: 'last known', again: 'Ask this department again', asOf: 'data of', received: 'answered at (the source tells no time)', withheld: '{n} fields hidden: outside your authorisation', unreadable: '{n} values could not be read and are left out', conflict: 'Departments disagree',
    choose: 'Choose the business', suggest: 'Did you mean', anyway: 'It stands so on the licence: check it anyway', offline: 'The gateway cannot be reached. Try again later.', chooseSite: 'Choose the premises you are at', any: 'not chosen', tell: 'Tell', traced: 'trace id', notesEmpty: 'What needs attention will be shown here', notesNone: 'Nothing in the answers needs special attention',
    fresh: 'live', cached: 'cached', stale: 'older data', not_found: 'no record; this does not mean compliant', not_applicable: 'not applicable', denied: 'not permitted', timed_out: 'timed out', unavailable: 'system unavailable',
    breaker_open: 'paused', malformed: 'bad data', shed: 'busy', waiting: 'waiting', other: '中文', true: 'yes', false: 'no' },
};
const $ = (id) => document.getElementById(id);
let language = 'zh', labels = {}, shown = null, running = null;
const word = (key, n) => (WORDS[language][key] ?? key).replace('{n}', n);
const say = (both) => (both ? both[language] ?? both.en : '');

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function translate() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-word]')) element.textContent = word(element.dataset.word);
  $('language').textContent = word('other');
  if (shown) draw();
}

function headers(more) { return { Authorization: `Bearer ${$('token').value.trim()}`, ...more }; }

// What is wrong, what to do now, and one tap for what may have been meant.
async function refuse(response) {
  let problem = {};
  try { problem = await response.json(); } catch { /* no words came */ }
  const words = [say(problem.text), say(problem.what_now)].filter(Boolean).join('。');
  const trace = problem.trace_id ?? response.headers.get('x-request-id') ?? '';
  $('notice').textContent = `${words || word('offline')}${trace ? `（${word('traced')} ${trace}）` : ''}`;
  suggest(problem.suggestions ?? [], problem.unusual ?? []);
}

function suggest(codes, ways) {
  if (!codes.length && !ways.length) return;
  const taps = codes.map((code) => tap(code, () => { $('text').value = code; ask(); }));
  if (ways.length) taps.push(tap(word('anyway'), () => ask(ways[0])));
  $('candidates').replaceChildren(...(codes.length ? [make('li', 'quiet', word('suggest'))] : []), ...taps);
  $('candidates').hidden = false;
}

function tap(text, act) {
  const item = make('li'), button = make('button', '', text);
  button.type = 'button';
  button.onclick = act;
  item.append(button);
  return item;
}

// GB 32100-2015: the last place is a check over the others; persons' numbers have digits only before it.
function isCreditCode(text) {
  const places = '0123456789ABCDEFGHJKLMNPQRTUWXY';
  if (text.length !== 18 || !/[A-Z]/.test(text.slice(0, 17)) || [...text].some((c) => !places.includes(c))) return false;
  let sum = 0, weight = 1;
  for (const c of text.slice(0, 17)) { sum += places.indexOf(c) * weight; weight = weight * 3 % 31; }
  return places[(31 - sum % 31) % 31] === text[17];
}

async function resolved(text, unusual) {
  const plain = text.normalize('NFKC').replace(/[\s-]/g, '').toUpperCase();
  // Only what is a sound credit code and no person's number goes into an address at once; all else is asked about in a body first.
  if (isCreditCode(plain) || unusual) return plain;
  const response = await fetch('/v1/businesses:resolve', { method: 'POST', headers: headers({ 'Content-Type': 'application/json' }), body: JSON.stringify({ text }) });
  if (!response.ok) { await refuse(response); return null; }
  const answer = await response.json();
  if (answer.outcome === 'match' && answer.business) return answer.business.business_id;
  if (answer.outcome === 'match' && answer.candidates.length === 1) return answer.candidates[0].business_id;
  if (answer.candidates.length) offer(answer.candidates);
  else { $('notice').textContent = say(answer.next_step); suggest(answer.suggestions ?? [], answer.unusual ?? []); }
  return null;
}

function offer(candidates) {
  const taps = candidates.map((c) => tap(`${c.name} ${c.business_id} ${c.address}`, () => { $('text').value = c.business_id; ask(); }));
  $('candidates').replaceChildren(make('li', 'quiet', word('choose')), ...taps);
  $('candidates').hidden = false;
}

async function loadTasks() {
  const inspecting = $('purpose').value === 'inspection';
  $('task-label').hidden = !inspecting;
  if (!inspecting || !$('token').value) return;
  const response = await fetch('/v1/tasks?mine=true&limit=200', { headers: headers() }).catch(() => null);
  if (!response?.ok) return;
  const { items: tasks } = await response.json();
  $('task').replaceChildren(...tasks.map((task) => {
    const option = make('option', '', `${task.business_id} ${task.basis}`);
    option.value = task.id;
    option.dataset.business = task.business_id;
    return option;
  }));
  if (!tasks.length) $('notice').textContent = word('noTask');
  else if (!$('text').value) $('text').value = tasks[0].business_id;
}

function parameters(businessId, before, unusual) {
  const query = new URLSearchParams({ purpose: $('purpose').value });
  if (unusual) query.set('unusual', unusual);
  if ($('purpose').value === 'inspection') {
    const fits = [...$('task').options].find((option) => option.dataset.business === businessId);
    const chosen = $('task').selectedOptions[0];
    const task = chosen?.dataset.business === businessId ? chosen : fits ?? chosen;
    if (task) query.set('task', task.value);
  }
  if (before === businessId && $('site').value) query.set('site', $('site').value);
  return query;
}

async function ask(unusual) {
  if (running) running.abort();
  const stop = running = new AbortController(), before = shown?.businessId, sites = shown?.sites;
  // Nothing of the former business stays, also when the new one is refused.
  shown = null;
  $('result').hidden = true;
  $('notice').textContent = '';
  $('candidates').hidden = true;
  if (!$('token').value.trim()) { $('notice').textContent = word('noToken'); $('sign-in').open = true; $('token').focus(); return; }
  sessionStorage.setItem('token', $('token').value.trim());
  try {
    const businessId = await resolved($('text').value, unusual);
    if (!businessId || running !== stop) return;
    if (before !== businessId) { $('site').replaceChildren(); delete $('site').dataset.of; $('site-label').hidden = true; }
    const query = parameters(businessId, before, unusual);
    const response = await fetch(`/v1/profiles/${encodeURIComponent(businessId)}?${query}`, { headers: headers({ Accept: 'application/x-ndjson' }), signal: stop.signal });
    if (running !== stop) return;
    if (!response.ok) { await refuse(response); return; }
    shown = { businessId, query, asked: [], sections: {}, headline: {}, profile: null, sites: before === businessId ? sites : null };
    $('sections').replaceChildren();
    draw();  // every place is there before anything is shown: nothing moves when answers come
    $('result').hidden = false;
    await read(response, shown);
  } catch (error) {
    if (error.name !== 'AbortError') $('notice').textContent = word('offline');
  } finally {
    if (running === stop) running = null;
  }
}

async function read(response, mine) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let waiting = ''; ;) {
    const { value, done } = await reader.read();
    if (done || shown !== mine) return;
    const lines = (waiting + value).split('\n');
    waiting = lines.pop();
    for (const line of lines) if (line) take(JSON.parse(line));
    draw();
  }
}

function take(event) {
  if (event.type === 'begin') shown.asked = event.value.asked;
  if (event.type === 'section') shown.sections[event.value.name] = event.value.section;
  if (event.type === 'headline') shown.headline[event.value.question] = event.value.answer;
  if (event.type === 'profile') { shown.profile = event.value; shown.headline = { ...event.value.headline }; shown.sites = event.value.headline.fire_permit.sites ?? shown.sites; }
  if (event.type === 'problem') $('notice').textContent = `${say(event.value.text)}。${say(event.value.what_now)}（${word('traced')} ${event.value.trace_id}）`;
}

const QUESTIONS = ['registered', 'taxes_on_time', 'fire_permit'];
const CURRENT = ['fresh', 'cached', 'not_found', 'not_applicable'];

// Counts come from what is complete, and follow when one department is asked again.
function progress() {
  const { profile, sections, asked } = shown;
  if (!profile) return `${word('asking')} ${asked.length} ${word('departments')}…`;
  const back = asked.filter((name) => CURRENT.includes(sections[name]?.outcome)).length, missing = asked.length - back;
  const counts = [word('back', back), ...(missing ? [word('missing', missing)] : [])];
  return `${counts.join(language === 'zh' ? '，' : ', ')} · ${profile.elapsed_ms} ${word('ms')}`;
}

function draw() {
  const { profile, sections, asked, headline } = shown;
  $('name').textContent = profile?.name ?? sections.registration?.data?.entity_name ?? shown.businessId;
  $('progress').textContent = `${shown.businessId} · ${progress()}`;
  const focused = document.activeElement?.closest?.('[data-section]')?.dataset.section;
  $('chips').replaceChildren(...QUESTIONS.map((question) => chip(question, headline[question])));
  $('notes').replaceChildren(...notes(profile));
  for (const name of asked) place(name, sections[name]);
  if (focused) $('sections').querySelector(`[data-section="${focused}"] summary`)?.focus({ preventScroll: true });
  drawSites();
}

// A card keeps its place and its state: nothing moves under the thumb.
function place(name, section) {
  const known = $('sections').querySelector(`[data-section="${name}"]`), open = known?.open ?? false;
  if (known && known.told === section && known.language === language) return;
  const fresh = card(name, section);
  fresh.open = open;
  fresh.told = section;
  fresh.language = language;
  if (known) known.replaceWith(fresh);
  else $('sections').append(fresh);
}

function chip(question, answer) {
  const box = make('div', `chip ${answer ? answer.answer : 'waiting'}`);
  box.dataset.question = question;
  box.append(make('span', 'quiet', word(question)), make('b', '', answer ? WORDS[language][`${question}.${answer.answer}`] ?? word(answer.answer) : '…'));
  if (!answer) return box;
  const parts = [say(answer.fact), say(answer.reason?.text)].filter(Boolean);
  if (answer.last_known) parts.push(`${word('lastKnown')}: ${WORDS[language][`${question}.${answer.last_known.answer}`] ?? word(answer.last_known.answer)} ${day(answer.last_known.as_of)}`);
  box.append(make('span', 'why', parts.join(' ')));
  return box;
}

function notes(profile) {
  if (!profile) return [make('p', 'quiet', word('notesEmpty'))];
  const found = profile.findings.map((finding) => make('div', `note ${finding.severity}`, say(finding.text)));
  for (const conflict of profile.conflicts) {
    const values = conflict.values.map((told) => `${title(told.section)}: ${told.value}`).join('；');
    found.push(make('div', 'note', `${word('conflict')} · ${say(conflict.meaning)}（${values}）`));
  }
  return found.length ? found : [make('p', 'quiet', word('notesNone'))];
}

const title = (name) => say(shown.sections[name]?.title) || name;
const day = (instant) => (instant ? new Date(instant).toLocaleString(language === 'zh' ? 'zh-CN' : 'en-GB', { dateStyle: 'medium', timeStyle: 'short' }) : '');

function card(name, section) {
  const box = make('details', `card ${section ? '' : 'waiting'}`), head = make('summary', 'head');
  box.dataset.section = name;
  head.append(make('h3', '', title(name)), make('span', 'badge', section ? word(section.outcome) : word('waiting')));
  box.append(head);
  if (!section) return box;
  box.dataset.outcome = section.outcome;
  if (section.reason) box.append(make('p', 'quiet', `${say(section.reason.text)}。${say(section.reason.what_now)}`));
  if (section.contact) box.append(make('p', 'quiet', `${word('tell')}: ${section.contact}`));
  if (section.as_of) box.append(make('p', 'quiet', `${word(section.as_of_basis === 'received' ? 'received' : 'asOf')} ${day(section.as_of)}`));
  if (section.data) box.append(fields(name, section.data));
  if (section.withheld?.length) box.append(make('p', 'quiet', word('withheld', section.withheld.length)));
  if (section.unreadable?.length) box.append(make('p', 'quiet', word('unreadable', section.unreadable.length)));
  if (!CURRENT.includes(section.outcome) && section.outcome !== 'denied') box.append(again(name));
  return box;
}

function fields(name, data) {
  const list = make('dl');
  for (const [field, value] of Object.entries(data)) list.append(make('dt', '', say(labels[`${name}.${field}`]) || field), make('dd', '', plain(value)));
  return list;
}

function plain(value) {
  if (Array.isArray(value)) return value.map(plain).join('\n');
  if (value && typeof value === 'object') return Object.values(value).map(plain).join(' · ');
  return typeof value === 'boolean' || ['yes', 'no', 'unknown', 'not_required'].includes(value) ? word(String(value)) : String(value);
}

function again(name) {
  const button = make('button', '', word('again')), mine = shown;
  button.type = 'button';
  button.onclick = async () => {
    button.disabled = true;
    button.textContent = `${word('asking')}…`;
    const query = new URLSearchParams(mine.query);
    query.set('wait', '8000');
    const response = await fetch(`/v1/profiles/${encodeURIComponent(mine.businessId)}/sections/${name}?${query}`, { headers: headers() }).catch(() => null);
    if (shown !== mine) return;
    if (!response?.ok) { if (response) await refuse(response); else $('notice').textContent = word('offline'); button.disabled = false; button.textContent = word('again'); return; }
    const told = await response.json();
    mine.sections[name] = told.section;
    Object.assign(mine.headline, told.headline);
    draw();
  };
  return button;
}

function drawSites() {
  const sites = shown.sites ?? [];
  $('site-label').hidden = !sites.length;
  if (!sites.length || $('site').dataset.of === shown.businessId) return;
  $('site').dataset.of = shown.businessId;
  const none = make('option', '', word('any'));
  none.value = '';
  $('site').replaceChildren(none, ...sites.map((site) => {
    const option = make('option', '', [site.name, site.address].filter(Boolean).join(' ') || site.site_ref);
    option.value = site.site_ref;
    return option;
  }));
  $('notice').textContent = word('chooseSite');
}

async function loadLabels() {
  if (!$('token').value) return;
  const response = await fetch('/v1/catalogue/fields', { headers: headers() }).catch(() => null);
  if (!response?.ok) return;
  for (const row of await response.json()) labels[`${row.section}.${row.field}`] = row.label;
  if (shown) draw();
}

$('ask').addEventListener('submit', (event) => { event.preventDefault(); ask(); });
$('language').addEventListener('click', () => { language = language === 'zh' ? 'en' : 'zh'; $('language').lang = language === 'zh' ? 'en' : 'zh'; localStorage.setItem('language', language); translate(); });
$('purpose').addEventListener('change', loadTasks);
$('site').addEventListener('change', () => ask());
$('token').addEventListener('change', () => { loadTasks(); loadLabels(); });
language = localStorage.getItem('language') ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');
const given = new URLSearchParams(location.hash.slice(1));
if (given.get('token')) { sessionStorage.setItem('token', given.get('token')); history.replaceState(null, '', location.pathname); }
async function signOn(code) {
  history.replaceState(null, '', location.pathname);
  const form = new URLSearchParams({ grant_type: 'urn:onevisit:grant-type:one-time-code', code });
  const response = await fetch('/v1/token', { method: 'POST', body: form }).catch(() => null);
  const told = await response?.json().catch(() => null);
  if (response?.ok) sessionStorage.setItem('token', told.access_token);
  else $('notice').textContent = told?.text?.[language] ?? word('signOnFailed');
}
async function begin() {
  if (given.get('sign-on')) await signOn(given.get('sign-on'));
  $('token').value = sessionStorage.getItem('token') ?? '';
  $('sign-in').open = !$('token').value;
  if (given.get('code')) $('text').value = given.get('code');
  translate();
  loadLabels();
}
begin();
