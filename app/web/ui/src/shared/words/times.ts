// Times as people read them: absolute where it matters, relative where age is meant.
import { language, word } from './index';

const DAY = 86_400;

function locale(): string { return language.value === 'zh' ? 'zh-CN' : 'en-GB'; }

/** An instant, by the clock of this device; the text itself where it is none. */
export function instant(text: string | null | undefined): string {
  if (!text) return '';
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  return isDay ? day(text) : at.toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'short' });
}

/** An instant of this year without its year, where there is little room. */
export function brief(text: string | null | undefined): string {
  const at = new Date(text ?? '');
  if (!text || Number.isNaN(at.getTime()) || at.getFullYear() !== new Date().getFullYear()) return instant(text);
  return at.toLocaleString(locale(), { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
}

/** An instant to the second, where it is looked for among many. */
export function second(text: string): string {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : at.toLocaleString(locale(), { dateStyle: 'short', timeStyle: 'medium' });
}

/** A calendar day, which no time zone moves. */
export function day(text: string): string {
  const at = new Date(`${text}T12:00:00Z`);
  return Number.isNaN(at.getTime()) ? text : at.toLocaleDateString(locale(), { dateStyle: 'medium', timeZone: 'UTC' });
}

/** So many seconds ago. */
export function age(seconds: number): string {
  if (seconds < -60) return word('age.unknown');
  if (seconds < 60) return word('age.now');
  if (seconds < 3600) return word('age.minutes', { n: Math.floor(seconds / 60) });
  if (seconds < 2 * DAY) return word('age.hours', { n: Math.floor(seconds / 3600) });
  return word('age.days', { n: Math.floor(seconds / DAY) });
}
