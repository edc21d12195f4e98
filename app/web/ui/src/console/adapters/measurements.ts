// Which answers give an inspector what the department holds. Pure.
import type { MeasurementRead } from '../../shared/api/types';

const USABLE = new Set(['fresh', 'cached', 'not_found', 'not_applicable']);

export function askedOf(one: MeasurementRead): number { return Object.values(one.outcomes).reduce((all, n) => all + n, 0); }
export function usableOf(one: MeasurementRead): number { return Object.entries(one.outcomes).reduce((all, [outcome, n]) => all + (USABLE.has(outcome) ? n : 0), 0); }
