'use strict';
// The inspector's page: asks the gateway, shows sections as they arrive. Every text goes in as text, never as markup.
const WORDS = {
  zh: { text: '统一社会信用代码、注册号，或粘贴扫码内容', go: '查询', purpose: '目的', patrol: '日常巡查（公开数据）', inspection: '行政检查（需任务）',
    task: '任务', site: '所在场所', token: '访问令牌', tokenHelp: '只保存在本标签页，关闭即清除。', noToken: '请先填入访问令牌。', noTask: '没有可用于行政检查的任务，请负责人指派，或改用日常巡查。',
    asking: '正在查询…', waiting: '等待答复', of: '已答复', ms: '毫秒', registered: '已登记？', taxes_on_time: '按时纳税？', fire_permit: '消防许可？',
    yes: '是', no: '否', unknown: '不明', not_required: '无需', lastKnown: '上次已知', again: '就该部门再查一次', asOf: '数据时间', withheld: '项按授权未显示', conflict: '各部门说法不一',
    choose: '请选择主体', offline: '网络不通，请稍后重试。', chooseSite: '请选择所在场所', any: '未选择',
    fresh: '刚刚答复', cached: '近期答复', stale: '旧数据', not_found: '无记录（不等于合规）', not_applicable: '不适用', denied: '无权查看', timed_out: '超时', unavailable: '不可用',
    breaker_open: '暂停查询', malformed: '答复有误', shed: '繁忙', other: 'English', true: '是', false: '否' },
  en: { text: 'Credit code, registration number, or pasted scan', go: 'Check', purpose: 'Purpose', patrol: 'Patrol (open data)', inspection: 'Inspection (needs a task)',
    task: 'Task', site: 'Premises', token: 'Access token', tokenHelp: 'Kept for this tab only; closing it forgets it.', noToken: 'Enter your access token first.', noTask: 'You have no task for an inspection. Ask your leader for one, or choose patrol.',
    asking: 'Asking…', waiting: 'waiting', of: 'answered', ms: 'ms', registered: 'Registered?', taxes_on_time: 'Taxes on time?', fire_permit: 'Fire permit?',
    yes: 'Yes', no: 'No', unknown: 'Unknown', not_required: 'Not required', lastKnown: 'last known', again: 'Ask this department again', asOf: 'as of', withheld: 'fields not shown under your grant', conflict: 'Departments disagree',
    choose: 'Choose the business', offline: 'The gateway cannot be reached. Try again later.', chooseSite: 'Choose the premises you are at', any: 'not chosen',
    fresh: 'just answered', cached: 'recent answer', stale: 'old data', not_found: 'no record (not: compliant)', not_applicable: 'not applicable', denied: 'not permitted', timed_out: 'timed out', unavailable: 'unavailable',
    breaker_open: 'paused', malformed: 'bad answer', shed: 'busy', other: '中文', true: 'yes', false: 'no' },
};
const $ = (id) => document.getElementById(id);
let language = 'zh', labels = {}, shown = null, running = null;
const word = (key) => WORDS[language][key] ?? key;
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

async function refusal(response) {
  try {
    const problem = await response.json();
    return `${say(problem.text) || problem.detail} ${say(problem.what_now)} (${problem.trace_id})`;
  } catch { return `HTTP ${response.status}`; }
}

// GB 32100-2015: the last place is a check over the others; persons' numbers have digits only before it.
function isCreditCode(text) {
  const places = '0123456789ABCDEFGHJKLMNPQRTUWXY';
  if (text.length !== 18 || !/[A-Z]/.test(text.slice(0, 17)) || [...text].some((c) => !places.includes(c))) return false;
  let sum = 0, weight = 1;
  for (const c of text.slice(0, 17)) { sum += places.indexOf(c) * weight; weight = weight * 3 % 31; }
  return places[(31 - sum % 31) % 31] === text[17];
}

