// The fan-out in Node: fastify and undici pools, decode all, hide two texts, encode. Checks and traces nothing.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const folder = process.env.BENCH_FOLDER;
const require = createRequire(`${folder}/node/`);
const Fastify = require('fastify');
const { Pool } = require('undici');

const known = JSON.parse(readFileSync(`${folder}/peers.json`, 'utf8'));
const pools = new Map();
for (const ports of Object.values(known.ports))
  for (const [, port] of ports) pools.set(port, new Pool(`http://127.0.0.1:${port}`, { connections: 256, pipelining: 1 }));

async function fetchSection(section, port, id) {
  const response = await pools.get(port).request({ path: `/v1/sections/${section}/${id}`, method: 'GET' });
  if (response.statusCode !== 200) throw new Error(`department answered ${response.statusCode}`);
  const answer = await response.body.json();
  const { list, hide } = known.sections[section];
  const row = answer.data[list][0];
  for (const name of hide) row[name] = '*'.repeat(row[name].length - 2) + row[name].slice(-2);
  return answer;
}

const app = Fastify({ logger: false });
app.get('/n/:n/d/:delay/v1/profiles/:id', async (request) => {
  const { n, delay, id } = request.params;
  const ports = known.ports[delay].slice(0, Number(n));
  const answers = await Promise.all(ports.map(([section, port]) => fetchSection(section, port, id)));
  const departments = {};
  ports.forEach(([section], index) => { departments[section] = answers[index]; });
  return { business_id: id, departments };
});
app.listen({ port: known.port, host: '127.0.0.1', backlog: 4096 });
