import { expect, test } from 'vitest';
import { Unreachable } from '../src/shared/api/http';
import { lines } from '../src/shared/api/lines';

const TEXT = '{"type":"begin","n":1}\n{"type":"section","名":"消防"}\n{"type":"profile"}\n';

function cut(bytes: Uint8Array, ...places: number[]): ReadableStream<Uint8Array> {
  const edges = [0, ...places, bytes.length];
  return new ReadableStream({
    start(controller) {
      for (let i = 1; i < edges.length; i += 1) controller.enqueue(bytes.slice(edges[i - 1], edges[i]));
      controller.close();
    },
  });
}

async function all(body: ReadableStream<Uint8Array>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const line of lines(body)) found.push(line);
  return found;
}

test('the same lines come out wherever the network cuts, also within a character', async () => {
  const bytes = new TextEncoder().encode(TEXT), whole = await all(cut(bytes));
  expect(whole).toHaveLength(3);
  for (let place = 1; place < bytes.length; place += 1) expect(await all(cut(bytes, place))).toEqual(whole);
});

test('a line that is cut off, or is no JSON, is no answer', async () => {
  const bytes = new TextEncoder().encode(TEXT);
  await expect(all(cut(bytes.slice(0, -3)))).rejects.toBeInstanceOf(Unreachable);
  await expect(all(cut(new TextEncoder().encode('<html>\n')))).rejects.toBeInstanceOf(Unreachable);
  await expect(all(cut(new Uint8Array([0xff, 0x0a])))).rejects.toBeInstanceOf(Unreachable);
});
