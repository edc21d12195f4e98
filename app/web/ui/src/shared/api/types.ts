// What the interface tells, by its own description (`gateway.d.ts` is made from it and never kept).
import type { components } from './gateway';

type Schemas = components['schemas'];

export type Words = Schemas['Words'];
export type Problem = Schemas['Problem'];
export type Me = Schemas['Me'];
export type SignOn = Schemas['SignOnRead'];
export type Token = Schemas['TokenRead'];
export type Profile = Schemas['Profile'];
export type Closing = Schemas['ProfileClosing'];
export type Line = Schemas['StreamLine'];
export type Finding = Schemas['Finding'];
export type Conflict = Schemas['ConflictRead'];
export type Hidden = Schemas['Hidden'];
export type Answer = Schemas['HeadlineAnswer'];
export type Outcome = Schemas['Outcome'];
export type Site = Schemas['SiteChoice'];
export type Resolution = Schemas['Resolution'];
export type Candidate = Schemas['CandidateRead'];
export type Task = Schemas['TaskRead'];
export type Officer = Schemas['OfficerRead'];
export type Labels = Schemas['LabelsRead'];
export type InspectionWrite = Schemas['InspectionWrite'];
export type Inspection = Schemas['InspectionRead'];
export type WriteBack = Schemas['WriteBackRead'];
export type Question = keyof Schemas['Headline'];

/** A department's part; its data by field. */
export type Section = Omit<Schemas['CommonRecordSection'], 'data'> & { data?: Record<string, unknown> | null };

// What the console reads beside it.
export type AdapterRead = Schemas['AdapterRead'];
export type AdapterMove = Schemas['AdapterMoveRead'];
export type AdapterImpact = Schemas['AdapterImpact'];
export type MeasurementRead = Schemas['MeasurementRead'];
export type SavedFilter = Schemas['SavedFilterRead'];
export type Operation = Schemas['OperationRead'];
export type PreviewRead = Schemas['PreviewRead'];
export type FieldRead = Schemas['FieldRead'];
export type Agreement = Schemas['AgreementRead'];
export type AgreementDiff = Schemas['AgreementDiff'];
export type Clauses = Schemas['Clauses'];
export type Meter = Schemas['MeterRead'];
export type Explanation = Schemas['Explanation'];
export type Delivery = Schemas['DeliveryRead'];
export type Notice = Schemas['NoticeRead'];
export type Job = Schemas['JobRead'];
export type PersonRead = Schemas['PersonRead'];
export type OneTimeCode = Schemas['OneTimeCodeRead'];
export type ImportRead = Schemas['ImportRead'];
export type ImportDone = Schemas['ImportDone'];
export type Unit = Schemas['UnitRead'];
export type AuditEvent = Schemas['AuditEventRead'];
export type AuditEntry = Schemas['AuditEntryRead'];
export type PurposeCode = Schemas['TaskCreate']['purpose'];
export type SectionKind = Schemas['SectionKindRead'];
