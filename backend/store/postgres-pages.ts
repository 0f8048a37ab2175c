/** Rows of PostgreSQL a page at a time, so that no answer is larger than memory. */
import type { Queryable } from "../registry/postgres-database.js";

/** Rows that are read at once. */
export const PAGE = 256;

/** Rows in the order of `at`, a page at a time. */
export async function* pages<Row extends { readonly at: unknown }, Item>(
  database: Queryable,
  text: string,
  first: unknown,
  toItem: (row: Row) => Item,
  more: readonly unknown[] = [],
): AsyncGenerator<Item> {
  for (let from = first; ; ) {
    const rows = await database.query<Row>(text, [from, PAGE, ...more]);
    for (const row of rows) yield toItem(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    from = last.at;
  }
}
