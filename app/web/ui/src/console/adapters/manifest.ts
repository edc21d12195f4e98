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

export function formOf(doc: Doc): Form {
  const mapping = part(doc, 'mapping'), request = part(mapping, 'request'), response = part(mapping, 'response');
  const rules = (Array.isArray(mapping['fields']) ? mapping['fields'] as Doc[] : []).map(({ to, path, convert, ...rest }) => ({ to: String(to ?? ''), path: String(path ?? ''), convert: String(convert ?? 'none'), rest }));
  const empty = (Array.isArray(response['no_record']) ? response['no_record'] as Doc[] : []).find((one) => one['empty'] === true);
  const query = Object.entries(part(request, 'query')).map(([name, value]) => `${name}=${String(value)}`).join('&');
  const plain = Object.fromEntries(PLAIN.map((key) => [key, textIn(doc, key)])) as Pick<Form, typeof PLAIN[number]>;
  return { ...plain, auth: textIn(part(doc, 'auth'), 'kind') || 'none', path: textIn(request, 'path'), query, echo: textIn(response, 'business_id'), asOf: textIn(response, 'as_of'), record: textIn(response, 'record'), noRecord: empty ? textIn(empty, 'path') : '', rules };
}

function put(doc: Doc, key: string, value: string): void { if (value) doc[key] = value; else Reflect.deleteProperty(doc, key); }

/** The document with what the form says. */
export function withForm(before: Doc, form: Form): Doc {
  const doc = JSON.parse(JSON.stringify(before)) as Doc;  // what is reactive cannot be cloned otherwise
  for (const key of PLAIN) put(doc, key, form[key]);
  if (form.auth === 'none') Reflect.deleteProperty(doc, 'auth');
  else doc['auth'] = { ...part(doc, 'auth'), kind: form.auth };
  if (doc['kind'] && doc['kind'] !== 'standard_rest' && !doc['mapping']) return doc;
  const mapping = part(doc, 'mapping'), request = part(mapping, 'request'), response = part(mapping, 'response');
  put(request, 'path', form.path);
  const query = Object.fromEntries(form.query.split('&').filter(Boolean).map((one) => { const at = one.indexOf('='); return at < 0 ? [one, ''] : [one.slice(0, at), one.slice(at + 1)]; }));
  if (Object.keys(query).length) request['query'] = query;
  else Reflect.deleteProperty(request, 'query');
  put(response, 'business_id', form.echo);
  put(response, 'as_of', form.asOf);
  put(response, 'record', form.record);
  const others = (Array.isArray(response['no_record']) ? response['no_record'] as Doc[] : []).filter((one) => one['empty'] !== true);
  response['no_record'] = form.noRecord ? [{ path: form.noRecord, empty: true }, ...others] : others;
  const fields = form.rules.filter((one) => one.to).map((one) => ({ to: one.to, path: one.path, ...(one.convert === 'none' ? {} : { convert: one.convert }), ...one.rest }));
  doc['mapping'] = { ...mapping, request, response, fields };
  return doc;
}
