// Newline-delimited JSON as it comes, whatever the network cuts it into.
import { Unreachable } from './http';
import { parse } from './tame';

const LONGEST_LINE = 8 << 20;

/** Every whole line of the body, in order. Throws `Unreachable` where the last one is cut off, or a line is no JSON. */
export async function* lines<T>(body: ReadableStream<Uint8Array>): AsyncGenerator<T> {
  const reader = body.getReader(), decoder = new TextDecoder('utf-8', { fatal: true });
  let waiting = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      waiting += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const parts = waiting.split('\n');
      waiting = parts.pop() ?? '';
      for (const part of parts) if (part) yield parse(part) as T;
      if (done) break;
      if (waiting.length > LONGEST_LINE) throw new Unreachable();
    }
    if (waiting.trim()) throw new Unreachable();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw new Unreachable();
    throw error;
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
