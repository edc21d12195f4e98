// A result as text, to be passed on: what the three answers are and what needs attention. No person's name, number or address.
import { say, word, wordOf, type Word } from '../../shared/words';
import { instant } from '../../shared/words/times';
import { counts, QUESTIONS, type Lookup } from './lookup';

export function shareText(of: Lookup, name: string, link: string): string {
  const found = counts(of);
  const answers = QUESTIONS.map((question) => {
    const answer = of.headline[question]?.answer ?? 'unknown';
    return `${word(question as Word)}: ${wordOf(answer === 'yes' || answer === 'no' ? question : 'answer', answer, 'answer.unknown')}`;
  });
  const findings = (of.closing?.findings ?? []).map((one) => `- ${say(one.text)}`);
  return [
    `${name} ${of.asked.id}`.trim(), ...answers, ...findings,
    `${word('profile.back', { n: found.back, m: found.asked })} · ${instant(of.closing?.generated_at)}`, link,
  ].join('\n');
}