async function resolved(text) {
  const plain = text.normalize('NFKC').replace(/[\s-]/g, '').toUpperCase();
  // Only what is a sound credit code and no person's number goes into an address at once; all else is asked about in a body first.
  if (isCreditCode(plain)) return plain;
  const response = await fetch('/v1/businesses:resolve', { method: 'POST', headers: headers({ 'Content-Type': 'application/json' }), body: JSON.stringify({ text }) });
  if (!response.ok) { $('notice').textContent = await refusal(response); return null; }
  const answer = await response.json();
  if (answer.outcome === 'match' && answer.business) return answer.business.business_id;
  if (answer.outcome === 'match' && answer.candidates.length === 1) return answer.candidates[0].business_id;
  if (answer.candidates.length) offer(answer.candidates);
  else $('notice').textContent = say(answer.next_step);
  return null;
}

function offer(candidates) {
  const list = $('candidates');
  list.replaceChildren(make('li', 'quiet', word('choose')));
  for (const candidate of candidates) {
    const item = make('li'), button = make('button', '', `${candidate.name} ${candidate.business_id} ${candidate.address}`);
    button.type = 'button';
    button.onclick = () => { $('text').value = candidate.business_id; ask(); };
    item.append(button);
    list.append(item);
  }
  list.hidden = false;
}

async function loadTasks() {
  const inspecting = $('purpose').value === 'inspection';
  $('task-label').hidden = !inspecting;
  if (!inspecting || !$('token').value) return;
  const response = await fetch('/v1/tasks?mine=true', { headers: headers() }).catch(() => null);
  if (!response?.ok) return;
  const tasks = await response.json();
  $('task').replaceChildren(...tasks.map((task) => {
    const option = make('option', '', `${task.business_id} ${task.basis}`);
    option.value = task.id;
    option.dataset.business = task.business_id;
    return option;
  }));
  if (!tasks.length) $('notice').textContent = word('noTask');
  else if (!$('text').value) $('text').value = tasks[0].business_id;
}

function parameters(businessId) {
  const query = new URLSearchParams({ purpose: $('purpose').value });
  if ($('purpose').value === 'inspection') {
    const fits = [...$('task').options].find((option) => option.dataset.business === businessId);
    const chosen = $('task').selectedOptions[0];
    const task = chosen?.dataset.business === businessId ? chosen : fits ?? chosen;
    if (task) query.set('task', task.value);
  }
  if (shown?.businessId === businessId && $('site').value) query.set('site', $('site').value);
  return query;
}

async function ask() {
  if (running) running.abort();
  const stop = running = new AbortController();
  $('notice').textContent = '';
  $('candidates').hidden = true;
  if (!$('token').value.trim()) { $('notice').textContent = word('noToken'); $('sign-in').open = true; $('token').focus(); return; }
  sessionStorage.setItem('token', $('token').value.trim());
  try {
    const businessId = await resolved($('text').value);
    if (!businessId) return;
    const query = parameters(businessId);
    const response = await fetch(`/v1/profiles/${encodeURIComponent(businessId)}?${query}`, { headers: headers({ Accept: 'application/x-ndjson' }), signal: stop.signal });
    if (!response.ok) { $('notice').textContent = await refusal(response); return; }
    shown = { businessId, query, asked: [], sections: {}, profile: null, sites: shown?.businessId === businessId ? shown.sites : null, begun: performance.now() };
    $('result').hidden = false;
    await read(response);
  } catch (error) {
    if (error.name !== 'AbortError') $('notice').textContent = word('offline');
  } finally {
    if (running === stop) running = null;
  }
}

async function read(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let waiting = ''; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (waiting + value).split('\n');
    waiting = lines.pop();
    for (const line of lines) if (line) take(JSON.parse(line));
    draw();
  }
}

function take(event) {
  if (event.type === 'begin') shown.asked = event.value.asked;
  if (event.type === 'section') shown.sections[event.value.name] = event.value.section;
  if (event.type === 'profile') { shown.profile = event.value; shown.sites = event.value.headline.fire_permit.sites ?? shown.sites; }
  if (event.type === 'problem') $('notice').textContent = `${say(event.value.text)} ${say(event.value.what_now)}`;
}

