// A result as text, to be passed on: what it is about, the three answers, what needs attention, and of when it is. No person's name, number or address.
import { colon, say, word, wordOf, type Word } from '../../shared/words';
import { instant } from '../../shared/words/times';
import { counts, isWhole, QUESTIONS, type Lookup } from './lookup';

export function shareText(of: Lookup, name: string, link: string): string {
  const found = counts(of);
  const answers = QUESTIONS.map((question) => {
    const answer = of.headline[question]?.answer ?? 'unknown';
    return `${word(question as Word)}${colon()}${wordOf(answer === 'yes' || answer === 'no' ? question : 'answer', answer, 'answer.unknown')}`;
  });
  const findings = (of.closing?.findings ?? []).map((one) => `- ${say(one.text)}`);
  return [
    `${name} ${of.asked.id}`.trim(),
    `${word('purpose.label')}${colon()}${wordOf('purpose', of.asked.purpose, 'purpose.other')}`,
    ...(of.asked.site ? [word('profile.siteNow', { name: of.asked.site })] : []),
    ...answers,
    ...(isWhole(of) ? findings : [word('profile.findingsUnknown'), ...findings]),
    `${word('profile.back', { n: found.back, m: found.asked })} · ${instant(of.closing?.generated_at)}`,
    link,
  ].join('\n');
}
