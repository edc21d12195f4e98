// A column of a table: its key names the slot that draws a cell otherwise than as text.
export interface Column<Row> {
  key: string;
  title: string;
  of?: (row: Row) => string | number | null | undefined;
  kind?: 'number' | 'mono' | 'wide' | 'act' | 'time';
  /** May be left out by whoever looks; `asked`: is left out until somebody wants it. */
  optional?: boolean | 'asked';
}
