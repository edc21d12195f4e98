// The declaration of an adapter as a form edits it; what the form has no field for stays as it was. Pure.
export interface Rule { to: string; path: string; convert: string; rest: Record<string, unknown> }
export interface Form {
  adapter_id: string; department: string; section: string; title_zh: string; title_en: string; base_url: string; region: string; contact: string; legal_basis: string;
  sample_business_id: string; unknown_business_id: string; auth: string; path: string; query: string; echo: string; asOf: string; record: string; noRecord: string; rules: Rule[];
}

export const CONVERT = ['text', 'date', 'int', 'number', 'bool', 'code', 'list', 'none'] as const;
export const AUTH = ['none', 'api_key', 'bearer', 'basic', 'login'] as const;
type Doc = Record<string, unknown>;
const PLAIN = ['adapter_id', 'department', 'section', 'title_zh', 'title_en', 'base_url', 'region', 'contact', 'legal_basis', 'sample_business_id', 'unknown_business_id'] as const;

const part = (doc: Doc, key: string): Doc => (typeof doc[key] === 'object' && doc[key] !== null && !Array.isArray(doc[key]) ? doc[key] as Doc : {});
const textIn = (doc: Doc, key: string): string => (typeof doc[key] === 'string' ? doc[key] : '');

export function blank(department: string, region: string): Doc {
  return {
    adapter_id: department, department, section: department, title_zh: '', title_en: '', base_url: '', region, sample_business_id: '', unknown_business_id: '',
    mapping: { request: { path: '/', query: { id: '{business_id}' } }, response: { business_id: 'id', no_record: [{ path: 'data', empty: true }] }, fields: [] },
  };
}

const asQuery = (text: string) => text.replaceAll('%', '%25').replaceAll('&', '%26');
const asText = (text: string) => text.replaceAll('%26', '&').replaceAll('%25', '%');

/** The one condition that the form shows: nothing stands at a place, and nothing else is asked. */
const isEmptyPlace = (one: Doc) => one['empty'] === true && typeof one['path'] === 'string' && Object.keys(one).length === 2;

export function formOf(doc: Doc): Form {
  const mapping = part(doc, 'mapping'), request = part(mapping, 'request'), response = part(mapping, 'response');
  const rules = (Array.isArray(mapping['fields']) ? mapping['fields'] as Doc[] : []).map(({ to, path, convert, ...rest }) => ({ to: String(to ?? ''), path: String(path ?? ''), convert: String(convert ?? 'none'), rest }));
  const empty = (Array.isArray(response['no_record']) ? response['no_record'] as Doc[] : []).find(isEmptyPlace);
  const query = Object.entries(part(request, 'query')).map(([name, value]) => `${asQuery(name).replaceAll('=', '%3D')}=${asQuery(String(value))}`).join('&');
  const plain = Object.fromEntries(PLAIN.map((key) => [key, textIn(doc, key)])) as Pick<Form, typeof PLAIN[number]>;
  return { ...plain, auth: textIn(part(doc, 'auth'), 'kind') || 'none', path: textIn(request, 'path'), query, echo: textIn(response, 'business_id'), asOf: textIn(response, 'as_of'), record: textIn(response, 'record'), noRecord: empty ? textIn(empty, 'path') : '', rules };
}

/** Whether the form's rows about request and answer say something of this kind of adapter; one that is written in Python has its own. */
export function isMapped(doc: Doc): boolean { return !doc['kind'] || doc['kind'] === 'standard_rest' || Boolean(doc['mapping']); }

function put(doc: Doc, key: string, value: string): void { if (value) doc[key] = value; else Reflect.deleteProperty(doc, key); }

function queryOf(text: string): Doc {
  return Object.fromEntries(text.split('&').filter(Boolean).map((one) => {
    const at = one.indexOf('=');
    return at < 0 ? [asText(one), ''] : [asText(one.slice(0, at).replaceAll('%3D', '=')), asText(one.slice(at + 1))];
  }));
}

function conditions(response: Doc, path: string): Doc[] {
  const all = Array.isArray(response['no_record']) ? response['no_record'] as Doc[] : [], shown = all.find(isEmptyPlace);
  const others = all.filter((one) => one !== shown);
  return path ? [{ path, empty: true }, ...others] : others;
}

/** The document with what the form changed; whatever it did not change stays as it was, absent where it was absent. */
export function withForm(before: Doc, form: Form): Doc {
  const doc = JSON.parse(JSON.stringify(before)) as Doc;  // what is reactive cannot be cloned otherwise
  const was = formOf(before), changed = (key: keyof Form) => JSON.stringify(was[key]) !== JSON.stringify(form[key]);
  for (const key of PLAIN) if (changed(key)) put(doc, key, form[key]);
  if (changed('auth')) { if (form.auth === 'none') Reflect.deleteProperty(doc, 'auth'); else doc['auth'] = { ...part(doc, 'auth'), kind: form.auth }; }
  const mapping = part(doc, 'mapping'), request = part(mapping, 'request'), response = part(mapping, 'response');
  if (changed('path')) put(request, 'path', form.path);
  if (changed('query')) { const query = queryOf(form.query); if (Object.keys(query).length) request['query'] = query; else Reflect.deleteProperty(request, 'query'); }
  if (changed('echo')) put(response, 'business_id', form.echo);
  if (changed('asOf')) put(response, 'as_of', form.asOf);
  if (changed('record')) put(response, 'record', form.record);
  if (changed('noRecord')) response['no_record'] = conditions(response, form.noRecord);
  if (changed('rules')) mapping['fields'] = form.rules.filter((one) => one.to).map((one) => ({ to: one.to, path: one.path, ...(one.convert === 'none' ? {} : { convert: one.convert }), ...one.rest }));
  if (changed('path') || changed('query')) mapping['request'] = request;
  if (['echo', 'asOf', 'record', 'noRecord'].some((key) => changed(key as keyof Form))) mapping['response'] = response;
  if (Object.keys(mapping).length) doc['mapping'] = mapping;
  return doc;
}