function draw() {
  const { profile, sections, asked } = shown;
  $('name').textContent = profile?.name ?? sections.registration?.data?.entity_name ?? shown.businessId;
  const answered = Object.keys(sections).length;
  const took = profile ? `${profile.elapsed_ms} ${word('ms')}` : word('asking');
  $('progress').textContent = `${shown.businessId} · ${word('of')} ${answered}/${asked.length} · ${took}`;
  $('chips').replaceChildren(...['registered', 'taxes_on_time', 'fire_permit'].map((question) => chip(question, profile?.headline[question])));
  $('notes').replaceChildren(...notes(profile));
  const order = [...asked].sort((a, b) => (b in sections) - (a in sections));
  $('sections').replaceChildren(...order.map((name) => card(name, sections[name])));
  drawSites();
}

function chip(question, answer) {
  const box = make('div', `chip ${answer ? answer.answer : 'waiting'}`);
  box.dataset.question = question;
  box.append(make('span', 'quiet', word(question)), make('b', '', answer ? word(answer.answer) : '…'));
  if (!answer) return box;
  const parts = [say(answer.fact), say(answer.reason?.text)].filter(Boolean);
  if (answer.last_known) parts.push(`${word('lastKnown')}: ${word(answer.last_known.answer)} ${day(answer.last_known.as_of)}`);
  box.append(make('span', '', parts.join(' ')));
  return box;
}

function notes(profile) {
  if (!profile) return [];
  const found = profile.findings.map((finding) => make('div', `note ${finding.severity}`, say(finding.text)));
  for (const conflict of profile.conflicts) {
    const values = conflict.values.map((told) => `${title(told.section)}: ${told.value}`).join('；');
    found.push(make('div', 'note', `${word('conflict')} · ${say(conflict.meaning)}（${values}）`));
  }
  return found;
}

const title = (name) => say(shown.sections[name]?.title) || name;
const day = (instant) => (instant ? new Date(instant).toLocaleString(language === 'zh' ? 'zh-CN' : 'en-GB', { dateStyle: 'medium', timeStyle: 'short' }) : '');

function card(name, section) {
  const box = make('article', `card ${section ? '' : 'waiting'}`);
  box.dataset.section = name;
  const head = make('div', 'head');
  head.append(make('h3', '', title(name)), make('span', 'badge', section ? `${word(section.outcome)} · ${section.elapsed_ms} ${word('ms')}` : word('waiting')));
  box.append(head);
  if (!section) return box;
  box.dataset.outcome = section.outcome;
  if (section.reason) box.append(make('p', 'quiet', `${say(section.reason.text)}。${say(section.reason.what_now)}`));
  if (section.as_of) box.append(make('p', 'quiet', `${word('asOf')} ${day(section.as_of)}`));
  if (section.data) box.append(fields(name, section.data));
  if (section.withheld?.length) box.append(make('p', 'quiet', `${section.withheld.length} ${word('withheld')}`));
  if (['timed_out', 'unavailable', 'stale', 'breaker_open', 'shed', 'malformed'].includes(section.outcome)) box.append(again(name));
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
  const button = make('button', '', word('again'));
  button.type = 'button';
  button.onclick = async () => {
    button.disabled = true;
    button.textContent = word('asking');
    const query = new URLSearchParams(shown.query);
    query.set('wait', '8000');
    const response = await fetch(`/v1/profiles/${encodeURIComponent(shown.businessId)}/sections/${name}?${query}`, { headers: headers() }).catch(() => null);
    if (!response?.ok) { $('notice').textContent = response ? await refusal(response) : word('offline'); button.disabled = false; return; }
    shown.sections[name] = (await response.json()).section;
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
$('site').addEventListener('change', ask);
$('token').addEventListener('change', () => { loadTasks(); loadLabels(); });
language = localStorage.getItem('language') ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');
const given = new URLSearchParams(location.hash.slice(1));
if (given.get('token')) { sessionStorage.setItem('token', given.get('token')); history.replaceState(null, '', location.pathname); }
$('token').value = sessionStorage.getItem('token') ?? '';
$('sign-in').open = !$('token').value;
if (given.get('code')) $('text').value = given.get('code');
translate();
loadLabels();
