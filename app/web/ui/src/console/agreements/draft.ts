// A draft's clauses as the interface takes them. Pure.
import type { Clauses } from '../../shared/api/types';
import type { Text } from '../words';

export const PURPOSES = ['inspection', 'patrol', 'joint_operation', 'complaint_handling', 'emergency', 'supervision'] as const;

export interface Section { section: string; fields?: string[] | null }

/** The day of this device, not of Greenwich. */
export function today(now = new Date()): string { return `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, '0')}-${String(now.getDate()).padStart(2, '0')}`; }

export interface Draft {
  agreement_id: string; source_unit: string; coordinator_unit: string; application_unit: string; purposes: string[]; legal_basis: string; section: string; fields: string[]; allFields: boolean;
  strictest_class: number; valid_from: string; valid_to: string; daily_quota: number | null; security_responsible: string;
  /** Clauses of the version before that the form has no field for; `more`: its further sections. */
  rest: Record<string, unknown>;
}

export function clausesOf(draft: Draft): Clauses {
  const { more, ...rest } = draft.rest;
  const first = draft.section ? [{ section: draft.section, fields: draft.allFields ? null : [...draft.fields] }] : [];
  const sections: Section[] = [...first, ...(Array.isArray(more) ? more as Section[] : [])];
  return {
    ...rest, purposes: [...draft.purposes], legal_basis: draft.legal_basis.trim(), sections: sections.length ? sections : null, strictest_class: draft.strictest_class,
    valid_from: draft.valid_from, valid_to: draft.valid_to || null, daily_quota: typeof draft.daily_quota === 'number' ? draft.daily_quota : null, security_responsible: draft.security_responsible.trim(),
  } as Clauses;
}

/** What is missing yet, as words; null: nothing. */
export function lacking(draft: Draft, isRevision: boolean, fieldsKnown = true): Text | null {
  const more = draft.rest['more'];
  if (!isRevision && !draft.agreement_id.trim()) return 'draft.lacksId';
  if (!isRevision && (!draft.source_unit || !draft.coordinator_unit)) return 'draft.lacksParties';
  if (!draft.purposes.length) return 'draft.lacksPurpose';
  if (!draft.legal_basis.trim()) return 'draft.lacksBasis';
  if (!draft.section && Array.isArray(more) && more.length) return 'draft.lacksSection';
  if (draft.section && !draft.allFields && !draft.fields.length) return fieldsKnown ? 'draft.lacksFields' : 'draft.lacksList';
  return draft.security_responsible.trim() ? null : 'draft.lacksResponsible';
}
